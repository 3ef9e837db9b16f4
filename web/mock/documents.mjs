/** Documents of facilities, in the mock: kept in memory, a few of each to begin with. */
const DAY = 86_400_000;
const PAPER = Buffer.from("%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\ntrailer<</Root 1 0 R>>\n%%EOF\n");
const MOST_BYTES = 16 * 1024 * 1024;

/** As the server does: by the bytes. */
const kindOf = (data) => (data.subarray?.(0, 5).toString() === "%PDF-" ? "application/pdf" : data[0] === 0x89 ? "image/png" : data[0] === 0xff ? "image/jpeg" : null);

export function documentRoutes({ found, problem, byId, by }) {
  const shelves = new Map();
  const bytes = new Map();
  let next = 1;
  const keep = (name, media_type, data, more = {}) => {
    const one = { id: next++, name, media_type, size: data.length, time_ms: Date.now(), by, removed: null, ...more };
    bytes.set(one.id, data);
    return one;
  };
  const shelfOf = (facility) => {
    const f = found(byId(Number(facility)));
    if (!shelves.has(f.id)) {
      const removed = { time_ms: Date.now() - 20 * DAY, by, reason: "是另一台泵的 / of another pump" };
      shelves.set(f.id, [
        keep("潜水排污泵使用说明书（含备件清单、接线图与维护周期表，第三版）", "application/pdf", PAPER, { size: 4_812_330, time_ms: Date.now() - 30 * DAY }),
        keep("nameplate <b>left</b>", "image/jpeg", PAPER, { size: 612_004, time_ms: Date.now() - 31 * DAY }),
        keep("备件 2026", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", PAPER, { size: 18_442, time_ms: Date.now() - 45 * DAY }),
        keep("验收记录", "application/pdf", PAPER, { time_ms: Date.now() - 60 * DAY, removed }),
      ]);
    }
    return shelves.get(f.id);
  };
  function add(me, facility, name, data) {
    const media_type = kindOf(data);
    if (!media_type) throw problem(422, "TG-4220", "输入有误", "文件不是 PDF、JPEG、PNG、WebP 或 XLSX，或已损坏", "另存为其中一种格式");
    const one = keep(name, media_type, data, { by: me.name });
    shelfOf(facility).unshift(one);
    return one;
  }
  return [
    ["GET", /^\/facilities\/(\d+)\/documents$/, (me, [, id]) => ({ items: shelfOf(id).filter((one) => !one.removed), removed: shelfOf(id).filter((one) => one.removed), most: 30, most_bytes: MOST_BYTES })],
    ["POST", /^\/facilities\/(\d+)\/documents$/, (me, [, id], q, body) => add(me, id, q.get("name"), body)],
    ["GET", /^\/facilities\/(\d+)\/documents\/(\d+)$/, (me, [, id, at]) => ({ raw: found(bytes.get(found(shelfOf(id).find((one) => one.id === Number(at) && !one.removed)).id)), type: "application/pdf" })],
    ["POST", /^\/facilities\/(\d+)\/documents\/(\d+)\/removal$/, (me, [, id, at], q, body) => Object.assign(found(shelfOf(id).find((one) => one.id === Number(at))), { removed: { time_ms: Date.now(), by: me.name, reason: body.reason } })],
  ];
}
