/** Webhooks of the mock: one that is told, one that was disabled, one that has ended. */
const HOUR = 3_600_000;
const now = Date.now();
const of = (id, name, more = {}) => ({ id, name, url: "https://ops.example.com/twingrid", events: ["case.opened", "case.ended"], communities: [], state: "active", created_ms: now - 300 * HOUR, created_by: "admin", changed_ms: now - 300 * HOUR, overlaps_until_ms: null, failing_since_ms: null, accepted_ms: now - 60_000, last_ms: now - 60_000, last_outcome: "accepted", last_detail: "204", waiting: 0, given_up: 0, ...more });
const webhooks = [
  of(3, "值班平台 Duty desk"),
  of(2, "Chat of the property company", { url: "https://chat.example.com/hooks/9d1f/a-long-way-that-goes-on-and-on-and-on-until-it-ends", events: ["alarm.opened", "alarm.ended"], communities: [1], state: "disabled", failing_since_ms: now - 80 * HOUR, accepted_ms: now - 81 * HOUR, last_outcome: "unreachable", last_detail: "connection refused", waiting: 12, given_up: 1 }),
  of(1, "Old desk", { state: "ended" }),
];
const body = (type) => JSON.stringify({ type, timestamp: new Date(now - HOUR).toISOString(), data: { case: "C-2026-000031", from: "", state: "filed", action: "opened", by: "system", facility: "a-sp-01", community: "a", severity: "high", rule: "pump-dry", title: { zh: "水泵干转", en: "Pump runs dry" } } });
const message = (id, type, delivery, more = {}) => ({ id, key: `msg-3-case-${id}`, type, at_ms: now - id * 600_000, delivery, attempts: 1, next_ms: null, done_ms: now - id * 600_000 + 900, error: "", body: body(type), ...more });
const messages = [
  message(1, "case.opened", "waiting", { attempts: 3, next_ms: now + 300_000, done_ms: null, error: "busy 503 Service Unavailable" }),
  message(2, "case.ended", "given_up", { attempts: 190, error: "refused 400 Bad Request" }),
  ...Array.from({ length: 25 }, (_, i) => message(i + 3, i % 2 ? "case.ended" : "case.opened", "sent")),
];
const MOVES = { pause: "paused", resume: "active", end: "ended" };

export const webhookRoutes = ({ problem, found }) => {
  const one = (match) => found(webhooks.find((hook) => hook.id === Number(match[1])));
  const sure = (sent) => {
    if (sent.password !== "mock-mock-1") throw problem(401, "TG-4011", "用户名或密码不正确");
  };
  const secret = { secret: "whsec_bW9jay1zZWNyZXQtdGhhdC1zaWducy1ub3RoaW5n" };
  return [
    ["GET", /^\/webhooks$/, () => ({ items: webhooks })],
    ["POST", /^\/webhooks$/, (_me, _match, _query, sent) => {
      sure(sent);
      const { name, url, events, communities } = sent;
      const made = of(webhooks.length + 1, name, { url, events, communities, created_ms: Date.now(), accepted_ms: null, last_ms: null, last_outcome: "", last_detail: "" });
      webhooks.unshift(made);
      return { ...made, ...secret };
    }],
    ["PUT", /^\/webhooks\/(\d+)$/, (_me, match, _query, sent) => {
      sure(sent);
      const { name, url, events, communities } = sent;
      return Object.assign(one(match), { name, url, events, communities });
    }],
    ["POST", /^\/webhooks\/(\d+)\/secret$/, (_me, match, _query, sent) => {
      sure(sent);
      return { ...Object.assign(one(match), { overlaps_until_ms: Date.now() + 24 * HOUR }), ...secret };
    }],
    ["POST", /^\/webhooks\/(\d+)\/state$/, (_me, match, _query, sent) => Object.assign(one(match), { state: MOVES[sent.event], failing_since_ms: null })],
    ["POST", /^\/webhooks\/(\d+)\/test$/, (_me, match) => (one(match).id === 2 ? { outcome: "unreachable", code: "", detail: "connection refused" } : { outcome: "accepted", code: "204", detail: "" })],
    ["GET", /^\/webhooks\/(\d+)\/messages$/, (_me, match) => ({ items: one(match).id === 3 ? messages : [] })],
    ["POST", /^\/webhooks\/(\d+)\/messages\/(\d+)\/retry$/, (_me, match) => Object.assign(found(messages.find((sent) => sent.id === Number(match[2]))), { delivery: "waiting", error: "", attempts: 0 })],
  ];
};
