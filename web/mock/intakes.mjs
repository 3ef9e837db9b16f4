/** What comes in without an alarm, in the mock: a table of events, a gate of few words, and photos in memory. */
import { HOUR, communities, facilities, people, text } from "./city.mjs";

const CATEGORIES = { utilities: text("公用设施", "Public utilities"), traffic: text("道路交通", "Roads and traffic"), environment: text("市容环境", "Cleanliness and surroundings"), emergency: text("突发事件", "Emergencies"), order: text("街面秩序", "Order in the street"), other: text("其他", "Other") };
const ANYBODY = ["worker", "resident", "department"];
const event = (key, category, severity, zh, en, { sources = ANYBODY, classes = [], duty = "grid" } = {}) => ({ key, category, severity, say: text(zh, en), sources, classes, duty });
const EVENTS = [
  event("well_level", "utilities", "medium", "排水堵塞、溢流", "Drain blocked or overflowing", { classes: ["sewage_pump"] }),
  event("road_water", "emergency", "high", "道路积水", "Road under water"),
  event("water_network_burst", "emergency", "critical", "供水管道破裂", "Water main burst"),
  event("lift_car", "emergency", "critical", "电梯困人或停梯", "Lift has stopped, perhaps with somebody inside", { classes: ["lift"] }),
  event("house_crack", "utilities", "medium", "房屋外立面裂缝", "Crack in the wall of a building", { classes: ["house_tilt"] }),
  event("falling_object", "emergency", "high", "高空坠物隐患", "Something may fall from a building"),
  event("fire_lane", "order", "high", "占用消防通道", "Fire lane blocked"),
  event("wire_charging", "order", "medium", "飞线充电", "Charging by a loose wire"),
  event("road_hole", "traffic", "medium", "路面破损、塌陷", "Road surface broken or sunk"),
  event("refuse", "environment", "low", "垃圾堆积", "Refuse piles up"),
  event("other", "other", "low", "其他问题", "Something else"),
  event("visit", "other", "info", "入户走访、摸排", "Visit the households", { sources: ["department"] }),
  event("assist", "other", "info", "协助部门工作", "Help a department with its work", { sources: ["department"], duty: "unclear" }),
  event("certificate", "other", "info", "开具证明", "Issue certificates", { sources: ["department"], duty: "department" }),
  event("statistics", "other", "info", "报送数据、台账", "Report figures and ledgers", { sources: ["department", "inspection"], duty: "log" }),
  event("work_report", "other", "info", "工作汇报、考核材料", "Report on the work for an assessment", { sources: ["inspection"], duty: "log" }),
];
const DEPARTMENTS = [["csgl", text("城市管理局", "Urban management bureau")], ["hb", text("生态环境局", "Environment bureau")], ["wj", text("卫生健康局", "Health bureau")]].map(([code, name]) => ({ code, name }));
/** The department of `hb.one`. */
const OWN = "hb";
const REASONS = { free: text("没有重复，属于网格职责，负担在限度之内", "no duplicate, the grids' duty, and within what they can bear"), urgent: text("紧急事项不排队", "what is urgent is never held back"), same_facility: text("该设施同一事项已有未结案件", "a case of this is open at this facility"), likely: text("可能与未结案件相同", "an open case may be about the same"), not_their_duty: text("属于部门自身职责，不下派网格", "the department must do this itself; it is not handed down"), unclear_duty: text("职责不明", "whose duty it is, is not settled"), in_the_log: text("案件记录即可答复，无需另报", "the case log answers it; nobody has to report anything"), unchecked: text("居民反映，须先核实", "a resident's report is looked at first"), by_hand: text("由受理人决定", "a gatekeeper decided"), given_back: text("转办后退回受理", "back from the department it was referred to") };
const URGENT = new Set(["critical", "high"]);
const view = ({ key, say, severity, category }) => ({ key, say, severity, category, category_name: CATEGORIES[category], urgent: URGENT.has(severity) });
/** The smallest PNG: one grey point. */
const POINT = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==", "base64");

const keyOf = (request) => request.headers["idempotency-key"];
const receipt = (item) => ({ id: item.id, code: item.code, urgent: URGENT.has(item.severity) });
const eventOf = (key) => EVENTS.find((one) => one.key === key) ?? EVENTS.find((one) => one.key === "other");
const ref3 = (c) => ({ id: c.id, code: c.code, name: c.name });
const log = (community) => ({ community, from_ms: Date.now() - 30 * 24 * HOUR, to_ms: Date.now(), filed: 42, closed: 35, cancelled: 2, still_open: 5, in_time: 33, late: 4, rework: 3, labour_min: 2_310, by_event: { well_level: 12, road_hole: 9, other: 21 }, by_source: { alarm: 20, worker: 15, resident: 7 } });
const DAY = 24 * HOUR;
/** What residents are asked of their reports. */
const ASKED = new WeakMap();
const stage = { wait: "received", admit: "on_the_way", join: "on_the_way", return: "declined", answer: "declined", refer: "received", taken: "referred" };
const state = (item) => ({ code: item.code, say: item.say, place: item.facility.name, time_ms: item.time_ms, stage: ASKED.has(item) ? "done" : stage[item.verdict], known: item.verdict === "join", changed_ms: ASKED.get(item)?.closed_ms ?? item.decided_ms, words: item.ruling, photos: item.photos.length, revisit: ASKED.get(item) ?? null });
const burden = () => ({ from_ms: Date.now() - 30 * 24 * HOUR, to_ms: Date.now(), items: DEPARTMENTS.flatMap((department, d) => communities.slice(0, 2).map((c, i) => ({ department: department.code, department_name: department.name, community: ref3(c), asked: 14 - 4 * d - i, admitted: 7 - 2 * d, joined: 1, returned: 3 - d, answered: 2, waiting: 1, referred: 1, inspections: 2 - d, asked_min: 2_400 - 700 * d, cases: 7 - 2 * d, tasks: 12 - 3 * d, done: 9 - 3 * d, labour_min: 1_180 - 300 * d, late: 1, people: 6 }))) });
const resident = text("居民", "A resident");
function decided(me, item, verdict, words, department = DEPARTMENTS.find((one) => one.code === item.referred)) {
  const by = verdict === "wait" ? "given_back" : "by_hand";
  const has = ["refer", "taken"].includes(verdict);
  item.steps.push({ time_ms: Date.now(), by: me.name, before: item.verdict, after: verdict, department_name: department?.name ?? null, words });
  Object.assign(item, { verdict, ruling: words, decided_ms: Date.now(), decided_by: me.name, referred: has ? department.code : "", referred_name: has ? department.name : null, reasons: [...item.reasons.filter((one) => !["by_hand", "given_back"].includes(one.key)), { key: by, say: REASONS[by] }] });
}
export function intakeRoutes({ cases, ref, problem, found, page, openReported }) {
  const intakes = [];
  const byKey = new Map();
  const photos = new Map();
  const places = new Map();
  const withCode = (code) => found(facilities.find((f) => f.code === code));
  const near = (f, key) => cases.filter((c) => c.open && f && c.facility.id === f.id).map((c) => ({ c, same: c.family === key }));

  function gate(source, kind, f) {
    const known = near(f, kind.key).find((one) => one.same);
    if (kind.duty === "department") return { verdict: "return", reasons: ["not_their_duty"] };
    if (kind.duty === "log") return { verdict: "answer", reasons: ["in_the_log"] };
    if (known) return { verdict: "join", reasons: ["same_facility"], case: known.c };
    if (URGENT.has(kind.severity)) return { verdict: "admit", reasons: ["urgent"] };
    if (source === "resident") return { verdict: "wait", reasons: [...(near(f, kind.key).length > 0 ? ["likely"] : []), "unchecked"] };
    return kind.duty === "unclear" ? { verdict: "wait", reasons: ["unclear_duty"] } : { verdict: "admit", reasons: ["free"] };
  }

  function file({ source, body, by, facility = null, community, at = Date.now() }) {
    const kind = eventOf(body.event);
    const said = gate(source, kind, facility);
    const reasons = said.reasons.map((key) => ({ key, say: REASONS[key] }));
    const department = DEPARTMENTS.find((one) => one.code === body.department);
    const item = { id: intakes.length + 1, code: `R-2026-${String(intakes.length + 1).padStart(6, "0")}`, source, event: kind.key, say: kind.say, severity: kind.severity, verdict: said.verdict, reasons, community, facility: facility && ref(facility), longitude: facility?.longitude ?? body.longitude ?? null, latitude: facility?.latitude ?? body.latitude ?? null, words: body.words, department: department?.code ?? "", department_name: department?.name ?? null, ref: body.ref ?? "", minutes: body.minutes ?? 0, time_ms: at, by, case_id: null, case_code: "", candidates: near(facility, kind.key).map(({ c }) => c.id), figures: { cell_open: 9, cell_people: 2, community_open: 31, community_people: 6, department_given: department ? 7 : 0 }, decided_ms: at, decided_by: text("系统", "System"), ruling: "", referred: "", referred_name: null, steps: [], answer: said.verdict === "answer" ? log(community) : null, photos: [] };
    item.steps.push({ time_ms: at, by: item.decided_by, before: null, after: item.verdict, department_name: null, words: "" });
    intakes.unshift(item);
    follow(item, said.case, facility);
    return item;
  }
  function follow(item, into, facility) {
    if (item.verdict === "admit" && !into && facility) into = openReported(facility, eventOf(item.event));
    if (into) Object.assign(item, { case_id: into.id, case_code: into.code });
  }
  function once(key, make) {
    if (!byKey.has(key)) byKey.set(key, make());
    return byKey.get(key);
  }
  function attach(id, body, key) {
    const item = found(intakes.find((one) => one.id === Number(id)));
    if (byKey.get(key) !== item) throw problem(404, "TG-4040", "找不到");
    const position = item.photos.length;
    photos.set(`${id}/${position}`, body);
    item.photos.push({ position, media_type: "image/jpeg", size: body.length });
    return item.photos[position];
  }
  const place = (body) => {
    const facility = body.facility ? facilities.find((f) => f.id === body.facility) : body.facility_code ? withCode(body.facility_code) : null;
    return { facility, community: facility?.community ?? ref3(found(communities.find((c) => c.id === body.community))) };
  };
  const report = (source, f, words, key, age) => file({ source, body: { event: key, words }, by: source === "resident" ? resident : people.wang.name, facility: facilities[f], community: facilities[f].community, at: Date.now() - age });
  const task = (source, body, age) => file({ source, body, by: text("总值班", "City duty"), community: ref3(communities[0]), at: Date.now() - age });

  function begin() {
    const first = report("worker", 2, "配电箱门关不严，里面有水迹，附近有小孩玩耍。", "other", 3 * HOUR);
    for (const position of [0, 1]) { photos.set(`${first.id}/${position}`, POINT); first.photos.push({ position, media_type: "image/png", size: POINT.length }); }
    Object.assign(first, { verdict: "join", case_id: 3, case_code: "C-2026-000003" });
    const waiting = report("resident", 0, "泵房门口一直冒水，味道很大，已经三天了，老人出门要踩着砖头过去，希望尽快来人看看。", "well_level", 40 * 60_000);
    photos.set(`${waiting.id}/0`, POINT);
    waiting.photos.push({ position: 0, media_type: "image/png", size: POINT.length });
    task("department", { event: "assist", words: "协助核对辖区内餐饮门店油烟净化设备台账，逐户拍照并于周五前上报。", department: "hb", ref: "〔2026〕7号", minutes: 960 }, 26 * HOUR);
    task("department", { event: "certificate", words: "开具居住证明", department: "wj", ref: "〔2026〕31号", minutes: 30 }, 50 * HOUR);
    const referred = report("resident", 3, "河边有人倒油漆桶，水面发白，有刺鼻气味，请环保部门来看。", "other", 20 * HOUR);
    decided({ name: text("管理者 丁", "Manager D") }, referred, "refer", "属于生态环境职责，社区没有执法权。", DEPARTMENTS.find((one) => one.code === OWN));
    task("department", { event: "visit", words: "入户发放秸秆禁烧告知书，每户签收。", department: OWN, ref: "〔2026〕5号", minutes: 600 }, 90 * HOUR);
    task("department", { event: "statistics", words: "上报本季度噪声投诉数量。", department: OWN, ref: "〔2026〕6号", minutes: 60 }, 120 * HOUR);
    task("inspection", { event: "work_report", words: "季度网格工作考核材料", department: "csgl", ref: "〔2026〕12号", minutes: 480 }, 74 * HOUR);
    // Closed two days ago: whoever has the key `mock-report-key-9` or `-10` is asked about it.
    for (const facility of [1, 2]) {
      const over = report("resident", facility, "楼道灯不亮，晚上看不见台阶。", "other", 4 * DAY);
      over.verdict = "admit";
      ASKED.set(over, { closed_ms: Date.now() - 2 * DAY, ends_ms: Date.now() + 12 * DAY, answered: false });
      byKey.set(`mock-report-key-${over.id}`, over);
    }
  }
  const bare = (query) => intakes.filter((one) => (!query.get("verdict") || one.verdict === query.get("verdict")) && (!query.get("source") || one.source === query.get("source")) && (!query.get("department") || one.department === query.get("department")) && (!query.get("community") || one.community.id === Number(query.get("community"))) && (!query.get("case") || one.case_id === Number(query.get("case"))));
  /** As a case and its tasks show them. */
  const seen = (id) => intakes.filter((one) => one.case_id === id).map((one) => ({ id: one.id, code: one.code, source: one.source, say: one.say, words: one.words, time_ms: one.time_ms, by: one.by, department: one.department, ref: one.ref, longitude: one.longitude, latitude: one.latitude, photos: one.photos.map((photo) => photo.position) }));
  const known = (query) => {
    const f = facilities.find((one) => one.id === Number(query.get("facility")));
    return { items: near(f, query.get("event")).map(({ c, same }) => ({ id: c.id, code: c.code, say: c.say, severity: c.severity, state: c.state, facility: c.facility, opened_ms: c.opened_ms, same, distance_m: 0 })) };
  };
  /** As a department sees one of its own. */
  const own = (one) => {
    const c = cases.find((other) => other.id === one.case_id);
    const { id, code, source, event: key, say, severity, verdict, reasons, community, facility, longitude, latitude, words, ref: paper, minutes, time_ms, decided_ms, ruling, referred_name, answer, photos: shots } = one;
    return { id, code, own: one.department === OWN, source, event: key, say, severity, verdict, reasons, community, facility, longitude, latitude, words, handed_down_by: one.department_name, ref: paper, minutes, time_ms, decided_ms, ruling, referred_name, steps: one.steps.map(({ by: _by, ...rest }) => rest), case: c ? { code: c.code, state: c.state, ended_ms: null, late: false } : null, answer, photos: shots };
  };
  const mine = (query) => intakes.filter((one) => (query.get("show") === "referred" ? one.referred === OWN : one.department === OWN)).map(own);
  function answered(me, id, body) {
    const item = found(intakes.find((one) => one.id === Number(id) && one.referred === OWN));
    if (item.verdict !== "refer") throw problem(409, "TG-4090", "已经决定过了", "", "请刷新");
    if (!body.take && !body.words?.trim()) throw problem(422, "TG-4220", "需要说明原因");
    decided(me, item, body.take ? "taken" : "wait", body.words || (body.take ? item.ruling : ""));
    return own(item);
  }
  function rule(me, id, body) {
    const item = found(intakes.find((one) => one.id === Number(id)));
    const calledBack = item.verdict === "refer" && body.verdict === "wait";
    if (item.verdict !== "wait" && !calledBack) throw problem(409, "TG-4090", "已经决定过了", "", "请刷新");
    if (["return", "answer", "refer", "wait"].includes(body.verdict) && !body.words?.trim()) throw problem(422, "TG-4220", "需要说明原因");
    decided(me, item, body.verdict, body.words ?? "", DEPARTMENTS.find((one) => one.code === body.department));
    if (body.event) Object.assign(item, { event: body.event, say: eventOf(body.event).say });
    follow(item, body.verdict === "join" ? found(cases.find((c) => c.id === body.case)) : null, facilities.find((f) => f.id === item.facility?.id) ?? facilities[0]);
    return item;
  }

  function publicReport(body, key) {
    const facility = withCode(body.facility_code);
    return once(key, () => {
      const before = places.get(facility.id) ?? 0;
      if (before >= 5) throw Object.assign(problem(429, "TG-4292", "反映过于频繁", "", "请稍后再试；有人身危险请先拨打 110、119 或 120。"), { headers: { "retry-after": "300" } });
      places.set(facility.id, before + 1);
      return file({ source: "resident", body, by: resident, facility, community: facility.community });
    });
  }
  function revisited(item, id, body) {
    const asked = ASKED.get(found(item?.id === Number(id) ? item : null));
    if (found(asked).answered) throw problem(409, "TG-4090", "该回访已有结果");
    if (body.solved) ASKED.set(item, { ...asked, answered: true });
    else ASKED.delete(item);
    return item;
  }
  const open = [
    ["GET", /^\/public\/places\/([\w.-]+)$/, (me, [, code]) => { const f = withCode(code); return { code, name: f.name, class_name: f.class_name, community: f.community.name, events: EVENTS.filter((one) => one.sources.includes("resident") && (one.classes.length === 0 || one.classes.includes(f.class_id))).map(view) }; }],
    ["POST", /^\/public\/reports$/, (me, m, q, body, request) => receipt(publicReport(body, keyOf(request)))],
    ["GET", /^\/public\/reports\/(\d+)$/, (me, [, id], q, body, request) => { const item = byKey.get(keyOf(request)); return state(found(item?.id === Number(id) ? item : null)); }],
    ["POST", /^\/public\/reports\/(\d+)\/revisit$/, (me, [, id], q, body, request) => state(revisited(byKey.get(keyOf(request)), id, body))],
    ["POST", /^\/public\/reports\/(\d+)\/photos$/, (me, [, id], q, body, request) => attach(id, body, keyOf(request))],
  ];
  const inside = [
    ["GET", /^\/events$/, (me, m, q) => { const f = facilities.find((one) => one.id === Number(q.get("facility"))); return { items: EVENTS.filter((one) => one.sources.includes(q.get("source")) && (!f || one.classes.length === 0 || one.classes.includes(f.class_id))).map(view) }; }],
    ["POST", /^\/reports$/, (me, m, q, body, request) => once(keyOf(request), () => file({ source: "worker", body, by: me.name, ...place(body) }))],
    ["POST", /^\/handed-down$/, (me, m, q, body, request) => once(keyOf(request), () => file({ source: body.source, body, by: me.name, ...place(body) }))],
    ["GET", /^\/known-cases$/, (me, m, q) => known(q)],
    ["GET", /^\/intakes$/, (me, m, q) => page(bare(q), q)],
    ["GET", /^\/intakes\/(\d+)$/, (me, [, id]) => found(intakes.find((one) => one.id === Number(id)))],
    ["POST", /^\/intakes\/(\d+)\/ruling$/, (me, [, id], q, body) => rule(me, id, body)],
    ["POST", /^\/intakes\/(\d+)\/photos$/, (me, [, id], q, body, request) => attach(id, body, keyOf(request))],
    ["GET", /^\/intakes\/(\d+)\/photos\/(\d+)$/, (me, [, id, at]) => ({ raw: found(photos.get(`${id}/${at}`)) })],
    ["GET", /^\/department\/events$/, (me, m, q) => ({ items: EVENTS.filter((one) => one.sources.includes(q.get("source"))).map(view) })],
    ["POST", /^\/department\/handed-down$/, (me, m, q, body, request) => own(once(keyOf(request), () => file({ source: body.source, body: { ...body, department: OWN }, by: me.name, ...place(body) })))],
    ["GET", /^\/department\/intakes$/, (me, m, q) => page(mine(q), q)],
    ["POST", /^\/department\/intakes\/(\d+)\/referral$/, (me, [, id], q, body) => answered(me, id, body)],
    ["POST", /^\/department\/intakes\/(\d+)\/photos$/, (me, [, id], q, body, request) => attach(id, body, keyOf(request))],
    ["GET", /^\/department\/intakes\/(\d+)\/photos\/(\d+)$/, (me, [, id, at]) => ({ raw: found(photos.get(`${id}/${at}`)) })],
    ["GET", /^\/department\/burden$/, () => { const all = burden(); return { ...all, items: all.items.filter((one) => one.department === OWN) }; }],
    ["GET", /^\/burden$/, burden],
    ["GET", /^\/communities\/(\d+)\/case-log$/, (me, [, id]) => log(ref3(found(communities.find((c) => c.id === Number(id)))))],
    ["GET", /^\/departments$/, () => ({ items: DEPARTMENTS })],
  ];
  begin();
  return { open, inside, seen };
}
