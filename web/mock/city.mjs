/** A small made-up city for looking at the pages without a server. Nobody in it is real. */
export const HOUR = 3_600_000;
export const start = Date.now();

const text = (zh, en) => ({ zh, en });

const CLASSES = {
  sewage_pump: {
    name: text("污水泵", "Sewage pump"),
    points: [
      ["level", "液位", "Level", "m", "gauge", 1.2, 0.5, [[2.2, "high", "high", "sewage-high", "液位过高", "Level too high"], [0.2, "low", "medium", "sewage-dry", "水泵空转", "Pump runs dry"]]],
      ["current", "电流", "Current", "A", "gauge", 8.4, 1.8, [[14, "high", "medium", "sewage-overload", "电机过载", "Motor overloaded"]]],
      ["running", "运行", "Running", "1", "state", 0.6, 0.6, []],
    ],
    do: [text("在就地控制箱停泵", "Stop the pump at the local panel"), text("检查浮球开关是否被杂物卡住", "Check whether debris holds the float switch"), text("清理格栅后试运行 5 分钟", "Clear the screen, then run it for 5 minutes")],
  },
  indoor_air: {
    name: text("室内环境", "Indoor air"),
    points: [
      ["air_temp", "温度", "Temperature", "Cel", "gauge", 22.4, 2.2, [[28, "high", "low", "iaq-hot", "室温过高", "Room too hot"]]],
      ["co2", "二氧化碳", "CO₂", "[ppm]", "gauge", 760, 380, [[1000, "high", "low", "iaq-co2", "二氧化碳偏高", "CO₂ high"], [1100, "high", "medium", "iaq-co2", "二氧化碳过高", "CO₂ very high"]]],
      ["rh", "相对湿度", "Relative humidity", "%", "gauge", 48, 9, []],
      ["pm2_5", "细颗粒物", "PM2.5", "ug/m3", "gauge", 31, 18, []],
    ],
    do: [text("开窗或启动新风", "Open the windows or start the fresh-air unit")],
  },
  power_meter: {
    name: text("电力仪表", "Power meter"),
    points: [
      ["u_a", "A 相电压", "Voltage L1", "V", "gauge", 229, 4, [[235.4, "high", "medium", "elec-over", "电压过高", "Voltage too high"], [198, "low", "medium", "elec-under", "电压过低", "Voltage too low"]]],
      ["p_total", "总有功功率", "Total power", "kW", "gauge", 34, 14, []],
      ["residual_current", "剩余电流", "Residual current", "mA", "gauge", 120, 60, [[300, "high", "medium", "elec-residual", "剩余电流偏大", "Residual current high"]]],
      ["energy", "有功电能", "Energy", "kW.h", "counter", 182_344, 20, []],
    ],
    do: [text("逐路排查漏电回路", "Test the circuits one by one for leakage")],
  },
  water_pressure: {
    name: text("供水压力", "Water pressure"),
    points: [["pressure", "末端压力", "Pressure at the end", "MPa", "gauge", 0.26, 0.05, [[0.14, "low", "medium", "water-low", "水压不足", "Water pressure low"]]]],
    do: [text("核实上游阀门状态", "Check the valves upstream")],
  },
  lift: {
    name: text("电梯", "Lift"),
    points: [["machine_temp", "机房温度", "Machine room temperature", "Cel", "gauge", 31, 4, [[40, "high", "medium", "lift-hot", "机房过热", "Machine room too hot"]]], ["trips", "运行次数", "Trips", "1", "counter", 48_210, 30, []]],
    do: [text("检查机房通风", "Check the ventilation of the machine room")],
  },
  house_tilt: {
    name: text("老旧房屋倾斜", "Tilt of an old house"),
    points: [["tilt_x", "倾斜 X", "Tilt X", "deg", "gauge", 0.42, 0.03, [[1.15, "high", "high", "tilt-high", "倾斜超限", "Tilt beyond the limit"]]]],
    do: [text("疏散并设警戒线", "Evacuate and cordon off")],
  },
};

const PLACES = [
  ["wtl", "梧桐里", "Wutongli", "清河街道", "Qinghe Street", 8],
  ["hxy", "和心园", "Hexinyuan", "清河街道", "Qinghe Street", 7],
  ["bqc", "白桥村", "Baiqiao Village", "北河街道", "Beihe Street", 6],
];
const ORDER = ["sewage_pump", "indoor_air", "power_meter", "water_pressure", "lift", "house_tilt", "sewage_pump", "indoor_air"];
const SPOTS = [text("3 号楼北侧检查井旁", "beside the manhole north of building 3"), text("党群服务中心一楼大厅", "ground-floor hall of the service centre"), text("1 号配电室", "switch room 1"), text("5 号楼地下室", "basement of building 5"), text("2 号楼顶层机房", "machine room on top of building 2"), text("18 号院东厢房", "east wing of courtyard 18")];

export const communities = PLACES.map(([code, zh, en, streetZh, streetEn], index) => ({ id: index + 1, code, name: text(zh, en), street: text(streetZh, streetEn), latitude: 39.9 + index * 0.01, longitude: 116.3 + index * 0.02 }));
export const points = new Map();
export const facilities = [];
for (const [index, community] of communities.entries()) {
  for (let n = 0; n < PLACES[index][5]; n += 1) {
    const class_id = ORDER[n % ORDER.length];
    const klass = CLASSES[class_id];
    const id = facilities.length + 1;
    const number = String(Math.floor(n / 6) + 1).padStart(2, "0");
    const made = klass.points.map(([key, zh, en, unit, kind, base, swing, limits], at) => {
      const point = { id: id * 10 + at, key, name: text(zh, en), unit, kind, low: null, high: null, normal_low: null, normal_high: null, interval_s: 10, stale_after_s: 30, active: true, base, swing, seed: id * 7 + at, facility: id, limits: limits.map(([value, side, severity, rule_id, lzh, len]) => ({ value, kind: side, severity, rule_id, say: text(lzh, len), only_with: [] })) };
      points.set(point.id, point);
      return point;
    });
    facilities.push({
      id, class_id, class_name: klass.name, code: `${community.code}-${class_id.split("_").map((w) => w[0]).join("")}-${number}`, community: { id: community.id, code: community.code, name: community.name },
      name: text(`${community.name.zh}${number}号${klass.name.zh}`, `${community.name.en} ${klass.name.en.toLowerCase()} ${number}`),
      provenance: class_id === "indoor_air" || class_id === "power_meter" ? "recorded" : "model",
      provenance_note: class_id === "indoor_air" ? text("办公楼房间数据集", "office room data set") : class_id === "power_meter" ? text("住宅电表数据集", "household meter data set") : text("演示用物理模型", "physical model for the demo"),
      points: made, do: klass.do, address: SPOTS[n % SPOTS.length], latitude: community.latitude + n * 0.0007, longitude: community.longitude + n * 0.0004,
    });
  }
}

/** The value a point has at a time: a day's swing, some noise, and for a few points what went wrong. */
export function valueAt(point, time) {
  const day = Math.sin(((time % (24 * HOUR)) / (24 * HOUR)) * 2 * Math.PI + point.seed);
  const noise = Math.sin(time / 97_000 + point.seed * 3) * 0.4 + Math.sin(time / 23_000 + point.seed) * 0.25;
  if (point.kind === "counter") return point.base + Math.floor(((time - start) / HOUR) * point.swing);
  if (point.kind === "state") return Math.sin(time / 900_000 + point.seed) > 0.2 ? 1 : 0;
  const trouble = troubles.get(point.id);
  const rise = trouble ? Math.min(1, Math.max(0, (time - trouble.from) / (1.5 * HOUR))) * trouble.by : 0;
  return point.base + point.swing * (0.6 * day + 0.35 * noise) + rise;
}
export const troubles = new Map([
  [10, { from: start - 3 * HOUR, by: 1.4 }],
  [21, { from: start - 5 * HOUR, by: 420 }],
  [32, { from: start - 8 * HOUR, by: 230 }],
  [90, { from: start - 11 * HOUR, by: 1.3 }],
]);
/** Facility 3 lost its line for an hour and a half; facility 12 is silent since twenty minutes. */
export const gaps = new Map([[3, [[start - 9 * HOUR, start - 7.5 * HOUR, "no_data", "connection_lost"]]], [2, [[start - 13 * HOUR, start - 12.4 * HOUR, "bad", "sensor_error"]]], [12, [[start - HOUR / 3, start + 999 * HOUR, "no_data", "timeout"]]]]);
export const REASONS = { connection_lost: text("连接中断", "connection lost"), timeout: text("设备无应答", "the device did not answer"), sensor_error: text("传感器故障", "sensor error") };

export const people = { li: { id: 1, name: text("建管一组 乙", "Crew 1 B") }, wang: { id: 2, name: text("网格员 甲", "Grid worker A") }, chen: { id: 3, name: text("建管二组 丙", "Crew 2 C") } };
export const cells = (community) => ({ governance: { code: `${community.code}-g1`, name: text("第一治理网格", "Governance cell 1") }, construction: { code: `${community.code}-c1`, name: text("第一建管网格", "Construction cell 1") } });
export { text };
