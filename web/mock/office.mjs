/** Evaluation, money and preventive plans, for the pages alone. */
const both = (zh, en) => ({ zh, en });

// --- evaluation -----------------------------------------------------------------------------------------------------
const INDICATORS = ["filed_in_time", "dispatched_in_time", "dispatched_right", "accepted_in_time", "arrived_in_time", "handled_in_time", "verified_in_time", "rework", "false_alarm", "returned"];
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
const line = (key, name, tasks, at, told = {}) => ({ key, name, cases: Math.round(tasks / 1.9), ended: Math.round(tasks / 2), tasks, load: tasks / (key ? 1 : 9), labour_min: tasks * 37, spent_fen: tasks * 8_350, waited_ms: tasks * 1_260_000, blind_ms: at * 7_200_000, shares: INDICATORS.map((one, place) => share(one, at === 5 && place > 5 ? 0 : Math.round(tasks / (place > 6 ? 2 : 1.9)), at + place, told)) });
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
    burdens: mine.slice(0, 2).map((one, at) => ({ department: "sw", department_name: at ? both("城市管理与综合行政执法局（联合检查办公室）", "Urban Management and Law Enforcement Bureau (joint inspection office)") : both("水务局", "Water bureau"), community: { id: one.id, code: one.code, name: one.name }, asked: 14 - at, admitted: 9, joined: 1, returned: 3, answered: 1, waiting: 0, inspections: 2, asked_min: 2_400, cases: 9, tasks: 17, done: 15, labour_min: 1_980, late: 1, people: 11 })),
    trainings: [
      { person: { id: 3, name: both("陈电气", "Chen Dianqi") }, skill: "pump", reason: "rework", own: { part: 9, whole: 31, excused: 0 }, peers: { part: 14, whole: 190, excused: 0 }, saved: 6.7 },
      { person: { id: 4, name: both("赵志愿", "Zhao Zhiyuan") }, skill: "lift", reason: "lacking", own: { part: 8, whole: 40, excused: 0 }, peers: { part: 0, whole: 0, excused: 0 }, saved: 8 },
    ],
  };
}

export function officeRoutes({ communities }) {
  return [
    ["GET", /^\/evaluation$/, (me, m, q) => evaluation(communities, q)],
  ];
}
