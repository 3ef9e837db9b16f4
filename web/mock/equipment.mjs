/** The list and tree of all facilities, lengthened by MOCK_FACILITIES, and saved views; made up. */
const RANK = { fault: 0, attention: 1, unseen: 2, ok: 3 };
const KEYS = {
  health: (one) => [RANK[one.health], -one.open_alarms],
  code: (one) => [one.code],
  name: (one) => [one.name.zh],
  class: (one) => [one.class_name.zh],
  community: (one) => [one.community.id],
  alarms: (one) => [-one.open_alarms],
  cases: (one) => [-one.open_cases],
};

function compare(a, b) {
  for (const [at, left] of a.entries()) if (left !== b[at]) return left < b[at] ? -1 : 1;
  return 0;
}

const numbered = (name, more) => `${name.replace(/\d+/, "")}${more}`;
const counts = (some) => Object.fromEntries(["fault", "attention", "unseen", "ok"].map((h) => [h, some.filter((one) => one.health === h).length]));
const inOrder = (some, q) => {
  const key = KEYS[q.get("order") || "health"];
  const sorted = some.toSorted((a, b) => compare([...key(a), a.code], [...key(b), b.code]));
  return q.get("backward") === "true" ? sorted.toReversed() : sorted;
};

export function equipmentRoutes({ facilities, summary, communities }) {
  const many = Number(process.env.MOCK_FACILITIES ?? 0);
  const views = new Map();
  const others = Array.from({ length: Math.max(0, many - facilities.length) }, (_, at) => {
    const like = facilities[at % facilities.length];
    const number = String(at + 1).padStart(5, "0");
    return { ...summary(like), health: at % 97 === 0 ? "unseen" : "ok", worst: null, open_alarms: 0, open_cases: 0, code: `${like.code}-${number}`, name: { zh: numbered(like.name.zh, number), en: numbered(like.name.en, number) } };
  });
  const everything = () => [...facilities.map(summary), ...others];
  const first = new Map(communities.map((c) => [c.id, facilities.find((f) => f.community.id === c.id).id]));
  const parent = (one) => (first.get(one.community.id) === one.id ? null : first.get(one.community.id));
  const supplies = (one) => (parent(one) === null ? facilities.filter((f) => f.community.id === one.community.id).length - 1 : 0);
  const chosen = (q) =>
    everything().filter(
      (one) =>
        (!q.get("class") || one.class_id === q.get("class")) &&
        (!q.get("community") || one.community.id === Number(q.get("community"))) &&
        (!q.get("parent") || parent(one) === Number(q.get("parent"))) &&
        (q.get("roots") !== "true" || parent(one) === null) &&
        (!q.get("q") || `${one.code} ${one.name.zh} ${one.name.en}`.toLowerCase().includes(q.get("q").toLowerCase())),
    );
  const own = (me, page) => ({ items: (views.get(`${me.username} ${page}`) ?? []).toSorted((a, b) => (a.name < b.name ? -1 : 1)) });
  const without = (me, page, name) => (views.get(`${me.username} ${page}`) ?? []).filter((one) => one.name !== name);
  return [
    ["GET", /^\/equipment$/, (me, m, q) => {
      const found = chosen(q);
      const lines = inOrder(found.filter((one) => !q.get("health") || one.health === q.get("health")), q);
      const offset = Number(q.get("offset") ?? 0);
      return { total: lines.length, offset, counts: counts(found), items: lines.slice(offset, offset + Number(q.get("limit") ?? 100)).map((one) => ({ ...one, supplies: supplies(one) })) };
    }],
    ["GET", /^\/equipment\/tree$/, () => ({
      items: communities.map((c) => {
        const here = everything().filter((one) => one.community.id === c.id);
        const classes = [...new Map(here.map((one) => [one.class_id, one.class_name]))];
        return { community: { id: c.id, code: c.code, name: c.name }, counts: counts(here), classes: classes.map(([class_id, name]) => { const some = here.filter((one) => one.class_id === class_id); const { ok: _ok, ...ill } = counts(some); return { class_id, name, total: some.length, ...ill }; }) };
      }),
    })],
    ["GET", /^\/equipment\/file\/(csv|xlsx)$/, (me, [, form], q) => ({ raw: Buffer.from(`\uFEFF${inOrder(chosen(q), q).map((one) => [one.code, one.name.zh].join(",")).join("\r\n")}`), type: form === "csv" ? "text/csv" : "application/octet-stream" })],
    ["GET", /^\/saved-views$/, (me, m, q) => own(me, q.get("page"))],
    ["PUT", /^\/saved-views$/, (me, m, q, body) => { views.set(`${me.username} ${body.page}`, [...without(me, body.page, body.name), { name: body.name, query: body.query, kept_ms: Date.now() }]); return own(me, body.page); }],
    ["DELETE", /^\/saved-views$/, (me, m, q) => { views.set(`${me.username} ${q.get("page")}`, without(me, q.get("page"), q.get("name"))); return own(me, q.get("page")); }],
  ];
}
