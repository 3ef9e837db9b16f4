/** English. The other language has the same keys with the same placeholders; a test sees to it. */
import alarms from "./en/alarms";
import calendar from "./en/calendar";
import cases from "./en/cases";
import department from "./en/department";
import entry from "./en/entry";
import equipment from "./en/equipment";
import evaluation from "./en/evaluation";
import first from "./en/first";
import funds from "./en/funds";
import gateways from "./en/gateways";
import marks from "./en/marks";
import merging from "./en/merging";
import people from "./en/people";
import places from "./en/places";
import registry from "./en/registry";
import reports from "./en/reports";
import plans from "./en/plans";
import revisits from "./en/revisits";
import tasks from "./en/tasks";
import tokens from "./en/tokens";
import wall from "./en/wall";

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
