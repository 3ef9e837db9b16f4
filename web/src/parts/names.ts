/** Names that travel, as types and in order. */
import type { AlarmSummary, FacilitySummary, LatestValue, TaskSummary } from "@/api/schema";

export type SeverityName = AlarmSummary["severity"];
export type HealthName = FacilitySummary["health"];
export type QualityName = LatestValue["quality"];
export type LightName = TaskSummary["deadline"]["light"];

export const SEVERITIES: readonly SeverityName[] = ["critical", "high", "medium", "low", "info"];
export const HEALTHS: readonly HealthName[] = ["fault", "attention", "unseen", "ok"];

const RANK: Record<SeverityName, number> = { critical: 4, high: 3, medium: 2, low: 1, info: 0 };

/** 0 for info to 4 for critical. */
export function severityRank(severity: SeverityName): number {
  return RANK[severity];
}

export function worse(a: SeverityName, b: SeverityName): number {
  return RANK[b] - RANK[a];
}
