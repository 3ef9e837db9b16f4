/** What the office asks the server for: evaluation, money, preventive plans. */
import { address, call } from "./client";
import type {
  CaseEvaluation,
  CostBooks,
  DoneForm,
  DoneWorks,
  DueWorks,
  Entry,
  EntryForm,
  FacilityCosts,
  FundsWarnings,
  Ledger,
  PlanDetail,
  PlanForm,
  Plans,
  ProjectDetail,
  ProjectForm,
  Projects,
  Renewals,
} from "./schema";

type Signal = { readonly signal?: AbortSignal };
type Where = { readonly community?: number };

export interface EvaluationQuery extends Where {
  readonly from_ms?: number;
  readonly to_ms?: number;
}
export const getEvaluation = (query: EvaluationQuery, { signal }: Signal = {}): Promise<CaseEvaluation> =>
  call("/evaluation", { query: { ...query }, signal, timeoutMs: 60_000 });
/** Address of the same as a file. */
export const evaluationFile = (kind: "xlsx" | "pdf", language: string, query: EvaluationQuery): string =>
  address(`/evaluation.${kind}`, { language, ...query });

export const getProjects = (query: Where, { signal }: Signal = {}): Promise<Projects> => call("/projects", { query: { ...query }, signal });
export const postProject = (body: ProjectForm): Promise<ProjectDetail> => call("/projects", { method: "POST", body });
export const putProject = (id: number, body: ProjectForm): Promise<ProjectDetail> => call(`/projects/${id}`, { method: "PUT", body });
export const getLedger = (id: number, { signal }: Signal = {}): Promise<Ledger> => call(`/projects/${id}/ledger`, { signal });
/** The same key again answers as the first time: money whose answer got lost counts once. */
export const postEntry = (id: number, body: EntryForm, key: string): Promise<Entry> => call(`/projects/${id}/ledger`, { method: "POST", body, headers: { "Idempotency-Key": key } });
export const getCostBooks = (query: EvaluationQuery, { signal }: Signal = {}): Promise<CostBooks> =>
  call("/cost-books", { query: { ...query }, signal });
export const getFacilityCosts = (facility: number, { signal }: Signal = {}): Promise<FacilityCosts> => call(`/facilities/${facility}/costs`, { signal });
export const getFundsWarnings = (query: Where & { readonly limit?: number }, { signal }: Signal = {}): Promise<FundsWarnings> =>
  call("/funds-warnings", { query: { ...query }, signal, timeoutMs: 60_000 });
export const getRenewals = (query: Where & { readonly limit?: number }, { signal }: Signal = {}): Promise<Renewals> =>
  call("/renewals", { query: { ...query }, signal, timeoutMs: 60_000 });

export const getPlans = ({ signal }: Signal = {}): Promise<Plans> => call("/plans", { signal });
export const postPlan = (body: PlanForm): Promise<PlanDetail> => call("/plans", { method: "POST", body });
export const putPlan = (id: number, body: PlanForm): Promise<PlanDetail> => call(`/plans/${id}`, { method: "PUT", body });
export const getDueWork = (query: Where & { readonly plan?: number; readonly limit?: number }, { signal }: Signal = {}): Promise<DueWorks> =>
  call("/due-work", { query: { ...query }, signal, timeoutMs: 60_000 });
export const getDoneWork = (query: Where & { readonly plan?: number; readonly limit?: number }, { signal }: Signal = {}): Promise<DoneWorks> =>
  call("/done-work", { query: { ...query }, signal });
export const writeDownWork = (plan: number, body: DoneForm): Promise<void> => call(`/plans/${plan}/done`, { method: "POST", body });
