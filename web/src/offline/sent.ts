/** What became of the reports sent from this phone: the server's answer may come when no page waits for it. */
import { shallowRef } from "vue";
import type { IntakeView } from "@/api/schema";
import { nowMs } from "@/live/clock";
import { keep, recall } from "./memory";
import { onSent } from "./runner";

const NAME = "reports.sent";
const MOST = 20;
/** Raised whenever the list has changed. */
export const sentChanges = shallowRef(0);

export function sentReports(user: string): readonly IntakeView[] {
  return recall<readonly IntakeView[]>(user, NAME)?.value ?? [];
}

onSent((entry, answer) => {
  if (entry.action !== "report" || answer === null) return;
  const one = answer as IntakeView;
  keep(entry.user, NAME, [one, ...sentReports(entry.user).filter((known) => known.id !== one.id)].slice(0, MOST), nowMs());
  sentChanges.value += 1;
});
