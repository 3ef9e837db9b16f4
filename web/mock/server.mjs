/**
 * A stand-in for the server, for working on the pages alone: `npm run mock`, then `npm run dev`; or `npm run build` and open
 * the mock itself, which serves `dist` under the policy of the real server. It keeps its world in memory and forgets it.
 *
 * Logins: `admin`, `manager`, `li.wx` (maintainer), `wang.wg` (grid worker), `hb.one` (of a department), `new.one` (one-time password); password `mock-mock-1`.
 * `POST /mock/flood?n=` sends so many events, `POST /mock/cut` breaks every stream;
 * `POST /mock/alarm` raises an alarm with its task for li.wx; `POST /mock/down?on=1` makes every call fail with 503;
 * `POST /mock/hold?on=1` lets no live stream begin, as on a slow machine; both until `on=0`.
 */
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { changesOf, gridsOf } from "./wall.mjs";
import { HOUR, REASONS, cells, communities, facilities, gaps, people, points, start, text, valueAt } from "./city.mjs";
import { closureOf, correct, decideLasting, falseAlarms, handledOf, LIMITS, noPhotos, observationOf, recurringFaults, report } from "./closure.mjs";
import { equipmentRoutes } from "./equipment.mjs";
import { exchangeRoutes } from "./exchange.mjs";
import { intakeRoutes } from "./intakes.mjs";
import { documentRoutes } from "./documents.mjs";
import { photoRoutes } from "./photos.mjs";
import { notificationRoutes } from "./notifications.mjs";
import { officeRoutes, plannedOf } from "./office.mjs";
import { performanceReport } from "./performance.mjs";
import { cellShapes, completeness, importChanges, importJob, kinds, mergedRecord, record as recordOf, recordLines, registryChanges, registryRecord, staff } from "./registry.mjs";
import { revisitRoutes } from "./revisits.mjs";
import { tokenRoutes } from "./tokens.mjs";
import { ruleRoutes } from "./rules.mjs";
import { webhookRoutes } from "./webhooks.mjs";

const PORT = Number(process.env.PORT ?? 23510);
const SETUP = process.env.MOCK_SETUP === "1";
const DIST = fileURLToPath(new URL("../dist", import.meta.url));
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; worker-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const PASSWORD = "mock-mock-1";
/** How long a minute of shelving is here: a test cannot wait for a real one. */
const MINUTE_OF_SHELVES = Number(process.env.MOCK_SHELF_MINUTE_MS ?? 60_000);

const OFFICE = ["see", "registry.keep", "document.keep", "report.file", "intake.decide", "exchange.keep", "revisit.call", "alarm.acknowledge", "alarm.shelve", "alarm.measure", "alarm.out_of_service", "task.work", "task.supervise", "gateway.see", "health.see", "notification.see", "rule.see", "rule.edit", "case.evaluate", "funds.keep", "plan.keep"];
const WORK = ["see", "report.file", "alarm.acknowledge", "task.work"];
const user = (username, role, name, permissions, person, everywhere = false) => ({ username, role, name, permissions, person, everywhere, language: "zh", communities: communities.slice(0, 1).map(({ id, code, name: called }) => ({ id, code, name: called })), department: null, must_change_password: username === "new.one", expires_ms: start + 12 * HOUR });
const users = new Map([
  user("admin", "administrator", text("系统管理员", "Administrator"), [...OFFICE, "gateway.configure", "webhook.keep"], null, true),
  user("manager", "manager", text("管理者 丁", "Manager D"), OFFICE, null, true),
  user("li.wx", "maintainer", people.li.name, WORK, 1),
  user("wang.wg", "grid_worker", people.wang.name, [...WORK, "revisit.call"], 2),
  { ...user("hb.one", "department", text("科员 己", "Clerk F"), ["department.own"], null), department: text("生态环境局", "Environment bureau"), communities: communities.map(({ id, code, name: called }) => ({ id, code, name: called })) },
  user("new.one", "technician", text("调试员 戊", "Technician E"), WORK, null),
].map((one) => [one.username, one]));
const sessions = new Map();
let needsSetup = SETUP;
let down = false;

const byId = (id) => facilities.find((one) => one.id === id);
const ref = (f) => ({ id: f.id, code: f.code, name: f.name, class_id: f.class_id, class_name: f.class_name, provenance: f.provenance });
const alarms = [];
const cases = [];
const tasks = [];
let nextAlarm = 1;

function raise(facilityId, limit, age, { state = "unacknowledged", stop = null, late = false, kind = "condition", withCase = true } = {}) {
  const f = byId(facilityId);
  const alarm = { id: `mock${String(nextAlarm).padStart(6, "0")}`, kind, rule_id: limit.rule_id, say: limit.say, severity: limit.severity, worst: limit.severity, steps: [], flaps: 0, pieces: [], state, active: stop === null, facility: ref(f), community: f.community, since_ms: Date.now() - age - 30_000, start_ms: Date.now() - age, stop_ms: stop, late, retracted: false, latching: false, shelved: null, suppressed: false, out_of_service: false, case_id: null, history: [{ time_ms: Date.now() - age, what: "opened", state: "unacknowledged", by: "system", start_ms: Date.now() - age, stop_ms: null, note: "", from_state: null, by_name: text("系统", "System"), until_ms: null }] };
  nextAlarm += 1;
  alarms.unshift(alarm);
  if (withCase && kind === "condition" && ["critical", "high", "medium"].includes(alarm.severity)) openCase(alarm, f);
  return alarm;
}

/** An alarm of sight hides what stands in its community, and has taken in a point that fell silent before. */
function folding(alarm) {
  if (alarm.kind !== "sight") return { into: null, folded: [], unseen: null };
  const hidden = facilities.filter((f) => f.community.id === alarm.community.id).slice(0, 4).map(ref);
  const point = { ...bareAlarm(alarm), id: "mockfolded", say: text("液位没有读数", "No readings of level"), active: false, state: "normal", stop_ms: alarm.start_ms };
  return { into: null, folded: [point], unseen: { say: text("网关失联：设备 4 台失联", "Gateway is not heard: 4 devices unseen"), gateways: 0, devices: 4, facilities: hidden } };
}

function openCase(alarm, f) {
  const id = cases.length + 1;
  const hours = { critical: 1, high: 2, medium: 8 }[alarm.severity];
  const deadline = () => deadlineOf(alarm.start_ms, hours);
  const item = { id, code: `C-2026-${String(id).padStart(6, "0")}`, say: alarm.say, family: f.class_id, state: "dispatched", open: true, severity: alarm.severity, lead: "construction", support: "governance", facility: ref(f), community: f.community, opened_ms: alarm.start_ms + 300, changed_ms: alarm.start_ms + 300, closed_ms: null, deadline, escalated: 0, note: "", flagged: null, storm: null, extensions: 0, supervised: null, excused: false, suspended_until_ms: null, proceedings: [], alarm, history: [{ time_ms: alarm.start_ms + 300, what: "dispatch", by: text("系统", "System"), task_id: null, from_state: "filed", to_state: "dispatched", note: "" }] };
  alarm.case_id = id;
  cases.unshift(item);
  // Whoever verifies what is not urgent has no room yet: told an hour later than otherwise.
  const later = (kind, ahead) => (kind === "verify" && alarm.severity === "medium" ? Date.now() + ahead * HOUR : null);
  const task = (kind, grid, owner) => ({ id: tasks.length + 1, case_id: id, case_code: item.code, say: alarm.say, kind, grid, state: "waiting", ready: kind === "handle", severity: alarm.severity, facility: ref(f), community: f.community, cell: cells(f.community)[grid].code, owner, created_ms: item.opened_ms, changed_ms: item.opened_ms, not_before_ms: later(kind, 1), put_off_from_ms: later(kind, 0.5), suspended_until_ms: null, deadline, clock: "continuous", version: 1, case: item });
  tasks.unshift(task("handle", "construction", f.community.id === 1 ? people.li : people.chen));
  tasks.unshift(task("verify", "governance", people.wang));
}

/** A case that somebody reported: what stands where others have their alarm is no alarm. */
function openReported(f, { key, say, severity }) {
  openCase({ reported: true, rule_id: key, say, severity, start_ms: Date.now(), community: f.community, kind: "condition" }, f);
  return Object.assign(cases[0], { family: key });
}
const alarmsOf = (item) => (item.alarm.reported ? [] : [bareAlarm(item.alarm)]);

/** The clocks of a case: accepting and handling run; with a suspension behind them, and one earlier run. */
function stagesOf(item) {
  const due = item.deadline().due_ms;
  const from = item.opened_ms;
  const row = (id, stage, amount, unit, limit_ms, more) => ({ id, task_id: 1, stage, amount, unit, basis: "severity", standard: null, started_ms: from, warn_ms: from + 0.8 * (limit_ms - from), limit_ms, paused_since_ms: null, paused_ms: 0, ended_ms: null, ended_by: "", late: false, light: "green", reached: null, extended: 0, ...more });
  const standard = text("供水管道破裂：1 紧急工作时", "Water main broken: 1 urgent hour");
  return [
    row(1, "accept", 1, "work_hour", from + HOUR, { ended_ms: from + 20 * 60_000, ended_by: "assigned" }),
    row(2, "handle", 1, "work_day", due, { basis: "rule", standard, paused_ms: 2 * HOUR, extended: item.extensions, late: due < Date.now() }),
    row(3, "accept", 1, "work_hour", from + HOUR, { reached: "supervisor", late: from + HOUR < Date.now() }),
  ];
}

function deadlineOf(from, hours) {
  const due = from + hours * HOUR;
  const used = (Date.now() - from) / (hours * HOUR);
  return { due_ms: due, what: "handle", light: used >= 1 ? "red" : used >= 0.75 ? "amber" : "green", overdue: used >= 1 };
}

/** An alarm whose rule has levels: it has risen and fallen since it began, so many hours after its start. */
function graded(alarm, turns) {
  alarm.steps = [{ from_ms: alarm.start_ms, severity: alarm.severity }, ...turns.map(([severity, hours]) => ({ from_ms: alarm.start_ms + hours * HOUR, severity }))];
  alarm.worst = "medium";
  alarm.steps.slice(1).forEach(({ from_ms, severity }) => alarm.history.push({ ...alarm.history[0], time_ms: from_ms, what: severity === "medium" ? "rise" : "fall", severity }));
}

/** An alarm that flaps, of a storm: what truly held, and how many facilities its case gathers. */
function flapping(alarm) {
  Object.assign(alarm, { flaps: 20, pieces: [0, 1, 2, 3].map((n) => ({ start_ms: alarm.start_ms - (3 - n) * 1000, stop_ms: alarm.start_ms - (3 - n) * 1000 + 500 })) });
  const item = cases.find((one) => one.alarm === alarm);
  if (item) Object.assign(item, { storm: { members: 17, members_on: 12 }, say: text(`网格 wtl-c1 17 处设施：${alarm.say.zh}`, `17 facilities of cell wtl-c1: ${alarm.say.en}`) });
}

const LEVELS = {
  "iaq-co2": [
    { severity: "low", say: text("二氧化碳偏高", "CO₂ high"), when: "mean(co2) over 1 h > 1000 [ppm]", for_s: 0, clear: "mean(co2) over 1 h < 900 [ppm]", clear_for_s: 0, source: text("GB/T 18883-2022 室内空气质量标准", "GB/T 18883-2022 Standards for indoor air quality") },
    { severity: "medium", say: text("二氧化碳过高", "CO₂ very high"), when: "mean(co2) over 10 min > 1100 [ppm]", for_s: 60, clear: "mean(co2) over 10 min < 1050 [ppm]", clear_for_s: 300, source: text("本项目建议值", "proposal of the project") },
  ],
};

/** A case under supervision, with an extension granted and one that waits. */
function disputed(item) {
  const li = text("李 卫新", "Li Weixin");
  const row = (id, kind, state, more) => ({ id, task_id: 1, kind, state, by: li, reason: "", asked_ms: item.opened_ms + HOUR, wished_ms: null, granted_ms: null, level: null, due_ms: null, overdue: false, answer: "", endorsed: false, decided_ms: null, decided_by: null, ruling: "", facts: null, ...more });
  const due = item.deadline().due_ms;
  Object.assign(item, { supervised: "key", extensions: 1, proceedings: [
    row(1, "extension", "granted", { reason: "配件明早到货", wished_ms: due, granted_ms: due, decided_ms: item.opened_ms + 2 * HOUR, decided_by: text("周 班长", "Foreman Zhou"), ruling: "同意" }),
    row(2, "supervision", "standing", { by: text("总值班", "City duty"), reason: "居民多次来电", level: "key", due_ms: Date.now() + 2 * HOUR }),
    row(3, "appeal", "endorsed", { reason: "道路封闭，车辆无法进入", endorsed: true, facts: { due_ms: due, met_ms: due + HOUR, overdue: true, rejections: 1 } }),
  ] });
}

const limitOf = (pointId, n = 0) => points.get(pointId).limits[n];
raise(9, limitOf(90), 9 * HOUR, { state: "acknowledged" });
graded(raise(2, limitOf(21), 2.2 * HOUR, { withCase: false }), [["medium", 0.6], ["low", 1.5], ["medium", 1.7], ["low", 2]]);
raise(14, limitOf(140, 0), 26 * HOUR, { state: "normal", stop: Date.now() - 25 * HOUR });
raise(16, limitOf(160), 40 * 60_000, { state: "returned_unacknowledged", stop: Date.now() - 22 * 60_000, withCase: false });
raise(12, { rule_id: "sight.device", severity: "low", say: text("设备失联", "Device silent") }, 19 * 60_000, { kind: "sight" });
flapping(raise(3, limitOf(32), 6.2 * HOUR));
const disputedAlarm = raise(1, limitOf(10), 50 * 60_000);
disputed(cases.find((one) => one.alarm === disputedAlarm));
Object.assign(raise(8, { rule_id: "gas-leak", severity: "high", say: text("可燃气体浓度过高", "Combustible gas too high") }, 3 * HOUR, { state: "latched_unacknowledged", stop: Date.now() - 2 * HOUR, withCase: false }), { latching: true });

const OK = { quality: "good", reason: "", say: text("正常", "good") };
function latestOf(point, now = Date.now()) {
  const gap = (gaps.get(point.facility) ?? []).find(([from, to]) => from <= now && now < to);
  const time_ms = gap ? gap[0] : now - (now % 1000);
  const bad = gap ? { quality: "not_measured", reason: gap[3], say: REASONS[gap[3]] } : OK;
  return { time_ms, value: gap ? null : round(valueAt(point, time_ms)), text: null, ...bad, stale: gap !== undefined };
}
const round = (value) => Number(value.toPrecision(6));

function summary(f) {
  const on = alarms.filter((a) => a.facility.id === f.id && a.active && !a.retracted);
  const worst = ["critical", "high", "medium", "low", "info"].find((s) => on.some((a) => a.severity === s && a.kind === "condition")) ?? null;
  const unseen = on.some((a) => a.kind === "sight");
  const health = worst && ["critical", "high", "medium"].includes(worst) ? "fault" : worst ? "attention" : unseen ? "unseen" : "ok";
  return { ...ref(f), community: f.community, health, worst, open_alarms: on.length, open_cases: cases.filter((c) => c.facility.id === f.id && c.open).length, last_reading_ms: latestOf(f.points[0]).time_ms, provenance: f.provenance, provenance_note: f.provenance_note };
}
const bare = ({ alarm, history: _history, proceedings: _proceedings, deadline, ...rest }) => ({ ...rest, deadline: deadline() });
const bareAlarm = ({ history: _history, steps: _steps, pieces: _pieces, ...rest }) => rest;
const bareTask = ({ case: _case, deadline, ...rest }, me) => ({ ...rest, flagged: _case.flagged, deadline: deadline(), mine: rest.owner?.id === me.person });

function overview(c) {
  const mine = facilities.filter((f) => f.community.id === c.id).map(summary);
  const on = alarms.filter((a) => a.community.id === c.id && a.active && a.kind === "condition");
  const waiting = cases.filter((one) => one.community.id === c.id && one.open);
  return { ...c, facilities: { total: mine.length, healthy: mine.filter((f) => f.health === "ok").length, alarmed: mine.filter((f) => f.health === "fault" || f.health === "attention").length, unseen: mine.filter((f) => f.health === "unseen").length }, alarms: Object.fromEntries(["info", "low", "medium", "high", "critical"].map((s) => [s, on.filter((a) => a.severity === s).length])), cases: { open: waiting.length, overdue: waiting.filter((one) => one.deadline().overdue).length }, waiting_tasks: tasks.filter((t) => t.community.id === c.id && t.state === "waiting" && t.ready).length, last_reading_ms: Date.now() - 1500 };
}

function curve(point, from, to, rows) {
  const span = to - from;
  const raw = span <= rows * 10_000;
  const step = raw ? 0 : Math.ceil(span / rows / 10_000) * 10_000;
  const out = { point: point.id, unit: point.unit, from_ms: from, to_ms: to, step_ms: step, start_ms: [], min: [], mean: [], max: [], first: [], last: [], count: [], bad: [], text: {}, gaps: [], limits: point.limits };
  const holes = gaps.get(point.facility) ?? [];
  const end = Math.min(to, Date.now());
  for (let at = Math.ceil(from / (step || 10_000)) * (step || 10_000); at < end; at += step || 10_000) {
    const hole = holes.find(([a, b]) => a <= at && at < b);
    if (hole && hole[2] === "no_data") continue;
    const value = hole ? null : round(valueAt(point, at));
    const spread = raw || hole ? 0 : point.swing * 0.12;
    out.start_ms.push(at);
    out.mean.push(value);
    out.min.push(value === null ? null : round(value - spread));
    out.max.push(value === null ? null : round(value + spread));
    out.first.push(value);
    out.last.push(value);
    out.count.push(value === null ? 0 : step ? step / 10_000 : 1);
    out.bad.push(value === null ? 3 : 0);
  }
  out.gaps = holes.filter(([a, b]) => a < end && b > from).map(([a, b, kind, reason]) => ({ from_ms: Math.max(a, from), to_ms: Math.min(b, end), kind, reason, say: REASONS[reason] }));
  return out;
}

const STEP = { transfer: ["waiting", "transferred"], accept: ["accepted", "accepted"], arrive: ["on_site", "on_site"], handle: ["done", "handled"], verify: ["done", "closed"], reject: ["done", "rework"], return: ["waiting", "returned"] };
/** Whom a task may go to: one who lacks a trade, one who is away, and one who may not have it. */
const receivers = (task) => [
  { person: people.chen, open_tasks: 2, refused: null, lacks: null, on_leave: false, off_shift: false },
  { person: people.li, open_tasks: 3, refused: null, lacks: null, on_leave: false, off_shift: true },
  { person: people.wang, open_tasks: 0, refused: null, lacks: text("该维修要求“水泵”技能：网格员 甲没有登记此技能", "this repair asks for the trade “pumps”: it is not among those of Grid worker A"), on_leave: true, off_shift: true },
  { person: { id: 14, name: text("志愿者 戊", "Volunteer E") }, open_tasks: 0, refused: text("志愿者不承担维修", "a repair is never a volunteer's"), lacks: null, on_leave: false, off_shift: false },
].filter((one) => one.person.id !== task.owner?.id);
function actionsOf(task, me) {
  if (me.permissions.includes("task.supervise")) return ["waiting", "accepted", "on_site"].includes(task.state) ? ["transfer"] : [];
  if (task.owner?.id !== me.person) return [];
  if (task.state === "waiting") return task.ready ? ["accept", "return"] : [];
  if (task.state === "accepted") return ["arrive", "return"];
  if (task.state === "on_site") return task.kind === "handle" ? ["handle", "return"] : ["verify", "reject", "return"];
  return [];
}
const done = new Set();
function act(task, action, note, key, me) {
  if (!done.has(key)) {
    if (!actionsOf(task, me).includes(action)) throw problem(409, "TG-4090", "这一步现在不合适", "任务状态已变化", "请刷新后再试");
    done.add(key);
    const [state, caseState] = STEP[action];
    task.state = state;
    task.version += 1;
    task.case.state = caseState;
    if (action === "handle") tasks.find((t) => t.case_id === task.case_id && t.kind === "verify").ready = true;
    if (action === "verify") Object.assign(task.case, { open: false, closed_ms: Date.now() });
    task.case.history.push({ time_ms: Date.now(), what: action, by: me.name, task_id: task.id, from_state: "", to_state: state, note: note ?? "" });
    send("task", { id: task.id, what: action, at_ms: Date.now(), task: null });
    send("case", { id: task.case_id, what: action, at_ms: Date.now(), case: null });
  }
  return taskDetail(task, me);
}
function evidence(f) {
  return f.points.slice(0, 2).map((p) => ({ point: p.id, key: p.key, name: p.name, unit: p.unit, time_ms: Date.now(), value: round(valueAt(p, Date.now())), text: "", quality: "good", reason: "" }));
}
const rule = (alarm) => (alarm.kind === "sight" ? null : { id: alarm.rule_id, say: alarm.say, when: "level > 2.2 m", for_s: 60, clear: "level < 1.8 m", severity: alarm.severity, family: "mock", lead: "construction", support: "governance", source: text("GB 55036-2022 第 3.0.2 条", "GB 55036-2022, 3.0.2"), levels: LEVELS[alarm.rule_id] ?? [] });
const rungOf = (rung, cell, who, load, passed_over, distance_m, there_min) => ({ rung, cell, person: who, load, passed_over, distance_m, there_min });
const named = (id, zh, en) => ({ id, name: { zh, en } });
/** Whom routing looked at before the owner: a vacant post, somebody at urgent work, somebody of elsewhere. */
function routingOf(task) {
  return [
    rungOf("cell", "a-c-01", null, 0, "vacant", null, null),
    rungOf("neighbour", "a-c-02", named(91, "建管二组 丙", "Construction C"), 4, "busy", 260, 43),
    rungOf("neighbour", "a-c-03", named(92, "建管二组 丁", "Construction D"), 0, "no_certificate", 310, null),
    rungOf("community", "", task.owner, 1, null, 540, 5),
    rungOf("elsewhere", "", named(93, "值班 戊", "On duty E"), 0, "farther", 2150, 22),
  ];
}

function taskDetail(task, me) {
  const f = byId(task.facility.id);
  const point = f.points.find((p) => p.limits.some((l) => l.rule_id === task.case.alarm.rule_id)) ?? f.points[0];
  const to = Date.now();
  return { ...bareTask(task, me), observation: observationOf(task), handled: handledOf(task), reports: intakes.seen(task.case_id), ...photosOf(task.case), why: { alarms: alarmsOf(task.case), rule: task.case.alarm.reported ? null : rule(task.case.alarm), evidence: evidence(f), series: [{ point: point.id, key: point.key, name: point.name, history: curve(point, to - 24 * HOUR, to, 240) }] }, where: { latitude: f.latitude, longitude: f.longitude, address: f.address }, steps: f.do, actions: actionsOf(task, me), history: task.case.history, routing: routingOf(task), stages: stagesOf(task.case), proceedings: task.case.proceedings, extension_until_ms: task.case.deadline().due_ms + 8 * HOUR };
}

const WAITING = new Set(["unacknowledged", "returned_unacknowledged", "latched_unacknowledged"]);
const RANK = { critical: 4, high: 3, medium: 2, low: 1, info: 0 };
/** Flags: what keeps alarms silent. One alarm is shelved, one facility has been out of service for too long. */
const flags = [];
const covers = (flag, a) => flag.facility.id === a.facility.id && (flag.rule_id === "" || flag.rule_id === a.rule_id) && (flag.alarm_id === "" || flag.alarm_id === a.id);
function mark(a) {
  const over = flags.filter((flag) => flag.ended_ms === null && covers(flag, a));
  const shelf = over.find((flag) => flag.kind === "shelved");
  const was = a.shelved !== null || a.suppressed || a.out_of_service;
  Object.assign(a, { shelved: shelf ? { until_ms: shelf.until_ms, reason: shelf.reason } : null, suppressed: over.some((flag) => flag.kind === "suppressed"), out_of_service: over.some((flag) => flag.kind === "out_of_service") });
  if (was && over.length === 0 && a.state === "acknowledged") a.state = "unacknowledged";
  const item = cases.find((one) => one.id === a.case_id);
  if (item) item.flagged = over.length > 0 ? over.at(-1).kind : null;
}
function jot(a, what, me, words = "", until_ms = null, before = a.state) {
  a.history.push({ time_ms: Date.now(), what, from_state: before, state: a.state, by: me?.username ?? "system", by_name: me?.name ?? text("系统", "System"), start_ms: a.start_ms, stop_ms: a.stop_ms, until_ms, note: words });
  send("alarm", { id: a.id, what, at_ms: Date.now(), alarm: bareAlarm(a) });
}
function fly(kind, f, until_ms, reason, me, { rule_id = "", alarm_id = "", say = null, cause = "", set = Date.now() } = {}) {
  const scope = alarm_id ? "alarm" : rule_id ? "rule" : "facility";
  const flag = { id: flags.length + 1, kind, state: until_ms !== null && until_ms < Date.now() ? "overdue" : "standing", scope, facility: ref(f), community: f.community, rule_id, rule_say: say, alarm_id, cause, ref: "", reason, by: me?.name ?? text("系统", "System"), set_ms: set, until_ms, ended_ms: null };
  flags.unshift(flag);
  send("flag", { id: flag.id, what: kind, at_ms: Date.now(), facility: f.id });
  for (const a of alarms.filter((one) => covers(flag, one))) { const before = a.state; mark(a); jot(a, kind, me, reason, until_ms, before); }
  return flag;
}
function fall(flag, what, me, reason = "") {
  Object.assign(flag, { state: "down", ended_ms: Date.now() });
  send("flag", { id: flag.id, what, at_ms: Date.now(), facility: flag.facility.id });
  for (const a of alarms.filter((one) => covers(flag, one))) { const before = a.state; mark(a); jot(a, what, me, reason, null, before); }
  return flag;
}
setInterval(() => {
  for (const flag of flags) if (flag.kind === "shelved" && flag.ended_ms === null && flag.until_ms <= Date.now()) fall(flag, "shelving_ended", null);
}, 500).unref();
const silent = (a) => a.shelved !== null || a.suppressed || a.out_of_service;
const SHOW = { active: (a) => a.active, attention: (a) => (a.active || WAITING.has(a.state)) && !silent(a), unacknowledged: (a) => WAITING.has(a.state) && !silent(a), shelved: (a) => a.shelved !== null, suppressed: (a) => a.suppressed, out_of_service: (a) => a.out_of_service };
function tally(q) {
  const near = alarms.filter((a) => (!q.get("community") || a.community.id === Number(q.get("community"))) && (!q.get("severity") || RANK[a.severity] >= RANK[q.get("severity")]));
  const stand = flags.filter((flag) => flag.ended_ms === null);
  return { ...Object.fromEntries(Object.entries(SHOW).map(([name, holds]) => [name, near.filter(holds).length])), flags_shelved: stand.filter((flag) => flag.kind === "shelved").length, flags_out_of_service: stand.filter((flag) => flag.kind === "out_of_service").length, overdue: stand.filter((flag) => flag.state === "overdue").length };
}
function record(a) {
  const f = byId(a.facility.id);
  const point = f.points.find((p) => p.limits.some((l) => l.rule_id === a.rule_id)) ?? f.points[0];
  const frozen = Date.now() - a.start_ms > 330_000 ? a.start_ms + 330_000 : null;
  const { severity, lead, support, source, say, when, clear, family } = rule(a);
  const context = { rule: { id: a.rule_id, version: "5d1f0c7a90b3e2aa", set_version: "0a1b2c3d4e5f6071", say, when, clear, for_ms: 60_000, clear_for_ms: 0, severity, family, lead, support, source, levels: [] }, limits: [], do: f.do, attributes: { design_level: 2.2 }, place: { code: f.code, name: f.name, class_id: f.class_id, class_name: f.class_name, community: f.community.code, community_name: f.community.name, street: text("示范街道", "Model street"), cells: Object.fromEntries(Object.entries(cells(f.community)).map(([grid, cell]) => [grid, [cell.code, cell.name]])), gateways: [`g1/gw-${f.community.code}`], parents: [], points: f.points.slice(0, 6).map((p, i) => ({ point: p.id, key: p.key, name: p.name, metric: `${f.code}/${p.key}`, gateway: `g1/gw-${f.community.code}`, bus: "rs485-1", unit: i < 4 ? "17" : "" })), points_left_out: Math.max(0, f.points.length - 6) }, calendar: { zone: "Asia/Shanghai", local: "2026-11-23T09:00:00.000+08:00", workday: true, works: true, windows: [[480, 720], [840, 1080]], day: "makeup", terms: [{ term: "occupied", name: text("开放时间", "opening hours"), holds: false, read: true }, { term: "workday", name: text("工作日", "working day"), holds: true, read: false }, { term: "season heating", name: text("采暖季", "heating season"), holds: null, read: false }], planned: [{ code: "w1", name: text("换泵", "New pump"), until_ms: a.start_ms + 3_600_000 }] }, registry_version: 12, program: "0.1.0", around: [{ name: text("组内成立的个数", "members for which it holds"), written: "count((level>2.2)) of community", relation: "community", group: f.community.code, value: 2, unit: "", condition: true, members: facilities.filter((one) => one.class_id === f.class_id).slice(0, 3).map((one, i) => ({ code: one.code, name: one.name, value: [1, null, 0][i] })), left_out: 12, kept: true }, { name: text("上级的水位", "level of the parent"), written: "parent.level:m", relation: "", group: "fw-01", value: 0.4, unit: "m", condition: false, members: [{ code: "fw-01", name: text("水箱", "Tank"), value: 0.4 }], left_out: 0, kept: true }] };
  return { occasion: "alarm", at_ms: a.start_ms, made_ms: a.start_ms, from_ms: a.start_ms - 600_000, to_ms: a.start_ms + 300_000, frozen_ms: frozen, changed_since: false, context, series: [{ key: point.key, name: point.name, of: "", thinned: false, history: curve(point, a.start_ms - 600_000, Math.min(Date.now(), a.start_ms + 300_000), 720) }] };
}

const streams = new Set();
/** What was sent, for streams that resume: the first has id 1. */
const sent = [];
let release = null;
let held = Promise.resolve();
function send(kind, data) {
  sent.push(`id: ${sent.length + 1}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`);
  for (const stream of streams) stream.response.write(sent.at(-1));
}
const ping = () => `id: ${sent.length}\nevent: ping\ndata: ${JSON.stringify({ now_ms: Date.now() })}\n\n`;
function hold(on) {
  if (on && !release) held = new Promise((resolve) => { release = resolve; });
  if (!on) release?.();
  if (!on) release = null;
}
async function follow(request, response, query) {
  await held;
  if (response.closed) return;
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  const one = { response, facilities: new Set(query.getAll("facility").map(Number)) };
  const since = request.headers["last-event-id"] ?? query.get("since");
  response.write([...(since === null ? [] : sent.slice(Number(since))), ping()].join(""));
  streams.add(one);
  response.on("close", () => streams.delete(one));
}
setInterval(() => {
  for (const stream of streams) {
    const wanted = [...points.values()].filter((p) => stream.facilities.has(p.facility));
    if (wanted.length > 0) stream.response.write(`event: values\ndata: ${JSON.stringify({ points: wanted.map((p) => ({ id: p.id, latest: latestOf(p) })) })}\n\n`);
  }
}, 1000).unref();
setInterval(() => {
  for (const stream of streams) stream.response.write(ping());
}, 15_000).unref();

function problem(status, code, title, detail = "", fix = "", more = {}) {
  return Object.assign(new Error(title), { problem: { type: `urn:twingrid:problem:${code}`, title, status, code, detail, fix, instance: "", request_id: "mock-1", errors: [], owner: null, ...more } });
}
function found(value) {
  if (value === undefined || value === null) throw problem(404, "TG-4040", "找不到");
  return value;
}
const page = (items, query) => {
  const at = Number(query.get("cursor") || 0);
  const limit = Number(query.get("limit") || 50);
  return { items: items.slice(at, at + limit), next_cursor: at + limit < items.length ? String(at + limit) : null };
};

const alarmDetail = (a) => ({ ...a, flags: flags.filter((flag) => flag.ended_ms === null && covers(flag, a)), evidence: a.kind === "sight" ? [] : evidence(byId(a.facility.id)), do: byId(a.facility.id).do, rule: rule(a) });
function setAlarm(a, state, what, me, words = "") {
  if (silent(a)) throw problem(409, "TG-4090", "该告警现在没有在提示", "", "先取消搁置或恢复使用，再确认或复位。");
  const before = a.state;
  Object.assign(a, state);
  jot(a, what, me, words, null, before);
  return alarmDetail(a);
}
const alarmOf = (id) => found(alarms.find((one) => one.id === id));
const flagOf = (id) => found(flags.find((one) => one.id === Number(id)));
const flagDetail = (flag) => ({ ...flag, history: [] });
function reach(a, scope) {
  return { rule_id: scope === "facility" ? "" : a.rule_id, alarm_id: scope === "alarm" ? a.id : "", say: a.say };
}

fly("out_of_service", byId(4), start - HOUR, "水泵大修，等待配件", users.get("manager"), { set: start - 49 * HOUR });
fly("shelved", byId(2), start + 40 * 60_000, "清洗传感器", users.get("manager"), reach(alarms.find((a) => a.facility.id === 2), "rule"));

const intakes = intakeRoutes({ cases, ref, problem, found, page, openReported });
const revisits = revisitRoutes({ cases, problem, found });
const photos = photoRoutes({ tasks, problem, found });
const photosOf = (item) => photos.of(item, noPhotos(item.id));

/** Rows of method, path pattern, answer(me, match, query, body, request). */
const pumpMetrics = [["outlet_pressure", "MPa", text("出口压力", "Outlet pressure"), "new"], ["pump_current", "A", text("水泵电流", "Pump current"), "new"], ["colour", "", null, "unfit"]];
const stranger = (node, rest) => ({ group: "g1", node, first_ms: start - 6_000, seen_ms: Date.now() - 2_000, enrollable: true, facilities: [], nameless: 0, left_out: 0, ...rest });
/** Gateways that nobody has enrolled; one calls itself something that must stay text. */
const strangers = [
  stranger("gw-new", { nameless: 1, facilities: [{ code: "wp-01", known: false, class_id: "water_supply_pump", classes: [{ id: "water_supply_pump", name: text("二次供水泵房", "Booster pump house") }, { id: "sewage_pump", name: text("污水泵站", "Sewage pumping station") }], points: pumpMetrics.map(([key, unit, name, state]) => ({ key, unit, name, state })) }] }),
  stranger("<img src=x onerror=alert(1)>" + "x".repeat(80), { enrollable: false }),
];

const ROUTES = [
  ["GET", /^\/communities$/, () => ({ items: communities.map(overview).toSorted((a, b) => b.alarms.high - a.alarms.high || b.facilities.alarmed - a.facilities.alarmed) })],
  ["GET", /^\/communities\/(\d+)$/, (me, [, id]) => {
    const c = found(communities.find((one) => one.id === Number(id)));
    const ids = [...new Set(facilities.filter((f) => f.community.id === c.id).map((f) => f.class_id))];
    return { ...overview(c), classes: ids.map((class_id) => ({ class_id, name: facilities.find((f) => f.class_id === class_id).class_name, total: facilities.filter((f) => f.class_id === class_id && f.community.id === c.id).length, fault: 0, attention: 0, unseen: 0 })), cells: gridsOf(c) };
  }],
  ["GET", /^\/community-changes$/, () => changesOf(alarms, cases)],
  ["GET", /^\/communities\/(\d+)\/completeness$/, () => completeness()],
  ["GET", /^\/communities\/(\d+)\/cells$/, () => cellShapes()],
  ["GET", /^\/registry\/kinds$/, () => kinds()],
  ["POST", /^\/registry\/imports$/, (me, m, q) => importJob(q.get("name"))],
  ["POST", /^\/registry\/imports\/(\w+)\/apply$/, () => importJob("city.xlsx", "applied")],
  ["GET", /^\/registry\/imports\/(\w+)\/changes$/, () => importChanges()],
  ["GET", /^\/registry\/staff$/, () => staff(communities)],
  ["GET", /^\/registry\/changes$/, (me, m, q) => registryChanges(q.get("kind"))],
  ["GET", /^\/registry\/([a-z]+)\/records$/, (me, [, kind]) => recordLines(kind)],
  ["POST", /^\/registry\/([a-z]+)\/records$/, (me, [, kind], q, body) => registryRecord(kind, body.fields.code, communities, body.fields)],
  ["GET", /^\/registry\/([a-z]+)\/records\/(.+)$/, (me, [, kind, code]) => registryRecord(kind, decodeURIComponent(code), communities)],
  ["PATCH", /^\/registry\/([a-z]+)\/records\/(.+)$/, (me, [, kind, code], q, body) => {
    const there = registryRecord(kind, decodeURIComponent(code), communities);
    if (body.mark === there.mark) return { ...registryRecord(kind, decodeURIComponent(code), communities, body.fields), meanwhile: [] };
    if (!body.base) throw problem(409, "TG-4096", "内容已被修改");
    const { conflicts, meanwhile } = mergedRecord(body, there.fields);
    if (conflicts.length > 0) throw problem(409, "TG-4100", "您和别人修改了相同的字段", "", "", { conflicts });
    return { ...registryRecord(kind, decodeURIComponent(code), communities, body.fields), meanwhile };
  }],
  ["GET", /^\/facilities\/(\d+)\/record$/, (me, [, id]) => recordOf(found(byId(Number(id))))],
  ["GET", /^\/classes$/, () => ({ items: [...new Map(facilities.map((f) => [f.class_id, { id: f.class_id, name: f.class_name }])).values()] })],
  ["GET", /^\/facilities$/, (me, m, q) => page(facilities.filter((f) => (!q.get("class") || f.class_id === q.get("class")) && (!q.get("community") || f.community.id === Number(q.get("community"))) && (!q.get("q") || `${f.code} ${f.name.zh} ${f.name.en}`.toLowerCase().includes(q.get("q").toLowerCase()))).map(summary), q)],
  ["GET", /^\/facilities\/(\d+)$/, (me, [, id]) => {
    const f = found(byId(Number(id)));
    return { ...summary(f), latitude: f.latitude, longitude: f.longitude, address: f.address, cells: cells(f.community), parent: null, supplies: [], redundant_set: "", attributes: { commissioned: 2004, rated_power_kw: 7.5 }, points: f.points.map(({ base, swing, seed, facility, ...p }) => ({ ...p, latest: latestOf(points.get(p.id)) })), alarms: alarms.filter((a) => a.facility.id === f.id && a.active).map(bareAlarm), cases: cases.filter((c) => c.facility.id === f.id && c.open).map(bare) };
  }],
  ["GET", /^\/points\/(\d+)\/history$/, (me, [, id], q) => curve(found(points.get(Number(id))), Number(q.get("from_ms")), Number(q.get("to_ms")), Number(q.get("max_points") ?? 720))],
  ["GET", /^\/alarm-performance$/, (me, m, q) => performanceReport(alarms, Number(q.get("from_ms")))],
  ["GET", /^\/alarms\/(\w+)\/folding$/, (me, [, id]) => folding(found(alarms.find((a) => a.id === id)))],
  ["GET", /^\/alarms$/, (me, m, q) => page(alarms.filter((a) => (!q.get("facility") || a.facility.id === Number(q.get("facility"))) && (!q.get("to_ms") || (a.start_ms < Number(q.get("to_ms")) && (a.stop_ms ?? Infinity) > Number(q.get("from_ms")))) && (!q.get("severity") || RANK[a.severity] >= RANK[q.get("severity")]) && (!q.get("community") || a.community.id === Number(q.get("community"))) && (q.get("active") !== "true" || a.active) && (q.get("attention") !== "true" || SHOW.attention(a)) && (q.get("silent") !== "false" || !silent(a)) && (q.getAll("state").length === 0 || q.getAll("state").includes(a.state)) && (!q.get("flag") || SHOW[q.get("flag")](a))).map(bareAlarm), q)],
  ["GET", /^\/alarm-counts$/, (me, m, q) => tally(q)],
  ["GET", /^\/alarms\/(\w+)$/, (me, [, id]) => alarmDetail(alarmOf(id))],
  ["GET", /^\/alarms\/(\w+)\/evidence$/, (me, [, id]) => ({ items: alarmOf(id).kind === "sight" ? [] : [record(alarmOf(id))] })],
  ["POST", /^\/alarms\/(\w+)\/acknowledge$/, (me, [, id], q, body) => { const a = alarmOf(id); return setAlarm(a, { state: a.active ? "acknowledged" : a.latching ? "latched_acknowledged" : "normal" }, "acknowledge", me, body.note); }],
  ["POST", /^\/alarms\/(\w+)\/reset$/, (me, [, id], q, body) => setAlarm(alarmOf(id), { state: "normal" }, "reset", me, body.note)],
  ["POST", /^\/alarms\/(\w+)\/comments$/, (me, [, id], q, body) => { const a = alarmOf(id); jot(a, "comment", me, body.text); return alarmDetail(a); }],
  ["POST", /^\/alarms\/(\w+)\/shelve$/, (me, [, id], q, body) => { const a = alarmOf(id); fly("shelved", byId(a.facility.id), Date.now() + body.minutes * MINUTE_OF_SHELVES, body.reason, me, reach(a, body.scope)); return alarmDetail(a); }],
  ["POST", /^\/alarms\/(\w+)\/unshelve$/, (me, [, id]) => { const a = alarmOf(id); for (const flag of flags) if (flag.kind === "shelved" && flag.ended_ms === null && covers(flag, a)) fall(flag, "unshelved", me); return alarmDetail(a); }],
  ["POST", /^\/alarms\/(\w+)\/out-of-service$/, (me, [, id], q, body) => { const a = alarmOf(id); fly("out_of_service", byId(a.facility.id), body.until_ms, body.reason, me, reach(a, body.scope)); return alarmDetail(a); }],
  ["POST", /^\/facilities\/(\d+)\/out-of-service$/, (me, [, id], q, body) => fly("out_of_service", found(byId(Number(id))), body.until_ms, body.reason, me)],
  ["GET", /^\/flags$/, (me, m, q) => page(flags.filter((flag) => flag.ended_ms === null && (!q.get("kind") || flag.kind === q.get("kind")) && (!q.get("facility") || flag.facility.id === Number(q.get("facility"))) && (!q.get("community") || flag.community.id === Number(q.get("community")))), q)],
  ["POST", /^\/flags\/(\d+)\/extend$/, (me, [, id], q, body) => flagDetail(Object.assign(flagOf(id), { until_ms: body.until_ms, state: "standing" }))],
  ["POST", /^\/flags\/(\d+)\/return$/, (me, [, id], q, body) => flagDetail(fall(flagOf(id), "in_service", me, body.reason))],
  ["GET", /^\/cases$/, (me, m, q) => page(cases.filter((c) => (q.get("open") === null || c.open === (q.get("open") === "true")) && (q.get("overdue") !== "true" || c.deadline().overdue) && (!q.get("community") || c.community.id === Number(q.get("community")))).map(bare), q)],
  ["GET", /^\/cases\/(\d+)$/, (me, [, id]) => { const c = found(cases.find((one) => one.id === Number(id))); return { ...bare(c), reports: intakes.seen(c.id), ...photosOf(c), alarms: alarmsOf(c), tasks: tasks.filter((t) => t.case_id === c.id).map((t) => bareTask(t, me)), evidence: evidence(byId(c.facility.id)), do: byId(c.facility.id).do, history: c.history, stages: stagesOf(c), proceedings: c.proceedings, closure: closureOf(c, cases), ...plannedOf(c) }; }],
  ["GET", /^\/tasks$/, (me, m, q) => page(tasks.filter((t) => !["done", "cancelled"].includes(t.state) && (q.get("mine") !== "true" || t.owner?.id === me.person)).toSorted((a, b) => a.deadline().due_ms - b.deadline().due_ms).map((t) => bareTask(t, me)), q)],
  ["GET", /^\/tasks\/(\d+)$/, (me, [, id]) => taskDetail(found(tasks.find((t) => t.id === Number(id))), me)],
  ["POST", /^\/cases\/(\d+)\/merge$/, (me, [, id], q, body) => { const c = found(cases.find((one) => one.id === Number(id))); Object.assign(c, { open: false, state: "cancelled", note: body.reason, closed_ms: Date.now() }); const heir = found(cases.find((one) => one.id === body.into)); return { ...bare(heir), reports: intakes.seen(heir.id), ...photosOf(heir), alarms: alarmsOf(heir), tasks: [], evidence: [], do: [], history: heir.history, closure: closureOf(heir, cases) }; }],
  ["POST", /^\/cases\/(\d+)\/unmerge$/, (me, [, id]) => { const c = found(cases.find((one) => one.id === Number(id))); Object.assign(c, { open: true, state: "dispatched", note: "", closed_ms: null }); return { ...bare(c), reports: intakes.seen(c.id), ...photosOf(c), alarms: alarmsOf(c), tasks: [], evidence: [], do: [], history: c.history, stages: [], proceedings: [], closure: closureOf(c, cases), ...plannedOf(c) }; }],
  ["POST", /^\/facilities\/(\d+)\/lasting-repair$/, (me, m, q, body) => { decideLasting(body, me); return { items: recurringFaults(cases) }; }],
  ["GET", /^\/limits$/, () => LIMITS],
  ["GET", /^\/recurring-faults$/, () => ({ items: recurringFaults(cases) })],
  ["GET", /^\/false-alarms$/, (me, m, q) => falseAlarms(alarms, Number(q.get("from_ms")))],
  ...photos.inside,
  ...documentRoutes({ found, problem, byId, by: people.wang.name }),
  ["PATCH", /^\/tasks\/(\d+)\/handling$/, (me, [, id], q, body) => found(correct(found(tasks.find((t) => t.id === Number(id))), body))],
  ["POST", /^\/tasks\/(\d+)\/(\w+)$/, (me, [, id, action], q, body, request) => { const task = found(tasks.find((t) => t.id === Number(id))); const after = act(task, action, body.note, request.headers["idempotency-key"], me); if (action === "handle") report(task.case_id, body.handling, me); if (action !== "transfer") return after; task.owner = found(receivers(task).find((one) => one.person.id === body.to_person)).person; return taskDetail(task, me); }],
  ["GET", /^\/tasks\/(\d+)\/receivers$/, (me, [, id]) => ({ items: receivers(found(tasks.find((t) => t.id === Number(id)))) })],
  ...ruleRoutes({ facilities, ref, problem }),
  ...equipmentRoutes({ facilities, summary, communities }),
  ...officeRoutes({ communities, facilities, people, ref, problem }),
  ["GET", /^\/unknown-gateways$/, () => ({ items: strangers })],
  ["POST", /^\/gateways$/, (me, parts, q, body) => { const at = strangers.findIndex((one) => one.node === body.node); const [one] = strangers.splice(at, at < 0 ? 0 : 1); return { id: 99, facilities: [], points: found(one).facilities.length }; }],
  ["GET", /^\/gateways$/, () => ({ items: communities.map((c, i) => ({ id: c.id, node: `g1/gw-${c.code}`, name: text(`${c.name.zh}网关`, `${c.name.en} gateway`), community: { id: c.id, code: c.code, name: c.name }, online: i !== 2, last_seen_ms: Date.now() - (i === 2 ? 1_200_000 : 900), backlog: i === 2 ? 4_112 : 0, stored: 1_204_551 + i * 40_000, since_ms: start - 7 * HOUR, health: { "Health/Bus rs485-1 used %": 41.5, "Health/Bus rs485-1 connected": 1, "Health/Bus rs485-1 units silent": i, "Health/Clock doubtful": 0, "Health/Disk used %": 37.2, "Health/Spool readings": i === 2 ? 4_112 : 0, "Health/Spool oldest ms": i === 2 ? Date.now() - HOUR : 0, "Health/Polls failed": 12, "poll/cycle_ms": 212 }, devices: ["modbus-1", "mqtt-1"], points: 24, revoked: false })) })],
  ["GET", /^\/gateways\/(\d+)\/ledger$/, (me, [, id], q) => ledgerOf(Number(id), Number(q.get("from_ms")))],
  ["GET", /^\/gateways\/(\d+)\/configurations$/, (me, [, id]) => ({ running: RUNNING, items: versionsOf(Number(id)).map(({ text: _text, difference: _difference, ...one }) => one).toReversed() })],
  ["GET", /^\/gateways\/(\d+)\/configurations\/(\d+)$/, (me, [, id, version]) => found(versionsOf(Number(id))[Number(version) - 1])],
  ["POST", /^\/gateways\/(\d+)\/configurations$/, (me, [, id], q, body) => { const all = versionsOf(Number(id)); all.push(versionOf(all.length + 1, body.text, body.note, me.username)); return all.at(-1); }],
  ["POST", /^\/gateways\/(\d+)\/configurations\/(\d+)\/push$/, (me, [, id, version]) => Object.assign(found(versionsOf(Number(id))[Number(version) - 1]), { state: "pushed", pushed_ms: Date.now(), pushed_by: me.username })],
  ...notificationRoutes,
  ...tokenRoutes({ problem, found }),
  ...webhookRoutes({ problem, found }),
  ...intakes.inside,
  ...revisits.inside,
  ...exchangeRoutes({ cases, communities, problem, page }),
  ["GET", /^\/health$/, () => ({ status: "ok", version: "0.1.0", now_ms: Date.now(), parts: ["broker", "core", "store", "database"].map((name) => ({ name, status: "ok", say: text("运行正常", "running") })), store: { readings: 3_812_004, quarantined: 3, evicted: 0, superseded: 12, bytes_on_disk: 48_112_003 }, promises: [{ id: "INV-1", say: text("已确认的读数不丢失", "No acknowledged reading is lost"), breaches: 0, kept: true }, { id: "INV-2", say: text("读数不重复入库", "No reading is stored twice"), breaches: 0, kept: true }] })],
];

const RUNNING = { version: 0, state: "running", sha256: "0".repeat(64), text: "buses:\n- id: modbus-1\n  host: 127.0.0.1\n", reported_ms: Date.now() - 40_000 };
const configurations = new Map();
function versionOf(version, written, note, username) {
  const difference = ["--- version 0", `+++ version ${version}`, "@@ -1,3 +1,3 @@", ...RUNNING.text.trimEnd().split("\n").map((line) => `-${line}`), ...written.trimEnd().split("\n").map((line) => `+${line}`)];
  return { version, state: "draft", note, sha256: "1".repeat(64), created_ms: Date.now(), created_by: username, pushed_ms: null, pushed_by: "", answered_ms: null, reason: null, findings: [], text: written, difference };
}
/** Two gaps, one of them older than a week, and one of an unknown time. */
function ledgerOf(gateway, fromMs) {
  const full = text("网关缓存已满，数据被舍弃", "the gateway's spool was full"), damaged = text("网关缓存损坏", "the gateway's spool was damaged");
  const given = [[2 * HOUR, HOUR, 1_280, 5_000], [240 * HOUR, 239 * HOUR, 1, 100]].map(([a, b, readings, first]) => ({ from_ms: start - a, to_ms: start - b, readings, reason: "spool_full", say: full, epoch: 1, first })).filter((one) => one.to_ms >= fromMs);
  const lost = { reason: "spool_full", say: full, readings: given.reduce((sum, one) => sum + one.readings, 0), dated: true };
  return { gateway, from_ms: fromMs, to_ms: Date.now(), verdict: "lost", say: text("部分数据已被网关舍弃，其余均已到达", "some readings were given up, all others have arrived"), waiting: 0, oldest_waiting_ms: null, without_date: 0, lost: [lost, { reason: "damaged", say: damaged, readings: 7, dated: false }], gaps: [...given, { from_ms: null, to_ms: null, readings: 7, reason: "damaged", say: damaged, epoch: 1, first: 40 }], gap_count: given.length + 1, last_seen_ms: Date.now() };
}
function versionsOf(gateway) {
  if (!configurations.has(gateway)) {
    const refused = versionOf(1, "buses:\n- id: modbus-1\n  hots: 127.0.0.1\n", "新电表", "tech");
    Object.assign(refused, { state: "refused", pushed_ms: start, pushed_by: "tech", answered_ms: start, findings: [{ code: "TG-0106", line: 3, column: 3, what: text("没有 buses[0].hots 这一项", "buses[0].hots is unknown"), fix: text("是否应为 `host`？", "did you mean `host`?") }] });
    configurations.set(gateway, [refused]);
  }
  return configurations.get(gateway);
}

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const all = Buffer.concat(chunks);
  if (/^(?:image\/|application\/(?:pdf|vnd\.))/.test(request.headers["content-type"] ?? "")) return all;
  if (all.length === 0 || request.headers["content-type"] === "application/octet-stream") return {};
  return JSON.parse(all.toString());
}
const cookieOf = (request) => /mock=(\w+)/.exec(request.headers.cookie ?? "")?.[1] ?? "";
function enter(response, one, status = 200) {
  const token = Math.random().toString(36).slice(2);
  sessions.set(token, one.username);
  response.setHeader("set-cookie", `mock=${token}; HttpOnly; SameSite=Lax; Path=/`);
  json(response, status, one);
}
function reply(response, answer) {
  if (!answer?.raw) return json(response, 200, answer);
  response.writeHead(200, { "content-type": answer.type ? answer.type : answer.raw[0] === 0x89 ? "image/png" : "image/jpeg" });
  return response.end(answer.raw);
}
function json(response, status, value, type = "application/json") {
  response.writeHead(status, { "content-type": type, "cache-control": "no-store" });
  return response.end(status === 204 ? "" : JSON.stringify(value));
}

async function api(request, response, url) {
  const path = url.pathname.slice("/api/v1".length);
  const body = request.method === "GET" ? {} : await bodyOf(request);
  if (down) throw problem(503, "TG-5030", "服务器暂时不可用");
  if (path === "/setup" && request.method === "GET") return json(response, 200, { needed: needsSetup });
  if (path === "/setup") {
    if (body.setup_code !== "mock-code") throw problem(403, "TG-4031", "设置码不对", "", "请查看服务器日志中写明的文件");
    needsSetup = false;
    return enter(response, users.get("admin"), 201);
  }
  if (path === "/session" && request.method === "POST") {
    const one = users.get(body.username);
    if (!one || body.password !== PASSWORD) throw problem(401, "TG-4011", "用户名或密码不对");
    return enter(response, one);
  }
  const tried = (routes, me) => {
    for (const [method, pattern, answer] of routes) {
      const match = pattern.exec(path);
      if (match && method === request.method) return reply(response, answer(me, match, url.searchParams, body, request));
    }
    return null;
  };
  if (tried([...intakes.open, ...revisits.open], null)) return null;
  const me = users.get(sessions.get(cookieOf(request)));
  if (!me) throw problem(401, "TG-4010", "需要登录");
  if (path === "/session" && request.method === "DELETE") {
    sessions.delete(cookieOf(request));
    return json(response, 204, null);
  }
  if (path === "/session" && request.method === "PATCH") Object.assign(me, { language: body.language });
  if (path === "/session/password") Object.assign(me, { must_change_password: false });
  if (path.startsWith("/session")) return json(response, 200, me);
  if (path === "/stream") return follow(request, response, url.searchParams);
  if (tried(ROUTES, me)) return null;
  throw problem(404, "TG-4040", "找不到");
}

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".json": "application/json", ".png": "image/png", ".webmanifest": "application/manifest+json" };
async function file(response, path) {
  const wanted = normalize(join(DIST, path));
  const inside = wanted.startsWith(DIST) && extname(wanted) !== "";
  const name = inside && !path.startsWith("/e/") ? wanted : join(DIST, path.startsWith("/e/") ? "resident.html" : "index.html");
  const content = await readFile(name);
  response.writeHead(200, { "content-type": TYPES[extname(name)] ?? "application/octet-stream", "content-security-policy": CSP });
  response.end(content);
}

const server = createServer((request, response) => {
  const url = new URL(request.url, "http://mock");
  const work = async () => {
    if (url.pathname === "/mock/alarm") {
      const alarm = raise(7, limitOf(70), 0);
      send("alarm", { id: alarm.id, what: "opened", at_ms: Date.now(), alarm: bareAlarm(alarm) });
      send("case", { id: alarm.case_id, what: "opened", at_ms: Date.now(), case: null });
      send("task", { id: tasks[0].id, what: "opened", at_ms: Date.now(), task: null });
      return json(response, 200, { id: alarm.id });
    }
    if (url.pathname === "/mock/flood") {
      // Events about what stands already: a day's worth for the pages, nothing more to keep here.
      for (let n = 0; n < Number(url.searchParams.get("n")); n += 1) {
        const one = alarms[n % alarms.length];
        const written = `event: alarm\ndata: ${JSON.stringify({ id: one.id, what: "acknowledge", at_ms: Date.now(), alarm: bareAlarm(one) })}\n\n`;
        for (const stream of streams) stream.response.write(written);
      }
      return json(response, 200, { streams: streams.size });
    }
    if (url.pathname === "/mock/cut") {
      for (const stream of streams) stream.response.destroy();
      return json(response, 200, {});
    }
    if (url.pathname === "/mock/streams") return json(response, 200, { open: streams.size });
    if (url.pathname === "/mock/hold") {
      hold(url.searchParams.get("on") === "1");
      return json(response, 200, { held: release !== null });
    }
    if (url.pathname === "/mock/down") {
      down = url.searchParams.get("on") === "1";
      return json(response, 200, { down });
    }
    return url.pathname.startsWith("/api/v1") ? api(request, response, url) : file(response, url.pathname);
  };
  work().catch((failure) => {
    for (const [name, value] of Object.entries(failure.headers ?? {})) response.setHeader(name, value);
    if (failure.problem) json(response, failure.problem.status, failure.problem, "application/problem+json");
    else json(response, failure.code === "ENOENT" ? 404 : 500, { title: String(failure) });
  });
});
server.listen(PORT, "127.0.0.1", () => process.stdout.write(`mock on http://127.0.0.1:${PORT}\n`));
