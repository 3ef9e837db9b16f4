/** Records of facilities and a community against the standard, made up. */
import { readFileSync } from "node:fs";
const DAY = 86_400_000;
const text = (zh, en) => ({ zh, en });
const change = (id, days, by, kind, field, before, after) => ({ id, time_ms: Date.now() - days * DAY, by, kind, field, before, after });
const area = text("建筑面积", "floor area");
const item = (id, goal, name, standing, at_least, checked, amount, note, facilities) => ({
  id,
  goal,
  name,
  standing,
  at_least,
  unit: at_least === null ? "" : "m2",
  of: at_least === null ? null : area,
  checked,
  amount,
  note,
  checked_on: amount === null ? "" : "2026-05-01",
  facilities,
});

export function record(facility) {
  return {
    built: "2004-05",
    age_years: 22.1,
    owner: { kind: "village", code: "tan", name: text("谭村", "Tan village") },
    cost_book: "tan-pumps",
    component_code: "4206840101000001",
    positions: [
      { system: "WGS-84", latitude: facility.latitude, longitude: facility.longitude },
      { system: "GCJ-02", latitude: facility.latitude - 0.0024, longitude: facility.longitude + 0.0055 },
      { system: "CGCS2000", latitude: facility.latitude, longitude: facility.longitude },
    ],
    changes: [
      change(3, 2, "cli:operator", "change", text("权属单位", "owner"), "water", "tan"),
      change(2, 2, "cli:operator", "change", text("上级设施", "parent"), "", "a-board-01"),
      change(1, 90, "settings", "add", null, "", ""),
    ],
    more: false,
  };
}

export function completeness() {
  const services = text("基本公共服务设施完善", "Basic public services");
  const utilities = text("市政配套基础设施完备", "Municipal infrastructure");
  const none = text("", "");
  return {
    title: text("完整居住社区建设标准（试行）", "Standard for complete residential communities (trial)"),
    source: text("建科规〔2020〕7号", "Document Jian Ke Gui (2020) No. 7"),
    items: [
      item("service_station", services, text("社区综合服务站", "Community service station"), "meets", 800, true, 1150, none, 4),
      item("kindergarten", services, text("幼儿园", "Kindergarten"), "below", 2200, false, 1800, text("六个班", "Six classes"), 0),
      item("nursery", services, text("托儿所", "Nursery"), "lacks", 200, true, null, none, 0),
      item("elderly_station", services, text("老年服务站", "Station for the elderly"), "unmeasured", 350, false, null, none, 0),
      item("health_station", services, text("社区卫生服务站", "Community health station"), "building", 120, false, null, none, 0),
      item("networks", utilities, text("水、电、路、气、热、信等设施", "Water, power, roads, gas, heat, communication"), "seen", null, false, null, none, 31),
      item("walking", utilities, text("慢行系统", "Paths for walking and cycling"), "worn", null, false, null, text("铺装破损", "Broken paving"), 0),
      item("barrier_free", utilities, text("无障碍设施", "Barrier-free access"), "unknown", null, false, null, none, 0),
    ],
  };
}

// --- people, posts, single records ------------------------------------------------------------------------------------

const KINDS = JSON.parse(readFileSync(new URL("kinds.json", import.meta.url), "utf8"));
export const kinds = () => ({ items: KINDS });
const paper = (name, number, valid_to, standing) => ({ name, number, valid_to, standing });
const member = (id, code, name, role, community, more) => ({
  id, code, name, role, grid: role === "maintainer" ? "construction" : role === "grid_worker" ? "governance" : null,
  communities: [community], everywhere: false, supervisor: false, volunteer: false, active: true, department: null,
  skills: [], cells: [], certificates: [], leave: [], away: false, ...more,
});

export function staff(communities) {
  const [first] = communities;
  const where = { id: first.id, code: first.code, name: first.name };
  return {
    day: "2026-11-30",
    people: [
      member(11, "a-g1", text("网格员 甲", "Grid worker A"), "grid_worker", where, { cells: ["a-g-01", "a-g-02"] }),
      member(12, "a-m1", text("建管一组 乙", "Maintainer B"), "maintainer", where, {
        cells: ["a-c-01"], skills: ["electrical", "pump"], supervisor: true,
        certificates: [paper("低压电工证", "T4206", "2027-05-01", "valid"), paper("有限空间作业证", "K-118", "2026-12-20", "ending")],
        leave: [{ first_day: "2026-12-24", last_day: "2026-12-26" }],
      }),
      member(13, "a-g2", text("网格员 丙", "Grid worker C"), "grid_worker", where, {
        away: true, leave: [{ first_day: "2026-11-28", last_day: "2026-12-02" }], certificates: [paper("急救证", "", "2026-01-31", "ended")],
      }),
      member(14, "a-v1", text("志愿者 戊", "Volunteer E"), "grid_worker", where, { volunteer: true }),
    ],
    posts: [
      { code: "a-post-1", cell: "a-g-01", cell_name: text("一号网格", "Cell 1"), grid: "governance", community: where, holder: { id: 11, name: text("网格员 甲", "Grid worker A") }, since: "2024-03-01" },
      { code: "a-post-2", cell: "a-g-03", cell_name: text("三号网格", "Cell 3"), grid: "governance", community: where, holder: null, since: "2026-09-15" },
      { code: "", cell: "a-c-02", cell_name: text("建管二区", "Works 2"), grid: "construction", community: where, holder: null, since: "" },
    ],
  };
}

const SAMPLES = {
  people: { code: "a-m1", name_zh: "建管一组 乙", name_en: "Maintainer B", role: "maintainer", communities: "a", skills: "electrical pump", cells: "a-c-01", shifts: "mon-fri 08:00-12:00 14:00-18:00", supervisor: "true", certificates: "低压电工证 | T4206 | 2027-05-01; 有限空间作业证 | K-118 | 2026-12-20", leave: "2026-12-24..2026-12-26" },
  posts: { code: "a-post-2", name_zh: "三号网格员岗", name_en: "Post of cell 3", cell: "a-g-03", since: "2026-09-15" },
  facilities: { code: "a-sp-01", class: "sewage_pump", community: "a", name_zh: "一号泵站", name_en: "Pump station 1", latitude: "31.705", longitude: "112.105", provenance: "measured", built: "2004-05", owner_kind: "village", owner: "tan", cost_book: "tan-pumps", parent: "a-board-01", "attributes.rated_power_kw": "7.5" },
};
const sampleOf = (kind, code) => SAMPLES[kind] ?? { code, name_zh: "样例", name_en: "Sample" };
let mark = 1;

export function registryRecord(kind, code, communities, changed = null) {
  const [first] = communities;
  if (changed) {
    SAMPLES[kind] = Object.fromEntries(Object.entries({ ...sampleOf(kind, code), ...changed }).filter(([, value]) => value !== ""));
    mark += 1;
  }
  const fields = { ...sampleOf(kind, code) };
  if ("community" in fields) fields.community = first.code;
  return { kind, code, number: kind === "facilities" ? 3 : 12, active: true, mark: String(mark), fields, communities: [{ id: first.id, code: first.code, name: first.name }], everywhere: false, editable: true };
}

/** As the server merges, without what is one decision. */
export function mergedRecord({ base, fields }, stands) {
  const told = (field) => ({ field, base: base[field] ?? "", theirs: stands[field] ?? "", by: "manager", time_ms: Date.now() });
  const moved = [...new Set([...Object.keys(base), ...Object.keys(stands)])].filter((name) => (base[name] ?? "") !== (stands[name] ?? ""));
  const clash = (name) => name in fields && fields[name] !== (stands[name] ?? "");
  return {
    conflicts: moved.filter(clash).map((name) => ({ ...told(name), mine: fields[name], together: [name] })),
    meanwhile: moved.filter((name) => !clash(name)).map(told),
  };
}

export function recordLines(kind) {
  const fields = sampleOf(kind, "sample");
  return { items: [{ code: fields.code, name: text(fields.name_zh, fields.name_en), active: true }, { code: "b-old", name: text("已停用的记录", "A record out of use"), active: false }], next_cursor: null };
}

export function registryChanges(kind) {
  const row = (id, days, by, changed, field, before, after) => ({ ...change(id, days, by, undefined, field, before, after), change: changed, kind: kind || "people", kind_name: text("人员", "people"), code: "a-m1" });
  return { items: [row(9, 1, "manager", "change", text("请假", "leave"), "", "2026-12-24..2026-12-26"), row(8, 30, "manager", "change", text("技能", "skills"), "pump", "electrical, pump"), row(2, 400, "settings", "add", null, "", "")], before: null };
}

const square = (x, y, w, h) => [[x, y], [x + w, y], [x + w, y + h], [x, y + h], [x, y]].map(([a, b]) => [112.1 + a / 100, 31.7 + b / 100]);
const cell = (code, grid, name, ring, vacant = false) => ({ code, grid, name, ring, vacant });

export function cellShapes() {
  return {
    items: [
      cell("a-g-01", "governance", text("一号网格", "Cell 1"), square(0, 0, 1, 1)),
      cell("a-g-02", "governance", text("二号网格", "Cell 2"), square(1, 0, 1, 1)),
      cell("a-g-03", "governance", text("三号网格", "Cell 3"), square(0, 1, 2, 1), true),
      cell("a-c-01", "construction", text("建管一区", "Works 1"), square(0, 0, 1, 2)),
      cell("a-c-02", "construction", text("建管二区", "Works 2"), square(1, 0, 1, 2), true),
    ],
    faults: [],
  };
}

const finding = (kind_name, row, column, number, what, fix) => ({ kind: "facilities", kind_name, row, column, code: "", number, what, fix });
/** An upload whose name has "bad" in it is refused; any other is shown with its differences. */
export function importJob(name, state = "") {
  const bad = name.includes("bad");
  const facilities = text("设施", "facilities");
  const people = text("人员", "people");
  return {
    id: bad ? "00000000000000ba" : "0000000000000001",
    name,
    state: state || (bad ? "refused" : "shown"),
    started_ms: Date.now() - 4000,
    token: "0".repeat(64),
    counts: bad ? [] : [
      { kind: "facilities", kind_name: facilities, in_file: true, add: 1, change: 2, retire: 1 },
      { kind: "people", kind_name: people, in_file: true, add: 0, change: 0, retire: 0 },
    ],
    findings: bad ? [
      finding(facilities, 17, "F", "TG-3026", text("latitude 不是数字：'北纬'", "latitude is no number: 'north'"), text("填写 WGS-84 度数", "write degrees, WGS-84")),
      finding(people, 4, "D", "TG-3029", text("role 是 'king'，没有这个选项", "role is 'king', which is no choice"), text("改为 maintainer、grid_worker 等", "use maintainer, grid_worker and so on")),
    ] : [],
    notices: [],
    problem: null,
  };
}

const field = (name, before, after) => ({ field: name, before, after });
const difference = (code, changed, fields) => ({ kind: "facilities", kind_name: text("设施", "facilities"), code, change: changed, fields });
export function importChanges() {
  return {
    items: [
      difference("a-sp-09", "add", [field(text("中文名称", "name zh"), "", "九号泵站"), field(text("英文名称", "name en"), "", "Pump station 9")]),
      difference("a-sp-01", "change", [field(text("权属单位", "owner"), "water", "tan"), field(text("建成时间", "built"), "", "2004-05")]),
      difference("a-sp-02", "change", [field(text("上级设施", "parent"), "a-board-01", "a-board-02")]),
      difference("a-li-07", "retire", [field(text("在用", "in use"), "true", "false")]),
    ],
    more: false,
  };
}
