/** How cases end, for the pages alone: an observation, reports with their cost, similar and merged cases, a fault that recurs. */
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NO_COST = { labour_min: 0, parts_fen: 0, contractor_fen: 0 };
const WHY = { zh: "期间有数次启停", en: "it runs and rests several times" };
const LI = { zh: "李维修", en: "Li Weixiu" };
const reported = new Map();
let decided = null;

const nameOf = (item, cost = NO_COST) => ({ id: item.id, code: item.code, say: item.say, facility: item.facility, state: item.state, opened_ms: item.opened_ms, cost });
const watch = (since_ms, more) => ({ state: "watching", since_ms, window_ms: 2 * HOUR, from_ms: since_ms + 60_000, seen_ms: since_ms + 30 * 60_000, until_ms: since_ms + 2 * HOUR + 60_000, ended_ms: null, moment_ms: null, alarm_id: null, why: WHY, ...more });
const sum = (reports) => reports.reduce((a, r) => ({ labour_min: a.labour_min + r.labour_min, parts_fen: a.parts_fen + r.parts.reduce((n, p) => n + Math.round(p.quantity * p.price_fen), 0), contractor_fen: a.contractor_fen + r.contractor_fen }), NO_COST);
const FIRST = { outcome: "repaired", cause: null, cause_text: "", labour_min: 90, parts: [{ name: "浮球开关", quantity: 2, price_fen: 4550 }], contractor_fen: 120_000, no_photo: "" };
const SECOND = { outcome: "false_alarm", cause: "other", cause_text: "井内漂浮物", labour_min: 20, parts: [], contractor_fen: 0, no_photo: "" };

/** With "done" on the phone. */
export function report(id, handling, me) {
  if (handling) reported.set(id, [...(reported.get(id) ?? []), { ...handling, time_ms: Date.now(), by: me.name }]);
}

/** What was reported last with a task, and its correction. */
export const handledOf = (task) => {
  const last = task.kind === "handle" ? (reported.get(task.case_id) ?? []).at(-1) : undefined;
  return last ? { ...last, may_correct: true } : null;
};
export function correct(task, { handling }) {
  const all = reported.get(task.case_id) ?? [];
  const last = all.at(-1);
  if (!last) return null;
  reported.set(task.case_id, [...all.slice(0, -1), { ...last, ...handling }]);
  return { handled: handledOf(task), meanwhile: [] };
}

/** What was said of a case instead of photos. */
export const noPhotos = (id) => (reported.get(id) ?? []).map((one) => one.no_photo);

/** What observes the case of a task: of case 4 the sensor, at its verification. */
export const observationOf = (task) => (task.kind === "verify" && task.case_id === 4 ? watch(Date.now() - 40 * 60_000) : null);

export function recurringFaults(cases) {
  const mine = cases.filter((one) => one.id <= 3);
  const named = mine.map((one) => nameOf(one, { labour_min: 70, parts_fen: 12_000, contractor_fen: 90_000 }));
  if (named.length < 3) return [];
  return [{ facility: mine[0].facility, community: mine[0].community, family: mine[0].family, say: mine[0].say, since_ms: Date.now() - 90 * DAY, cases: named, cost: { labour_min: 210, parts_fen: 36_000, contractor_fen: 270_000 }, asks: decided === null, decision: decided }];
}

/** What somebody decides about the one fault that recurs. */
export function decideLasting(body, me) {
  decided = { accepted: body.accept, time_ms: Date.now(), by: me.name, reason: body.reason, case_id: body.accept && !body.project ? 1 : null, project_id: body.accept ? (body.project ?? null) : null };
}

const SHARES = { person: 0.5, on_duty: 0.8, supervisor: 1, leads: 2 };
export const LIMITS = {
  file: "dispatch/limits.yaml", own: false, version: "9c1d0a77b2e4", rows: 25, source: { zh: "GB/T 30428.2-2013 的部件与事件分类", en: "Classes of parts and events of GB/T 30428.2-2013" },
  ladder: ["critical", "high", "medium", "low", "info"].map((severity) => ({ severity, proposed: true, steps: Object.entries(SHARES).map(([step, share]) => ({ step, share })) })),
  appeal_days: 7, appeal_proposed: true,
};

export function closureOf(item, cases) {
  const own = reported.get(item.id) ?? [];
  if (item.id !== 3) return { observation: item.id === 4 ? watch(Date.now() - 40 * 60_000) : null, reports: own, cost: sum(own), merged_into: null, merged: [], similar: [], recurring: null };
  const reports = [{ ...FIRST, time_ms: item.opened_ms + HOUR, by: LI }, { ...SECOND, time_ms: item.opened_ms + 3 * HOUR, by: LI }, ...own];
  const others = cases.filter((one) => one.id !== 3 && one.id <= 2);
  return {
    observation: watch(item.opened_ms + HOUR, { state: "returned", ended_ms: item.opened_ms + 2 * HOUR, moment_ms: item.opened_ms + 2 * HOUR, alarm_id: item.alarm.id, until_ms: null }),
    reports,
    cost: sum(reports),
    merged_into: null,
    merged: others.slice(1).map((one) => ({ case: nameOf(one), time_ms: item.opened_ms + HOUR, by: { zh: "管理者 丁", en: "Manager D" }, reason: "同一主管堵塞" })),
    similar: others.slice(0, 1).map((one) => ({ case: nameOf(one), reasons: ["parent", "near"], metres: 64.2 })),
    recurring: recurringFaults(cases)[0] ?? null,
  };
}

const falseRule = (a, at) => ({ rule_id: a.rule_id, say: a.say, handled: 9 - 3 * at, false: 5 - 3 * at, causes: at ? [{ cause: "weather", alarms: 2 }] : [{ cause: "limit_wrong", alarms: 3 }, { cause: "sensor_fault", alarms: 2 }], facilities: [{ facility: a.facility, alarms: 5 - 3 * at }], texts: at ? [] : ["雨后液位短时升高"], hold: at ? null : { seconds: 120, left: 2 }, wait: at ? null : { seconds: 60, left: 3 }, deadband: at ? null : { measurement: "level", unit: "m", width: 0.04, clear: 0.96, left: 3 } });
export function falseAlarms(alarms, from_ms) {
  return { from_ms, to_ms: Date.now(), items: alarms.filter((a) => a.kind === "condition").slice(0, 2).map(falseRule) };
}
