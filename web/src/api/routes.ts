/** The server's routes as functions. Types come from its OpenAPI document (`npm run types`). */
import { call, save } from "./client";
import type {
  RulingRequest,
  LogAnswerView,
  OwnIntake,
  OwnTask,
  ReferralAnswer,
  IntakeView,
  HandedDownRequest,
  DepartmentList,
  BurdenReport,
  AlarmDetail,
  AlarmPerformance,
  AlarmFolding,
  AlarmSummary,
  Backtest,
  BacktestQuestion,
  AlarmTally,
  CalendarYear,
  CaseDetail,
  CaseSummary,
  ChannelAttempt,
  ChannelList,
  ClassList,
  CommunityChanges,
  CommunityDetail,
  CommunityList,
  Completeness,
  ConfigurationDetail,
  ConfigurationList,
  EventList,
  EvidenceFile,
  FalseAlarmReview,
  FacilityDetail,
  FacilityRecord,
  FacilitySummary,
  FlagDetail,
  FlagKind,
  FlagScope,
  FlagView,
  GatewayLedger,
  GatewayList,
  Health,
  KnownCases,
  History as PointHistory,
  Limits,
  Me,
  NotificationPreference,
  NotificationWish,
  Receivers,
  RecurringFaults,
  RuleDetail,
  RuleDraft,
  RuleForm,
  RuleFacilities,
  RuleList,
  RuleMoment,
  RulePreview,
  RuleSaved,
  RuleTemplate,
  RuleTrial,
  RuleWords,
  SetupState,
  SourceKind,
  TaskAction,
  TaskDetail,
  TaskSummary,
  ToldMessages,
  UndeliveredList,
  EnrolledGateway,
  EnrolmentRequest,
  UnknownGateways,
} from "./schema";

export interface PageOf<T> {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
}

type Signal = { readonly signal?: AbortSignal };

export const getSetup = (): Promise<SetupState> => call("/setup");
export const postSetup = (body: {
  setup_code: string;
  username: string;
  password: string;
  language: string;
}): Promise<Me> => call("/setup", { method: "POST", body });

export const getSession = (timeoutMs?: number): Promise<Me> => call("/session", { timeoutMs });
export const postSession = (body: { username: string; password: string }): Promise<Me> =>
  call("/session", { method: "POST", body });
export const deleteSession = (): Promise<void> => call("/session", { method: "DELETE" });
export const patchSession = (body: { language: string }): Promise<Me> => call("/session", { method: "PATCH", body });
export const postPassword = (body: { current_password: string; new_password: string }): Promise<Me> =>
  call("/session/password", { method: "POST", body });

export const getCommunities = ({ signal }: Signal = {}): Promise<CommunityList> => call("/communities", { signal });
/** What the last 24 hours changed. */
export const getChanges = ({ signal }: Signal = {}): Promise<CommunityChanges> => call("/community-changes", { signal });
export const getCommunity = (id: number, { signal }: Signal = {}): Promise<CommunityDetail> =>
  call(`/communities/${id}`, { signal });

export interface FacilityQuery {
  readonly community?: number;
  readonly class?: string;
  readonly health?: string;
  readonly q?: string;
  /** Of these alone, 200 at most. */
  readonly id?: readonly string[];
  readonly cursor?: string;
  readonly limit?: number;
}
export const getFacilities = (query: FacilityQuery, { signal }: Signal = {}): Promise<PageOf<FacilitySummary>> =>
  call("/facilities", { query: { ...query }, signal });
const AT_ONCE = 200;
/** Facilities by their numbers, 200 with each call; those that are not in sight are left out, as is what could not be read. */
export async function getFacilitiesOf(numbers: readonly number[]): Promise<readonly FacilitySummary[]> {
  const parts = Array.from({ length: Math.ceil(numbers.length / AT_ONCE) }, (_, at) => numbers.slice(at * AT_ONCE, (at + 1) * AT_ONCE).map(String));
  const answers = await Promise.allSettled(parts.map((id) => getFacilities({ id, limit: AT_ONCE })));
  return answers.flatMap((one) => (one.status === "fulfilled" ? one.value.items : []));
}
export type SeriesForm = "csv" | "parquet" | "xlsx";
export interface SeriesQuery {
  readonly facility: number;
  readonly from_ms: number;
  readonly to_ms: number;
  /** Of the roll-ups; 0: every reading. */
  readonly step_ms: number;
  readonly language: string;
}
/** Readings or roll-ups of a facility, offered as a file; a long time takes its time. */
export const saveSeries = (form: SeriesForm, query: SeriesQuery): Promise<void> =>
  save(`/series/export/${form}`, `series-${query.facility}-${new Date(query.from_ms).toISOString().slice(0, 10)}.${form}`, {
    query: { ...query },
    timeoutMs: 600_000,
  });
export const getFacility = (id: number, { signal }: Signal = {}): Promise<FacilityDetail> =>
  call(`/facilities/${id}`, { signal });
export const getFacilityRecord = (id: number, { signal }: Signal = {}): Promise<FacilityRecord> =>
  call(`/facilities/${id}/record`, { signal });
export const getCompleteness = (community: number, { signal }: Signal = {}): Promise<Completeness> =>
  call(`/communities/${community}/completeness`, { signal });
export const getClasses = ({ signal }: Signal = {}): Promise<ClassList> => call("/classes", { signal });
export const getHistory = (
  point: number,
  query: { from_ms: number; to_ms: number; max_points: number },
  { signal }: Signal = {},
): Promise<PointHistory> => call(`/points/${point}/history`, { query, signal });

export interface AlarmQuery {
  readonly community?: number;
  readonly facility?: number;
  /** This severity or worse. */
  readonly severity?: string;
  readonly state?: readonly string[];
  readonly active?: boolean;
  /** Only those that ask for somebody's attention. */
  readonly attention?: boolean;
  /** Under a flag of this kind. */
  readonly flag?: FlagKind;
  /** Under any flag, or under none. */
  readonly silent?: boolean;
  /** Whose interval touches this time. */
  readonly from_ms?: number;
  readonly to_ms?: number;
  readonly cursor?: string;
  readonly limit?: number;
}
export const getAlarms = (query: AlarmQuery, { signal }: Signal = {}): Promise<PageOf<AlarmSummary>> =>
  call("/alarms", { query: { ...query }, signal });

export const getAlarmPerformance = (
  query: { readonly from_ms?: number; readonly to_ms?: number; readonly community?: number },
  { signal }: Signal = {},
): Promise<AlarmPerformance> => call("/alarm-performance", { query: { ...query }, signal });

const alarmPath = (id: string, step = ""): string => `/alarms/${encodeURIComponent(id)}${step}`;
export const getAlarm = (id: string, { signal }: Signal = {}): Promise<AlarmDetail> => call(alarmPath(id), { signal });
export const getFolding = (id: string, { signal }: Signal = {}): Promise<AlarmFolding> =>
  call(alarmPath(id, "/folding"), { signal });
export const acknowledge = (id: string, note = ""): Promise<AlarmDetail> =>
  call(alarmPath(id, "/acknowledge"), { method: "POST", body: { note } });
export const resetAlarm = (id: string, note = ""): Promise<AlarmDetail> =>
  call(alarmPath(id, "/reset"), { method: "POST", body: { note } });
export const shelve = (id: string, body: { minutes: number; reason: string; scope: "alarm" | "rule" }): Promise<AlarmDetail> =>
  call(alarmPath(id, "/shelve"), { method: "POST", body });
export const unshelve = (id: string): Promise<AlarmDetail> => call(alarmPath(id, "/unshelve"), { method: "POST" });
export const commentOn = (id: string, text: string): Promise<AlarmDetail> =>
  call(alarmPath(id, "/comments"), { method: "POST", body: { text } });
export const takeAlarmOut = (id: string, body: { until_ms: number; reason: string; scope: FlagScope }): Promise<AlarmDetail> =>
  call(alarmPath(id, "/out-of-service"), { method: "POST", body });
export const getEvidence = (id: string, { signal }: Signal = {}): Promise<EvidenceFile> =>
  call(alarmPath(id, "/evidence"), { signal });
export const getAlarmCounts = (query: { community?: number; severity?: string }, { signal }: Signal = {}): Promise<AlarmTally> =>
  call("/alarm-counts", { query, signal });

export const getFlags = (
  query: { community?: number; facility?: number; kind?: FlagKind; limit?: number },
  { signal }: Signal = {},
): Promise<PageOf<FlagView>> => call("/flags", { query, signal });
export const takeFacilityOut = (facility: number, body: { until_ms: number; reason: string }): Promise<FlagView> =>
  call(`/facilities/${facility}/out-of-service`, { method: "POST", body });
export const extendFlag = (flag: number, body: { until_ms: number; reason: string }): Promise<FlagDetail> =>
  call(`/flags/${flag}/extend`, { method: "POST", body });
export const returnFlag = (flag: number, reason = ""): Promise<FlagDetail> =>
  call(`/flags/${flag}/return`, { method: "POST", body: { reason } });

export const getCases = (
  query: {
    open?: boolean;
    overdue?: boolean;
    community?: number;
    facility?: number;
    cursor?: string;
    limit?: number;
  },
  { signal }: Signal = {},
): Promise<PageOf<CaseSummary>> => call("/cases", { query, signal });
export const getCase = (id: number, { signal }: Signal = {}): Promise<CaseDetail> => call(`/cases/${id}`, { signal });

export const mergeCase = (id: number, body: { into: number; reason: string }): Promise<CaseDetail> =>
  call(`/cases/${id}/merge`, { method: "POST", body });
export const unmergeCase = (id: number, body: { reason: string }): Promise<CaseDetail> =>
  call(`/cases/${id}/unmerge`, { method: "POST", body });
export const decideLasting = (facility: number, body: { family: string; accept: boolean; reason: string; project?: number | null }): Promise<RecurringFaults> =>
  call(`/facilities/${facility}/lasting-repair`, { method: "POST", body });
export const getLimits = ({ signal }: Signal = {}): Promise<Limits> => call("/limits", { signal });
export const getRecurringFaults = (query: { community?: number }, { signal }: Signal = {}): Promise<RecurringFaults> =>
  call("/recurring-faults", { query, signal });
export const getFalseAlarms = (
  query: { readonly from_ms?: number; readonly to_ms?: number; readonly community?: number },
  { signal }: Signal = {},
): Promise<FalseAlarmReview> => call("/false-alarms", { query: { ...query }, signal });

export const getEvents = (query: { readonly source: SourceKind; readonly facility?: number }, { signal }: Signal = {}): Promise<EventList> =>
  call("/events", { query: { ...query }, signal });
export const getIntakes = (
  query: { readonly verdict?: IntakeView["verdict"]; readonly source?: SourceKind; readonly community?: number; readonly department?: string; readonly referred?: string; readonly cursor?: string; readonly limit?: number },
  { signal }: Signal = {},
): Promise<PageOf<IntakeView>> => call("/intakes", { query: { ...query }, signal });
export const ruleIntake = (id: number, body: RulingRequest): Promise<IntakeView> => call(`/intakes/${id}/ruling`, { method: "POST", body });
export const handDown = (body: HandedDownRequest, key: string): Promise<IntakeView> =>
  call("/handed-down", { method: "POST", body, headers: { "idempotency-key": key } });
export const getOwnEvents = (source: "department" | "inspection", { signal }: Signal = {}): Promise<EventList> => call("/department/events", { query: { source }, signal });
export const getOwnIntakes = (query: { readonly show: "handed" | "referred"; readonly community?: number; readonly cursor?: string; readonly limit?: number }, { signal }: Signal = {}): Promise<PageOf<OwnIntake>> =>
  call("/department/intakes", { query: { ...query }, signal });
export const handDownOwn = (body: OwnTask, key: string): Promise<OwnIntake> => call("/department/handed-down", { method: "POST", body, headers: { "idempotency-key": key } });
export const answerReferral = (id: number, body: ReferralAnswer): Promise<OwnIntake> => call(`/department/intakes/${id}/referral`, { method: "POST", body });
export const getOwnBurden = (query: { readonly from_ms: number; readonly to_ms: number }, { signal }: Signal = {}): Promise<BurdenReport> => call("/department/burden", { query: { ...query }, signal });
export const getDepartments = ({ signal }: Signal = {}): Promise<DepartmentList> => call("/departments", { signal });
export const getBurden = (query: { readonly community?: number; readonly from_ms: number; readonly to_ms: number }, { signal }: Signal = {}): Promise<BurdenReport> =>
  call("/burden", { query: { ...query }, signal });
export const getCaseLog = (community: number, query: { readonly from_ms: number; readonly to_ms: number }, { signal }: Signal = {}): Promise<LogAnswerView> =>
  call(`/communities/${community}/case-log`, { query: { ...query }, signal });
export interface KnownQuery {
  readonly event: string;
  readonly source?: SourceKind;
  readonly facility?: number;
  readonly community?: number;
  readonly longitude?: number;
  readonly latitude?: number;
}
export const findKnownCases = (query: KnownQuery, { signal }: Signal = {}): Promise<KnownCases> =>
  call("/known-cases", { query: { ...query }, signal });

export const getMyTasks = ({ signal }: Signal = {}): Promise<PageOf<TaskSummary>> =>
  call("/tasks", { query: { mine: true }, signal });
export const getOpenTasks = ({ signal }: Signal = {}): Promise<PageOf<TaskSummary>> =>
  call("/tasks", { query: { open: true, limit: 200 }, signal });
export const getTask = (id: number, { signal }: Signal = {}): Promise<TaskDetail> => call(`/tasks/${id}`, { signal });
export const getReceivers = (id: number, { signal }: Signal = {}): Promise<Receivers> => call(`/tasks/${id}/receivers`, { signal });
/** Where an action of a task is posted; the outbox sends it. */
export const taskActionPath = (id: number, action: TaskAction): string => `/tasks/${id}/${action}`;

export const getChannels = ({ signal }: Signal = {}): Promise<ChannelList> => call("/notifications/channels", { signal });
/** What I was told, newest first, with the tests that I sent. */
export const getMyMessages = ({ signal }: Signal = {}): Promise<ToldMessages> => call("/notifications/mine", { signal });
export const getUndelivered = ({ signal }: Signal = {}): Promise<UndeliveredList> => call("/notifications/undelivered", { signal });
export const testChannel = (name: string): Promise<ChannelAttempt> =>
  call(`/notifications/channels/${encodeURIComponent(name)}/test`, { method: "POST", timeoutMs: 70_000 });
export const retryNotification = (id: number): Promise<void> => call(`/notifications/undelivered/${id}/again`, { method: "POST" });
export const dismissNotification = (id: number): Promise<void> => call(`/notifications/undelivered/${id}/dismiss`, { method: "POST" });
export const getNotificationPreference = ({ signal }: Signal = {}): Promise<NotificationPreference> =>
  call("/notifications/preference", { signal });
export const putNotificationPreference = (body: NotificationWish): Promise<NotificationPreference> =>
  call("/notifications/preference", { method: "PUT", body });

export const getGateways = ({ signal }: Signal = {}): Promise<GatewayList> => call("/gateways", { signal });
export const getUnknownGateways = ({ signal }: Signal = {}): Promise<UnknownGateways> => call("/unknown-gateways", { signal });
export const enrolGateway = (body: EnrolmentRequest): Promise<EnrolledGateway> => call("/gateways", { method: "POST", body });
/** Of the time since `fromMs` until now. */
export const getGatewayLedger = (gateway: number, fromMs: number, { signal }: Signal = {}): Promise<GatewayLedger> =>
  call(`/gateways/${gateway}/ledger`, { query: { from_ms: fromMs }, signal });
const configurationPath = (gateway: number, rest = ""): string => `/gateways/${gateway}/configurations${rest}`;
export const getConfigurations = (gateway: number, { signal }: Signal = {}): Promise<ConfigurationList> =>
  call(configurationPath(gateway), { signal });
export const getConfiguration = (gateway: number, version: number): Promise<ConfigurationDetail> =>
  call(configurationPath(gateway, `/${version}`));
export const postConfiguration = (gateway: number, body: { text: string; note: string }): Promise<ConfigurationDetail> =>
  call(configurationPath(gateway), { method: "POST", body });
export const pushConfiguration = (gateway: number, version: number): Promise<ConfigurationDetail> =>
  call(configurationPath(gateway, `/${version}/push`), { method: "POST" });
export const getHealth = ({ signal }: Signal = {}): Promise<Health> => call("/health", { signal });

/** The report of a backtest, as `twingrid rule backtest --json` prints it; what the page shows of it. */
export interface BacktestReport {
  readonly complete: boolean;
  readonly holds: { readonly from_ms: number; readonly until_ms: number };
  readonly assumed: { readonly accept_min: number; readonly work_min: number };
  readonly alarms: { readonly total: number; readonly without_case: number };
  readonly cases: Readonly<Record<"total" | "at_night" | "off_hours" | "short" | "self_cleared" | "proven" | "reworks", number>>;
  readonly tasks: Readonly<Record<"bound_a_day" | "bound_an_hour", number>>;
  readonly by_cell: readonly (Readonly<Record<"cases" | "at_night" | "short", number>> & { readonly cell: string; readonly name: Both })[];
  readonly by_worker: readonly (Readonly<
    Record<"tasks" | "most_a_day" | "most_an_hour" | "days_over" | "hours_over" | "at_night", number>
  > & { readonly code: string; readonly name: Both })[];
  readonly by_hour: readonly number[];
  readonly edit: {
    readonly alarms: Readonly<Record<"changed" | "added" | "gone", number>>;
    readonly cases_before: number;
    readonly cases_after: number;
  } | null;
  readonly happened: { readonly alarms: number; readonly cases: number } | null;
}
type Both = { readonly zh: string; readonly en: string };
const backtestPath = (id: string, step = ""): string => `/backtests/${encodeURIComponent(id)}${step}`;
export const postBacktest = (body: Partial<BacktestQuestion> & Pick<BacktestQuestion, "from_ms" | "to_ms">): Promise<Backtest> =>
  call("/backtests", { method: "POST", body });
export const getBacktest = (id: string, { signal }: Signal = {}): Promise<Backtest> => call(backtestPath(id), { signal });
export const stopBacktest = (id: string): Promise<Backtest> => call(backtestPath(id, "/stop"), { method: "POST" });

const rulePath = (id: string, step = ""): string => `/rules/${encodeURIComponent(id)}${step}`;
export const getRules = ({ signal }: Signal = {}): Promise<RuleList> => call("/rules", { signal });
export const getRule = (id: string, { signal }: Signal = {}): Promise<RuleDetail> => call(rulePath(id), { signal });
export const getRuleTemplate = (classId: string): Promise<RuleTemplate> => call(`/rules/template/${encodeURIComponent(classId)}`);
export const getRuleWords = (classId: string, { signal }: Signal = {}): Promise<RuleWords> =>
  call(`/rules/words/${encodeURIComponent(classId)}`, { signal });
export const draftRule = (
  body: { readonly text: string; readonly form?: RuleForm; readonly rule?: string; readonly member?: string },
  { signal }: Signal = {},
): Promise<RuleDraft> => call("/rules/draft", { method: "POST", body, signal });
export const previewRule = (body: { readonly text: string; readonly facility?: number; readonly member?: string }, { signal }: Signal = {}): Promise<RulePreview> =>
  call("/rules/preview", { method: "POST", body, signal, timeoutMs: 60_000 });
export const tryRule = (body: { readonly text: string }, { signal }: Signal = {}): Promise<RuleTrial> =>
  call("/rules/trial", { method: "POST", body, signal, timeoutMs: 60_000 });
export const explainRule = (
  body: { readonly rule: string; readonly text: string; readonly facility: number; readonly at_ms?: number },
  { signal }: Signal = {},
): Promise<RuleMoment> => call("/rules/explain", { method: "POST", body, signal, timeoutMs: 60_000 });
export const getRuleFacilities = (classId: string, q: string, { signal }: Signal = {}): Promise<RuleFacilities> =>
  call(`/rules/facilities/${encodeURIComponent(classId)}`, { query: { q }, signal });
export const getCalendar = (year: number, { signal }: Signal = {}): Promise<CalendarYear> => call(`/rules/calendar/${year}`, { signal });
export const putRule = (id: string, body: { readonly text: string; readonly base: string; readonly note: string }): Promise<RuleSaved> =>
  call(rulePath(id), { method: "PUT", body });
export const postRule = (body: { readonly text: string; readonly note: string }): Promise<RuleSaved> =>
  call("/rules", { method: "POST", body });
export const removeRule = (id: string, body: { readonly base: string; readonly note: string }): Promise<RuleSaved> =>
  call(rulePath(id, "/remove"), { method: "POST", body });
