/** What the pages ask of an alarm's state, said once. */
import type { AlarmSummary } from "@/api/schema";

/** Nobody has seen it yet. */
export const UNSEEN = ["unacknowledged", "returned_unacknowledged", "latched_unacknowledged"] as const;
const unseen: ReadonlySet<string> = new Set(UNSEEN);

/** Whether some flag keeps it silent. */
export const isSilent = (alarm: AlarmSummary): boolean => alarm.shelved !== null || alarm.suppressed || alarm.out_of_service;

/** Whether it waits for somebody to acknowledge it. */
export const waits = (alarm: AlarmSummary): boolean => unseen.has(alarm.state) && !isSilent(alarm) && !alarm.retracted;
