/** Records of facilities and a community against the standard, made up. */
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
