/** Evaluation, money and preventive plans, for the pages alone. */
const DAY = 86_400_000;
const both = (zh, en) => ({ zh, en });

// --- evaluation -----------------------------------------------------------------------------------------------------
const INDICATORS = ["filed_in_time", "dispatched_in_time", "dispatched_right", "accepted_in_time", "arrived_in_time", "handled_in_time", "verified_in_time", "rework", "false_alarm", "returned", "revisited", "solved", "satisfied"];
const LESS = new Set(["rework", "false_alarm", "returned"]);
/** Wilson's interval at 95 %. */
function wilson(part, whole) {
  if (whole === 0) return [0, 1];
  const z = 1.959964;
  const [p, d] = [part / whole, 1 + (z * z) / whole];
  const [middle, half] = [(p + (z * z) / (2 * whole)) / d, (z / d) * Math.sqrt((p * (1 - p)) / whole + (z * z) / (4 * whole * whole))];
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}
function share(indicator, whole, at, told) {
  const part = Math.round(whole * (LESS.has(indicator) ? 0.02 + ((at * 7) % 11) / 100 : 0.97 - ((at * 5) % 13) / 100));
  const [low, high] = wilson(part, whole);
  const standing = whole < 20 ? "few" : (told[indicator] ?? (at % 4 === 3 ? "alone" : "like"));
  return { indicator, tally: { part, whole, excused: indicator === "handled_in_time" && at === 0 ? 2 : 0 }, value: whole === 0 ? null : part / whole, low, high, standing, peers: standing === "alone" || standing === "few" ? null : { part: LESS.has(indicator) ? 9 : 183, whole: 204, excused: 0 } };
}
/** What people answered from 1 to 5, and the shares that follow from it; nobody was asked of the fifth line. */
const SCORES = [1, 2, 3, 9, 14];
const AFTERWARDS = { revisited: [29, 41], solved: [25, 29], satisfied: [23, 29] };
function said(indicator, at) {
  const [part, whole] = at === 5 ? [0, 0] : AFTERWARDS[indicator];
  const [low, high] = wilson(part, whole);
  return { indicator, tally: { part, whole, excused: 0 }, value: whole === 0 ? null : part / whole, low, high, standing: whole === 0 ? "few" : "like", peers: null };
}
const line = (key, name, tasks, at, told = {}) => ({ key, name, cases: Math.round(tasks / 1.9), ended: Math.round(tasks / 2), tasks, load: tasks / (key ? 1 : 9), labour_min: tasks * 37, spent_fen: tasks * 8_350, waited_ms: tasks * 1_260_000, blind_ms: at * 7_200_000, shares: INDICATORS.map((one, place) => (AFTERWARDS[one] ? said(one, at) : share(one, at === 5 && place > 5 ? 0 : Math.round(tasks / (place > 6 ? 2 : 1.9)), at + place, told))), scores: at === 5 ? [0, 0, 0, 0, 0] : SCORES });
const PEOPLE = [["王网格", "Wang Wangge"], ["李维修", "Li Weixiu"], ["陈 电气与消防设施维护班组长", "Chen, foreman of electrical and fire maintenance"], ["赵 志愿", "Zhao Zhiyuan"], ["孙 值守", "Sun Zhishou"]];
function evaluation(communities, query) {
  const to_ms = Number(query.get("to_ms")) || Date.now();
  const mine = communities.filter((one) => !query.get("community") || one.id === Number(query.get("community")));
  const from_ms = Number(query.get("from_ms"));
  return {
    from_ms, to_ms, known_ms: Date.now(), enough: 20,
    whole: line("", both("合计", "All"), 214, 0),
    communities: mine.map((one, at) => line(String(one.id), one.name, 96 - 31 * at, at + 1)),
    cells: Array.from({ length: 64 }, (_, at) => line(`cell-${at}`, both(`第${at + 1}网格`, `Cell ${at + 1}`), 50 - (at % 40), at + 2)),
    workers: PEOPLE.map(([zh, en], at) => line(String(at + 1), both(zh, en), 71 - 13 * at, at + 1, at === 1 ? { handled_in_time: "better" } : at === 2 ? { rework: "worse", handled_in_time: "worse" } : {})),
    departments: [line("water", both("水务公司", "Water company"), 84, 2), line("@community", both("社区聘用", "employed by the community"), 118, 4), line("", both("系统或未知", "the system, or not known"), 12, 5)],
    burdens: mine.slice(0, 2).map((one, at) => ({ department: "sw", department_name: at ? both("城市管理与综合行政执法局（联合检查办公室）", "Urban Management and Law Enforcement Bureau (joint inspection office)") : both("水务局", "Water bureau"), community: { id: one.id, code: one.code, name: one.name }, asked: 14 - at, admitted: 9, joined: 1, returned: 3, answered: 1, waiting: 0, referred: 0, inspections: 2, asked_min: 2_400, cases: 9, tasks: 17, done: 15, labour_min: 1_980, late: 1, people: 11 })),
    trainings: [
      { person: { id: 3, name: both("陈电气", "Chen Dianqi") }, skill: "pump", reason: "rework", own: { part: 9, whole: 31, excused: 0 }, peers: { part: 14, whole: 190, excused: 0 }, saved: 6.7 },
      { person: { id: 4, name: both("赵志愿", "Zhao Zhiyuan") }, skill: "lift", reason: "lacking", own: { part: 8, whole: 40, excused: 0 }, peers: { part: 0, whole: 0, excused: 0 }, saved: 8 },
    ],
  };
}

const place = ({ id, code, name }) => ({ id, code, name });

// --- money ----------------------------------------------------------------------------------------------------------
const entry = (id, kind, source, phase, yuan, day, note = "", settles = null) => ({ id, kind, source, phase, amount_fen: yuan * 100, day, note, settles });
function balances(ledger) {
  const keys = [...new Set(ledger.map((one) => `${one.source} ${one.phase}`))];
  const redeemed = new Set(ledger.map((one) => one.settles));
  return keys.map((key) => {
    const [source, phase] = key.split(" ");
    const of = (kind) => ledger.filter((one) => one.source === source && one.phase === phase && one.kind === kind && (kind !== "pledged" || !redeemed.has(one.id))).reduce((sum, one) => sum + one.amount_fen, 0);
    return { source, phase, pledged_fen: of("pledged"), received_fen: of("received"), spent_fen: of("spent"), left_fen: of("received") - of("spent") };
  });
}
const COVERS = [["none", "没有后续资金", "There is no follow-up money"], ["short", "项目 lifts-2026 的后续资金 8,100 元，少于未来 12 个月预计的 12,400 元，约可维持 7.8 个月", "Project lifts-2026 has 8,100 yuan to go on, less than the 12,400 that the next 12 months will cost; it lasts about 7.8 months"], ["tight", "够预计的费用，五年中有一年不够", "Enough for what is expected, not for one year in five"], ["unknown", "有资金，历史太少，无法判断", "There is money, and too little history to say for what"], ["enough", "后续资金充足", "There is enough to go on"]];
function warningOf(f, at) {
  const [cover, zh, en] = COVERS[at % COVERS.length];
  const few = cover === "unknown";
  const mean_fen = few ? 0 : 1_240_000 + at * 91_350;
  return { facility: f, project: cover === "none" ? null : "lifts-2026", cover, left_fen: { none: 0, short: 610_000, tight: 1_300_000, unknown: 400_000, enough: 6_800_000 }[cover], due_fen: cover === "short" ? 200_000 : 0, months: cover === "short" ? 7.8 : null, forecast: { basis: few ? "few" : at % 2 ? "class" : "own", months: 12, level: 0.9, mean_fen, low_fen: mean_fen / 4, high_fen: mean_fen * 2.6, likely_fen: mean_fen * 1.5, events: 3.2, repairs: at % 7, years: 2.4, class_repairs: 41, class_years: 28.6 }, why: both(zh, en) };
}
function renewalOf(f, at) {
  const known = at % 3 !== 2;
  return { facility: f, rank: at + 1, score: 0.84 - at * 0.05, low: 0.84 - at * 0.05 - (known ? 0 : 0.1), high: 0.84 - at * 0.05 + (known ? 0 : 0.1), condition: 0.9 - at * 0.04, risk: 0.6, people: known ? 0.7 : null, waiting: known ? 0.3 : null, reasons: [both("已使用 22 年，设计寿命 15 年", "22 years old, made for 15"), both("每年维修 4.1 次，同类 1.6 次", "4.1 repairs a year, its class 1.6"), ...(known ? [both("服务约 1,240 人", "serves about 1,240 people")] : [both("未知：服务人数", "not known: people served"), both("未知：等待的代价", "not known: cost of waiting")])] };
}

const kindsOf = (labour_min, parts_fen, contractor_fen) => ({ labour_min, labour_fen: labour_min * 100, parts_fen, contractor_fen, money_fen: labour_min * 100 + parts_fen + contractor_fen });
/** What a facility has cost; of every fifth nothing was ever reported. */
function costsOf(f, facilities, ref) {
  const [book, other] = [both("东村村民委员会", "Villagers' committee of East Village"), both("梧桐里业主委员会", "Owners' committee of Wutongli")];
  if (f.id % 5 === 0) return { book, labour_fen_per_h: 6_000, years: [], cases: [], total: 0, elsewhere: [] };
  const year = new Date().getFullYear();
  const of = (id, at, zh, en, kinds, more) => ({ id, code: `C-${year}-${String(id).padStart(6, "0")}`, say: both(zh, en), facility: ref(f), book, others: 0, reported_ms: Date.now() - at * DAY, ...kinds, ...more });
  const cases = [of(1, 3, "液位过高", "Level too high", kindsOf(95, 9_100, 0)), of(2, 41, "3 处设施供电中断", "3 facilities without power", kindsOf(180, 0, 360_000), { others: 2 }), of(3, 402, "电机过载，更换轴承与机械密封后试运行正常", "Motor overloaded, bearing and seal changed, ran well afterwards", kindsOf(310, 248_050, 0))];
  const elsewhere = [of(4, 90, "5 处设施读数中断", "5 facilities cannot be seen", kindsOf(60, 0, 0), { facility: ref(facilities.find((one) => one.id !== f.id)), book: other, others: 4 })];
  const sum = (some) => kindsOf(...["labour_min", "parts_fen", "contractor_fen"].map((kind) => some.reduce((all, one) => all + one[kind], 0)));
  return { book, labour_fen_per_h: 6_000, years: [{ year, cases: 2, ...sum(cases.slice(0, 2)) }, { year: year - 1, cases: 1, ...sum(cases.slice(2)) }], cases, total: 3, elsewhere };
}

// --- preventive work ------------------------------------------------------------------------------------------------
const trigger = (kind, every, measurement = "", above = null) => ({ kind, every, measurement, above, below: null });
const planned = (id, code, class_id, zh, en, triggers, more = {}) => ({ id, code, class_id, work_zh: zh, work_en: en, triggers, started_day: "2025-11-01", communities: [], facilities: [], months: [], weekdays: [], lead_days: 14, limit_days: 10, severity: "low", lead: "construction", active: true, ...more });
const dueOf = (plan, f, at) => {
  const [state, used, zh, en] = [["ready", 1.08, "每运行 2000 小时一次，已用 108%，2026-11-21 到期", "every 2,000 running hours; 108% used, due about 2026-11-21"], ["open", 1.01, "案件 1 正在办理", "case 1 is open for it"], ["held", 1.02, "该设施有案件 2 未结，先办完或一并处理", "case 2 is open at the facility; it goes first, or does both"], ["blind", 0, "计数测点没有数据，无法判断", "its counters say nothing, so nobody can tell"], ["later", 0.42, "每 12 个月一次，已用 42%", "every 12 months; 42% used"]][at % 5];
  return { plan: plan.id, code: plan.code, work: both(plan.work_zh, plan.work_en), facility: f, state, due_ms: state === "blind" ? null : Date.now() + (1 - used) * 200 * DAY, used, case: state === "open" ? 1 : null, why: both(zh, en) };
};
/** The first case of the mock came from a plan. */
export function plannedOf(item) {
  if (item.id !== 1) return { plan: null };
  const step = { time_ms: item.opened_ms, what: "planned", by: both("系统", "System"), task_id: null, from_state: "", to_state: "", note: "每运行 2000 小时一次，已用 108%，2026-11-21 到期 / every 2,000 running hours; 108% used, due about 2026-11-21" };
  return { plan: { id: 1, code: "pump-2000h" }, history: [step, ...item.history] };
}

export function officeRoutes({ communities, facilities, ref, problem }) {
  const here = (q) => facilities.filter((one) => !q.get("community") || one.community.id === Number(q.get("community")));
  const ledgers = new Map([
    [1, [entry(1, "received", "government", "startup", 480_000, "2025-03-02", "加装电梯补助"), entry(2, "spent", "government", "startup", 466_210.5, "2025-07-15", "设备与安装"), entry(3, "pledged", "owners", "follow_up", 24_000, "2026-12-31", "每户每月 20 元"), entry(4, "pledged", "enterprise", "follow_up", 8_100, "2026-06-30"), entry(5, "received", "enterprise", "follow_up", 8_100, "2026-06-28", "广告收入", 4), entry(6, "spent", "enterprise", "follow_up", 2_000, "2026-09-01", "年检"), entry(7, "spent", "enterprise", "follow_up", -50.25, "2026-09-03", "发票更正")]],
    [2, [entry(8, "received", "donation", "startup", 36_000, "2026-05-11", "村民捐建")]],
  ]);
  const projects = [
    { id: 1, code: "lifts-2026", name: both("梧桐里加装电梯及后续维护保养项目（一期）", "Wutongli lifts and their upkeep, first stage"), community: place(communities[0]), state: "operating", facilities: facilities.filter((one) => one.community.id === 1).slice(0, 4).map(ref) },
    { id: 2, code: "toilet", name: both("白桥村污水泵站", "Sewage pumps of Baiqiao Village"), community: place(communities[2]), state: "operating", facilities: [] },
  ];
  const projectOf = (id) => projects.find((one) => one.id === Number(id)) ?? (() => { throw problem(404, "TG-4040", "找不到"); })();
  const seen = (one) => ({ ...one, balances: balances(ledgers.get(one.id) ?? []) });
  const rewritten = (body, old) => Object.assign(old, { code: body.code, name: both(body.name_zh, body.name_en), community: place(communities.find((one) => one.id === body.community)), state: body.state, facilities: facilities.filter((one) => body.facilities.includes(one.id)).map(ref) });
  const plans = [
    planned(1, "pump-2000h", "sewage_pump", "更换润滑油，检查机械密封与叶轮磨损，清理集水坑", "Change the oil, look at the seal and the wear of the impeller, clear the sump", [trigger("hours", 2000, "run_hours"), trigger("calendar", 12)]),
    planned(2, "lift-half-month", "lift", "半月维护保养", "Half-monthly upkeep", [trigger("calendar", 1)], { months: [4, 5, 6, 9, 10], communities: [1] }),
    planned(3, "air-filter", "indoor_air", "更换滤网", "Change the filter", [trigger("condition", 5, "pm2_5", 75)], { active: false }),
  ];
  const planOf = (id) => plans.find((one) => one.id === Number(id)) ?? (() => { throw problem(404, "TG-4040", "找不到"); })();
  const dueNow = (q) => plans.filter((one) => one.active && (!q.get("plan") || one.id === Number(q.get("plan")))).flatMap((one) => here(q).filter((f) => f.class_id === one.class_id).map((f, at) => dueOf(one, ref(f), at)));
  const written = [{ plan: 1, facility: 1, time_ms: Date.now() - 3 * DAY, done_ms: Date.now() - 12 * DAY, case: null, state: null, by: both("管理者 丁", "Manager D"), note: "厂家上门保养", why: null }, { plan: 1, facility: 1, time_ms: Date.now() - 300 * DAY, done_ms: Date.now() - 296 * DAY, case: 2, state: "closed", by: both("系统", "System"), note: "", why: both("每运行 2000 小时一次，已用 101%", "every 2,000 running hours; 101% used") }];
  return [
    ["GET", /^\/plans$/, () => ({ items: plans })],
    ["POST", /^\/plans$/, (me, m, q, body) => { plans.push({ ...body, id: plans.length + 1 }); return plans.at(-1); }],
    ["PUT", /^\/plans\/(\d+)$/, (me, [, id], q, body) => Object.assign(planOf(id), body)],
    ["POST", /^\/plans\/(\d+)\/done$/, (me, [, id], q, body) => { written.unshift({ plan: planOf(id).id, facility: body.facility, time_ms: Date.now(), done_ms: body.done_ms, case: null, state: null, by: me.name, note: body.note, why: null }); return {}; }],
    ["GET", /^\/due-work$/, (me, m, q) => ({ items: dueNow(q), total: dueNow(q).length })],
    ["GET", /^\/done-work$/, (me, m, q) => ({ items: written.filter((one) => !q.get("plan") || one.plan === Number(q.get("plan"))).map((one) => ({ ...one, code: planOf(one.plan).code, work: both(planOf(one.plan).work_zh, planOf(one.plan).work_en), facility: ref(facilities.find((f) => f.id === one.facility)) })) })],
    ["GET", /^\/projects$/, (me, m, q) => ({ items: projects.filter((one) => !q.get("community") || one.community.id === Number(q.get("community"))).map(seen) })],
    ["POST", /^\/projects$/, (me, m, q, body) => { const one = rewritten(body, { id: projects.length + 1 }); projects.push(one); ledgers.set(one.id, []); return seen(one); }],
    ["PUT", /^\/projects\/(\d+)$/, (me, [, id], q, body) => seen(rewritten(body, projectOf(id)))],
    ["GET", /^\/projects\/(\d+)\/ledger$/, (me, [, id]) => ({ items: ledgers.get(projectOf(id).id) })],
    ["POST", /^\/projects\/(\d+)\/ledger$/, (me, [, id], q, body) => { const all = ledgers.get(projectOf(id).id); if (body.kind === "spent" && body.amount_fen > 100_000_000) throw problem(422, "TG-4220", "填写有误", "支出超过结余", "先记到账"); all.push({ ...body, id: 100 + all.length }); return all.at(-1); }],
    ["GET", /^\/cost-books$/, () => ({ items: ["village:east", "village:west", ""].flatMap((book, at) => ["2026-08", "2026-09", "2026-10"].slice(at).map((month, n) => ({ book, name: both(["东村", "西村", ""][at], ["East village", "West village", ""][at]), month, cases: 4 + n, labour_min: 340 + n * 45, parts_fen: 45_500 + n * 999, contractor_fen: at ? 0 : 120_000, money_fen: 199_500 + n * 5_499 }))) })],
    ["GET", /^\/facilities\/(\d+)\/costs$/, (me, [, id]) => costsOf(facilities.find((one) => one.id === Number(id)), facilities, ref)],
    ["GET", /^\/funds-warnings$/, (me, m, q) => ({ items: here(q).map((one, at) => warningOf(ref(one), at)).toSorted((a, b) => COVERS.findIndex(([name]) => name === a.cover) - COVERS.findIndex(([name]) => name === b.cover)), total: here(q).length })],
    ["GET", /^\/renewals$/, (me, m, q) => ({ items: here(q).slice(0, 12).map((one, at) => renewalOf(ref(one), at)), total: here(q).length })],
    ["GET", /^\/evaluation$/, (me, m, q) => evaluation(communities, q)],
  ];
}
