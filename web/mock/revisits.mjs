/** Revisits, in the mock: three calls, one answer by a link with the key `mock-revisit-token-1`, and what was said of the first case. */
import { HOUR } from "./city.mjs";

const DAY = 24 * HOUR;
const PHONE = "138 0000 0001";
const CARD = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 360 480"><rect width="360" height="480" fill="#fff"/><path transform="translate(15 6) scale(10)" d="M4 4h7v7h-7zM22 4h7v7h-7zM4 22h7v7h-7zM14 14h5v5h-5z"/></svg>');
const tokenOf = (one) => `mock-revisit-token-${one.id}`;
const shown = (one) => ({ case_code: one.case_code, say: one.say, closed_ms: one.closed_ms, ends_ms: one.ends_ms, answered: one.state === "answered" });

export function revisitRoutes({ cases, problem, found }) {
  const of = (id) => cases.find((one) => one.id === id) ?? cases.at(-1);
  const revisits = [];
  const add = (caseId, more = {}) => {
    const item = of(caseId);
    const closed_ms = Date.now() - 5 * DAY;
    const id = revisits.length + 1;
    revisits.push({ id, case_id: item.id, case_code: item.code, report_code: `R-2026-${String(100 + id).padStart(6, "0")}`, say: item.say, community: item.community, facility: item.facility, by_resident: true, state: "due", closed_ms, due_ms: closed_ms + 3 * DAY, ends_ms: closed_ms + 14 * DAY, has_phone: true, tries: 0, called_today: false, way: null, solved: null, satisfaction: null, comment: "", done_ms: null, own_repair: false, ...more });
  };
  add(1);
  add(2, { tries: 2 });
  add(4, { by_resident: false, report_code: "" });
  add(1, { own_repair: true, has_phone: false });
  add(1, { state: "answered", has_phone: false, closed_ms: Date.now() - 20 * DAY, way: "qr", solved: false, satisfaction: 2, comment: "修了两天又漏水，楼道里还有积水，老人进出不方便，希望把管子换掉。", done_ms: Date.now() - 12 * DAY });
  const byId = (id) => found(revisits.find((one) => one.id === Number(id)));
  const byToken = (token) => found(revisits.find((one) => tokenOf(one) === token && ["due", "answered"].includes(one.state)));
  function answer(one, body, way) {
    if (one.state !== "due") throw problem(409, "TG-4090", "该回访已有结果");
    Object.assign(one, { state: "answered", way, solved: body.solved, satisfaction: body.satisfaction, comment: body.comment ?? "", done_ms: Date.now() });
    return one;
  }
  function miss(one) {
    if (one.state !== "due") throw problem(409, "TG-4090", "该回访已有结果");
    return Object.assign(one, { tries: one.tries + 1, called_today: true, ...(one.tries >= 2 ? { state: "not_reached", done_ms: Date.now() } : {}) });
  }
  return {
    open: [
      ["GET", /^\/public\/revisits\/([\w-]+)$/, (me, [, token]) => shown(byToken(token))],
      ["POST", /^\/public\/revisits\/([\w-]+)$/, (me, [, token], q, body) => shown(answer(byToken(token), body, "qr"))],
    ],
    inside: [
      ["GET", /^\/revisits\/calls$/, () => ({ items: revisits.filter((one) => one.state === "due" && one.has_phone && !one.called_today) })],
      ["GET", /^\/cases\/(\d+)\/revisits$/, (me, [, id]) => ({ items: revisits.filter((one) => one.case_id === Number(id)).toReversed() })],
      ["POST", /^\/revisits\/(\d+)\/phone$/, (me, [, id]) => { byId(id); return { phone: PHONE }; }],
      ["GET", /^\/revisits\/(\d+)\/token$/, (me, [, id]) => ({ token: tokenOf(byId(id)) })],
      ["GET", /^\/revisits\/(\d+)\/card\.svg$/, (me, [, id]) => { byId(id); return { raw: CARD, type: "image/svg+xml" }; }],
      ["POST", /^\/revisits\/(\d+)\/answer$/, (me, [, id], q, body) => answer(byId(id), body, "call")],
      ["POST", /^\/revisits\/(\d+)\/not-reached$/, (me, [, id]) => miss(byId(id))],
    ],
  };
}
