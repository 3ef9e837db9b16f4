/** Photos of tasks, in the mock: kept in memory, asked for where no sensor shows the repair. */
import { HOUR, people } from "./city.mjs";

/** The smallest PNG: one grey point. */
const POINT = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==", "base64");

export function photoRoutes({ tasks, problem, found }) {
  const rows = [];
  const bytes = new Map();
  const byKey = new Map();
  function keep(task, kind, body, by, at) {
    const position = rows.filter((one) => one.task_id === task.id).length;
    const row = { task_id: task.id, position, kind, media_type: "image/jpeg", size: body.length, time_ms: at, by };
    bytes.set(`${task.id}/${position}`, body);
    rows.push({ ...row, case_id: task.case_id });
    return row;
  }
  function attach(me, id, kind, body, key) {
    const task = found(tasks.find((one) => one.id === Number(id)));
    if (task.owner?.id !== me.person || task.state === "waiting") throw problem(403, "TG-4030", "照片只能由处理该任务的人上传");
    if (!byKey.has(key)) byKey.set(key, keep(task, kind, body, me.name, Date.now()));
    return byKey.get(key);
  }
  /** As a case and its tasks show them; `item` is a case, `reasons` what was said instead of a photo. */
  function of(item, reasons = []) {
    const mine = rows.filter((one) => one.case_id === item.id);
    const needed = Boolean(item.alarm.reported);
    const shown = reasons.some(Boolean) || mine.some((one) => one.kind !== "before");
    return { photos: mine.map(({ case_id: _case, ...one }) => one), photo_needed: needed, photo_missing: needed && !shown };
  }
  const first = tasks.find((one) => one.case_id === 3 && one.kind === "handle");
  if (first) for (const kind of ["before", "before", "after"]) keep(first, kind, POINT, people.li?.name ?? people.wang.name, Date.now() - HOUR);
  const inside = [
    ["POST", /^\/tasks\/(\d+)\/photos$/, (me, [, id], q, body, request) => attach(me, id, q.get("kind"), body, request.headers["idempotency-key"])],
    ["GET", /^\/tasks\/(\d+)\/photos\/(\d+)$/, (me, [, id, at]) => ({ raw: found(bytes.get(`${id}/${at}`)) })],
  ];
  return { inside, of };
}
