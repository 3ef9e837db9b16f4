/** Other platforms, in the mock: one that sends and is sent to, one with files alone. */
import { HOUR, text } from "./city.mjs";

const SAY = { reported: text("已上报", "reported"), filed: text("已立案", "filed"), handled: text("已处置", "handled"), closed: text("已结案", "closed"), cancelled: text("作废", "cancelled"), rework: text("返工", "rework") };
const ref = ({ id, code, name }) => ({ id, code, name });
const run = (kind, age, file, rows, counts) => ({ kind, time_ms: Date.now() - age, by: "manager", file, rows, counts, unknown: kind === "import" ? { "0177 雕塑": 2 } : {} });
const sum = (list, name) => list.filter((one) => one.partner === name).length;

export function exchangeRoutes({ cases, communities, problem, page }) {
  const link = (partner, number, said, age, more = {}) => ({ partner, number, said, said_say: SAY[said], said_word: SAY[said].zh, said_ms: Date.now() - age, case_id: null, case_code: "", community: ref(communities[0]), state: null, reason: "none", distance_m: null, apart_ms: null, intake_id: null, conflict: false, ...more });
  const known = (id) => { const item = cases.find((one) => one.id === id); return { case_id: item.id, case_code: item.code, community: item.community }; };
  const numbers = [
    link("city", "G-2026-0047", "filed", 2 * HOUR, { intake_id: 2 }),
    link("hotline-12345", "HX20261129000318", "reported", 20 * HOUR, { intake_id: 3, said_word: "待办理（群众再次来电催办）", community: ref(communities[1]) }),
    link("city", "G-2026-0032", "cancelled", 5 * HOUR, { ...known(2), state: "handling", reason: "near", distance_m: 41.3, apart_ms: 3 * HOUR, conflict: true }),
    link("city", "G-2026-0017", "filed", 30 * HOUR, { ...known(1), state: "handling", reason: "same_facility", distance_m: 0, apart_ms: HOUR }),
  ];
  const message = (id, state, more = {}) => ({ id, partner: "city", number: "G-2026-0017", case_code: cases[0].code, kind: "state", state, state_say: SAY[state], time_ms: Date.now() - 8 * 24 * HOUR, delivery: "given_up", next_ms: null, attempts: 342, unsure: false, error: "", done_ms: Date.now() - 24 * HOUR, done_by: "", ...more });
  const messages = [
    message(204, "handled", { error: "HTTP 503: upstream connect error or disconnect/reset before headers; reset reason: connection timeout" }),
    message(198, "filed", { number: "", kind: "case", attempts: 1, unsure: true, error: "code 40013: 事件编码 0506 不在目录中" }),
  ];
  const partner = (name, more) => ({ name, sends: "nothing", numbers: 3, at_gate: sum(numbers.filter((one) => one.intake_id !== null), name), conflicts: sum(numbers.filter((one) => one.conflict), name), waiting: 0, oldest_ms: null, given_up: sum(messages.filter((one) => one.delivery === "given_up"), name), paused_until_ms: null, heard_ms: null, last_error: "", runs: [], ...more });
  const partners = () => [
    partner("city", { sends: "linked", numbers: 1_204, waiting: 3, oldest_ms: Date.now() - 40 * 60_000, paused_until_ms: Date.now() + 4 * 60_000, heard_ms: Date.now() - 90_000, last_error: "HTTP 503: upstream connect error", runs: [run("export", 26 * HOUR, "2026-11-29.csv", 88, { cases: 88 })] }),
    partner("hotline-12345", { runs: [run("import", 4 * HOUR, "市民热线工单导出（梧桐里、白桥村）-2026年11月第四周.xlsx", 146, { filed: 61, linked: 34, waits: 1, refused: 7, changed: 12, known: 31, ended: 0 })] }),
  ];
  function settle(id, delivery, me) {
    const one = messages.find((each) => each.id === Number(id) && each.delivery === "given_up");
    if (!one) throw problem(404, "TG-4040", "找不到");
    Object.assign(one, { delivery, done_by: me.username });
    return {};
  }
  return [
    ["GET", /^\/exchange$/, () => ({ items: partners() })],
    ["GET", /^\/exchange\/numbers$/, (me, m, q) => page(numbers.filter((one) => (q.get("waits") !== "true" || one.intake_id !== null) && (q.get("conflicts") !== "true" || one.conflict) && (!q.get("partner") || one.partner === q.get("partner"))), q)],
    ["GET", /^\/exchange\/messages$/, (me, m, q) => page(messages.filter((one) => !q.get("delivery") || one.delivery === q.get("delivery")), q)],
    ["POST", /^\/exchange\/messages\/(\d+)\/retry$/, (me, [, id]) => settle(id, "waiting", me)],
    ["POST", /^\/exchange\/messages\/(\d+)\/dismiss$/, (me, [, id]) => settle(id, "dismissed", me)],
  ];
}
