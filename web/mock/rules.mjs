/** Rules for the stand-in: one that can be edited. `levl` is a fault; `rules.json` holds what the real server says. */
import { readFileSync } from "node:fs";

const KEPT = JSON.parse(readFileSync(new URL("rules.json", import.meta.url), "utf8"));
const RULE = KEPT.detail.rule.id;
let detail = KEPT.detail;
let version = 0;

/** What a text and a form make: the limit, the time and the words are put in, as far as the stand-in goes. */
function drafted({ text, form }) {
  let written = text;
  if (form?.when) {
    const row = form.when.parts[0][0];
    written = written.replace(/^ {2}when: .*$/m, `  when: ${row.measurement} ${row.operator} ${row.limit} ${row.unit}`).replace(/^ {2}for: .*$/m, `  for: ${form.for}`);
  }
  const found = /^ {2}when: (\w+) (\S+) (\S+) (\S+)$/m.exec(written);
  const wrong = !found || found[1] === "levl";
  const shown = JSON.parse(JSON.stringify(KEPT.detail.draft));
  if (found) Object.assign(shown.form.when.parts[0][0], { text: found[0].slice(8), measurement: found[1], operator: found[2], limit: found[3], unit: found[4] });
  shown.form.for = /^ {2}for: (.*)$/m.exec(written)?.[1] ?? "";
  if (found && !wrong) shown.measurements[0].limits[0].value = Number(found[3]);
  return wrong
    ? { ...shown, text: written, sound: false, findings: KEPT.wrong, cost: null, sentences: [], same: false, class_id: "", measurements: [] }
    : { ...shown, text: written, same: written === KEPT.detail.draft.text };
}

function preview(facilities, { text, facility }, ref) {
  const mine = facilities.filter((one) => one.class_id === "sewage_pump");
  const one = mine.find((other) => other.id === facility) ?? mine[0];
  const now = Date.now();
  const limit = Number(/level > (\S+)/.exec(text)?.[1] ?? 2);
  const alarms = limit < 3 ? [{ since_ms: now - 5 * 3_600_000, start_ms: now - 5 * 3_600_000 + 120_000, stop_ms: now - 4 * 3_600_000, severity: "medium" }] : [];
  const most = alarms.length > 0 ? mine.slice(0, 2).map((other) => ({ facility: ref(other), alarms: 1 })) : [];
  return { facility: ref(one), from_ms: now - 86_400_000, to_ms: now, alarms, before: [], looked_at: mine.length - 1, facilities: mine.length, complete: false, total: alarms.length * 2, before_total: 0, cases: alarms.length, affected: most.length, most, readings: 172_800, spent_s: 0.8 };
}

const said = (zh, en) => [{ zh, en }];
const MISSED = { rule_id: RULE, orders: [], expected: said("较重，自 1 分钟，3 分钟 开始，仍未结束", "medium, since 1 min, start 3 min, still on"), got: said("无告警", "nothing"), lines: ["····░░░███", "··········"] };
const HIGH = { name: "level-high", file: "sewage_pump.yaml", line: 9, say: { zh: "液位高于 2 m", en: "The level stays above 2 m" }, passed: true, expects: true, differences: [] };
const SHORT = { ...HIGH, name: "level-for-a-moment", say: { zh: "液位短时升高", en: "The level is high for 20 s" }, expects: false };

/** Two scenarios: the first fails as soon as the limit is another. */
function trial({ text }) {
  const passed = Number(/level > (\S+)/.exec(text)?.[1] ?? 2) === 2;
  const cases = [passed ? HIGH : { ...HIGH, passed, differences: [MISSED] }, SHORT];
  return { cases, passed: cases.filter((one) => one.passed).length, left_out: 0, wrong: [], spent_s: 0.6 };
}

const LEVEL = { name: { zh: "液位", en: "Level" }, value: 2.31, unit: "m", reading_ms: 0, quality: "good" };
const CURRENT = { name: { zh: "水泵电流", en: "Pump current" }, value: null, unit: "A", reading_ms: null, quality: "" };
const ABOVE = [{ depth: 0, say: { zh: "液位高于 2 m", en: "Level is above 2 m" }, holds: true }];
const BELOW = [{ depth: 0, say: { zh: "液位低于 1.5 m", en: "Level is below 1.5 m" }, holds: false }];

/** A facility where the condition holds for half of its time. */
function moment(facilities, { facility, at_ms: at = Date.now() }, ref) {
  const one = facilities.find((other) => other.id === facility) ?? facilities[0];
  const level = { ...LEVEL, reading_ms: at - 8_000 };
  return { rule_id: RULE, facility: ref(one), at_ms: at, from_ms: at - 86_400_000, readings: 8_640, operands: [level, CURRENT], levels: [{ severity: "medium", when: ABOVE, clear: BELOW, state: "pending", since_ms: at - 60_000, start_ms: null, spent_ms: 60_000, needed_ms: 120_000, due_ms: at + 60_000 }] };
}

function listed(facilities, classId, q, ref) {
  const mine = facilities.filter((one) => one.class_id === classId);
  const wanted = (q.get?.("q") ?? q.q ?? "").toLowerCase();
  const matching = mine.filter((one) => `${one.code} ${one.name.zh} ${one.name.en}`.toLowerCase().includes(wanted));
  return { items: matching.slice(0, 50).map((one) => ref(one)), matching: matching.length, all: mine.length };
}

const LINE = { code: "", name: { zh: "", en: "" }, everywhere: true, facilities: 60, where: [], hours: [], first: "", last: "", begin_ms: null, end_ms: null };

const ownDays = new Map();
/** What a run of days becomes; a make-up day on a weekday is refused as the server does. */
function daysPreview(body, facilities, problem) {
  const days = [];
  for (let at = Date.parse(`${body.first}T00:00:00Z`); at <= Date.parse(`${body.last}T00:00:00Z`); at += 86_400_000) {
    const day = new Date(at).toISOString().slice(0, 10);
    const free = [0, 6].includes(new Date(at).getUTCDay());
    if (body.kind === "makeup" && !free) {
      const refused = problem(422, "TG-4220", "输入有误", "", "请更正标出的字段。");
      refused.problem.errors = [{ where: "body.kind", what: "1 天不能是“调休上班”" }];
      throw refused;
    }
    const week = free ? "weekend" : "workday";
    const before = ownDays.get(day) ?? week;
    if (before !== (body.kind ?? week)) days.push({ day, before, after: body.kind ?? week, own_before: ownDays.has(day) });
  }
  const touched = days.length > 0 && body.kind === "holiday" ? [{ case: "C-00031", facility: facilities[0].name, stage: "handle", limit_ms: Date.parse("2027-02-12T02:00:00Z"), change_ms: -28_800_000 }] : [];
  return { mark: String(ownDays.size), days, less: touched.length, more: 0, limits: touched };
}

/** One holiday with its make-up day; a season, hours for all and for a class, work under way. */
function calendar(year) {
  const known = year <= 2026;
  const days = known ? [["10-01", "holiday"], ["10-02", "holiday"], ["10-03", "holiday"], ["10-10", "makeup"]].map(([day, kind]) => ({ day: `${year}-${day}`, kind, own: false })) : [];
  const hours = [{ on: "workday", periods: ["08:30-12:00", "14:30-17:30"] }, { on: "holiday", periods: [] }];
  const toilets = { ...LINE, kind: "opening", everywhere: false, facilities: 3, where: [{ zh: "公共厕所", en: "Public toilet" }], hours: [{ on: "daily", periods: ["05:30-22:30"] }] };
  const season = { ...LINE, kind: "season", name: { zh: "汛期", en: "flood season" }, first: "05-01", last: "10-15" };
  const work = { ...toilets, kind: "work", code: "w-1", name: { zh: "更换阀门", en: "Valve replaced" }, hours: [], begin_ms: Date.now() - 3_600_000, end_ms: Date.now() + 3_600_000 };
  return { zone: "Asia/Shanghai", year, known, by_week: false, night: "22:00-06:00", days, lines: [season, { ...LINE, kind: "opening", hours }, toilets, work] };
}

/** Rows of method, path pattern, answer, for the server's table. */
export function ruleRoutes({ facilities, ref, problem }) {
  const mine = (id) => {
    if (id !== RULE) throw problem(404, "TG-4040", "找不到");
    return detail;
  };
  return [
    ["GET", /^\/rules$/, () => ({ ...KEPT.list, own: version > 0 })],
    ["POST", /^\/rules\/draft$/, (me, m, q, body) => drafted(body)],
    ["POST", /^\/rules\/preview$/, (me, m, q, body) => preview(facilities, body, ref)],
    ["GET", /^\/rules\/calendar\/(\d+)$/, (me, [, year]) => calendar(Number(year))],
    ["POST", /^\/registry\/calendar\/preview$/, (me, m, q, body) => daysPreview(body, facilities, problem)],
    ["POST", /^\/registry\/calendar\/days$/, (me, m, q, body) => {
      const found = daysPreview(body, facilities, problem);
      if (body.mark !== found.mark) throw problem(409, "TG-4096", "内容已被修改", "这些日子在您查看之后被修改过；没有写入任何内容，请重新查看");
      for (const one of found.days) ownDays.set(one.day, body.kind);
      return { days: found.days.length };
    }],
    ["POST", /^\/rules\/explain$/, (me, m, q, body) => moment(facilities, body, ref)],
    ["GET", /^\/rules\/facilities\/(\w+)$/, (me, [, classId], q) => listed(facilities, classId, q, ref)],
    ["POST", /^\/rules\/trial$/, (me, m, q, body) => trial(body)],
    ["GET", /^\/rules\/template\/(\w+)$/, () => KEPT.template],
    ["GET", /^\/rules\/words\/(\w+)$/, () => KEPT.words],
    ["GET", /^\/rules\/([\w.-]+)$/, (me, [, id]) => mine(id)],
    ["PUT", /^\/rules\/([\w.-]+)$/, (me, [, id], q, body) => {
      if (mine(id).rule.version !== body.base) throw problem(409, "TG-4094", "已被修改", `${detail.edits[0]?.actor ?? ""} 刚刚修改`);
      version += 1;
      const edit = { number: version, rule_id: id, file: detail.rule.file, kind: "changed", at_ms: Date.now(), actor: me.username, note: body.note, before: detail.draft.text, after: body.text };
      detail = { ...detail, draft: drafted({ text: body.text }), rule: { ...detail.rule, version: version.toString(16).padStart(4, "0") }, edits: [edit, ...detail.edits] };
      return { rule_id: id, version: detail.rule.version, in_force: true, kept: 130, changed: 1, added: 0, removed: 0 };
    }],
  ];
}
