/** Chinese. The other language has the same keys with the same placeholders; a test sees to it. */
import alarms from "./zh/alarms";
import calendar from "./zh/calendar";
import cases from "./zh/cases";
import department from "./zh/department";
import entry from "./zh/entry";
import equipment from "./zh/equipment";
import evaluation from "./zh/evaluation";
import first from "./zh/first";
import funds from "./zh/funds";
import gateways from "./zh/gateways";
import marks from "./zh/marks";
import merging from "./zh/merging";
import people from "./zh/people";
import places from "./zh/places";
import registry from "./zh/registry";
import reports from "./zh/reports";
import plans from "./zh/plans";
import revisits from "./zh/revisits";
import tasks from "./zh/tasks";
import tokens from "./zh/tokens";
import wall from "./zh/wall";

export default {
  ...entry,
  ...marks,
  ...places,
  ...equipment,
  ...registry,
  ...alarms,
  ...cases,
  ...tasks,
  ...people,
  ...merging,
  ...reports,
  ...department,
  ...calendar,
  ...gateways,
  ...evaluation,
  ...first,
  ...funds,
  ...plans,
  ...revisits,
  ...tokens,
  ...wall,
};
