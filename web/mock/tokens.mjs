/** Tokens of the mock: one that serves and is used, one that has ended. */
const DAY = 86_400_000;
const SCOPES = ["alarms:read", "cases:read", "evaluation:read", "gateways:read", "health:read", "metrics:read", "places:read", "registry:read", "rules:read", "series:read"];
const now = Date.now();
const of = (id, name, scopes, more = {}) => ({ id, shown: `tga_mock${String(id).padStart(4, "0")}`, name, scopes, created_ms: now - 12 * DAY, created_by: "manager", expires_ms: now + 78 * DAY, used_ms: now - 40_000, used_from: "10.20.0.8", ended_ms: null, serves: true, ...more });
const tokens = [of(2, "Grafana", ["series:read"]), of(1, "Night report", ["cases:read", "evaluation:read"], { used_ms: null, used_from: "", ended_ms: now - DAY, serves: false })];

export const tokenRoutes = ({ problem, found }) => [
  ["GET", /^\/tokens$/, () => ({ items: tokens, scopes: SCOPES })],
  ["POST", /^\/tokens$/, (_me, _match, _query, body) => {
    if (body.password !== "mock-mock-1") throw problem(401, "TG-4011", "用户名或密码不正确");
    const one = of(tokens.length + 1, body.name, body.scopes, { created_ms: Date.now(), used_ms: null, used_from: "", expires_ms: Date.now() + body.days * DAY });
    tokens.unshift(one);
    return { ...one, token: `${one.shown}-a-secret-of-the-mock-that-opens-nothing` };
  }],
  ["POST", /^\/tokens\/(\d+)\/end$/, (_me, match) => Object.assign(found(tokens.find((one) => one.id === Number(match[1]))), { ended_ms: Date.now(), serves: false })],
];
