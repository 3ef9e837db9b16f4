/** What became of the reports sent from this phone: the server's answer may come when no page waits for it. */
import { shallowRef } from "vue";
import type { IntakeView } from "@/api/schema";
import { i18n } from "@/i18n";
import { nowMs } from "@/live/clock";
import { done } from "@/parts/toast";
import { keep, recall } from "./memory";
import { placeOf } from "./merging";
import { onSent } from "./runner";

const NAME = "reports.sent";
const MOST = 20;
/** Raised whenever the list has changed. */
export const sentChanges = shallowRef(0);

export function sentReports(user: string): readonly IntakeView[] {
  return recall<readonly IntakeView[]>(user, NAME)?.value ?? [];
}

/** An edit that was merged while no page of it was open: whoever made it hears of it. */
onSent((entry, answer) => {
  const moved = entry.method === "PATCH" && typeof answer === "object" && answer !== null && "meanwhile" in answer ? answer.meanwhile : [];
  if (Array.isArray(moved) && moved.length > 0) done(i18n.global.t("merge.mergedToast", { name: placeOf(entry.lane).name || i18n.global.t("merge.handling") }));
});

onSent((entry, answer) => {
  if (entry.action !== "report" || answer === null) return;
  const one = answer as IntakeView;
  keep(entry.user, NAME, [one, ...sentReports(entry.user).filter((known) => known.id !== one.id)].slice(0, MOST), nowMs());
  sentChanges.value += 1;
});
