/** Notifications of the mock: three channels, one of them wrongly set up, and two messages that nobody took. */
import { people, text } from "./city.mjs";

const attempt = (outcome, code, detail, age, test = false) => ({ at_ms: Date.now() - age, outcome, code, detail, messages: 1, test });
const channel = (name, kind, personal, per_minute, ways, last, more = {}) => ({ name, kind, personal, per_minute, ways, waiting: 0, oldest_ms: null, paused_until_ms: null, accepted_ms: last?.outcome === "accepted" ? last.at_ms : null, last, ...more });
const channels = [
  channel("ops-room", "dingtalk", false, 20, ["app"], attempt("accepted", "0", "", 42_000)),
  channel("sms", "aliyun_sms", true, 1, ["sms", "phone"], attempt("misconfigured", "isv.AMOUNT_NOT_ENOUGH", "isv.AMOUNT_NOT_ENOUGH: 账户余额不足", 90_000), { waiting: 4, oldest_ms: Date.now() - 90_000, paused_until_ms: Date.now() + 510_000, accepted_ms: Date.now() - 7_200_000 }),
  channel("mail", "email", true, 0, ["app"], null),
];
const lost = (id, outcome, detail, way, via) => ({ id, person: people.li, way, channel: via, ref: "7", title: text("新任务｜严重｜集水井液位过高", "New task | High | Sump level too high"), outcome, detail, created_ms: Date.now() - 3_600_000, given_up_ms: Date.now() - 600_000 });
const undelivered = [lost(1, "refused", "isv.MOBILE_NUMBER_ILLEGAL", "sms", "sms"), lost(2, "no_channel", "", "phone", "")];
const wishes = new Map();
/** To a person a message about a task; tests of anybody, who looks being nobody else here. */
const told = (me) => [
  ...channels.filter((one) => one.last?.test && one.last.outcome === "accepted").map((one) => ({ at_ms: one.last.at_ms, title: text("测试通知", "Test notification"), body: text("双网格的通知渠道工作正常", "This channel of Twingrid works"), ref: "", channel: one.name })),
  ...(me.person === null ? [] : [{ at_ms: Date.now() - 3_600_000, title: text("新任务｜严重｜集水井液位过高", "New task | High | Sump level too high"), body: text("梧桐里 · 3 号楼北侧检查井旁", "Wutongli · beside the manhole north of building 3"), ref: "7", channel: "" }]),
];
const preference = (me) => ({
  wish: me.person === null ? null : (wishes.get(me.username) ?? { quiet_from: 1320, quiet_to: 420, breaks: "critical", order: ["ops-room"], addresses: { sms: "13800000001" } }),
  zone: "Asia/Shanghai",
  channels: channels.map(({ name, kind, personal }) => ({ name, kind, personal })),
});

/** Routes in the form of the server: method, pattern, and what answers. */
export const notificationRoutes = [
  ["GET", /^\/notifications\/preference$/, (me) => preference(me)],
  ["PUT", /^\/notifications\/preference$/, (me, _match, _query, body) => {
    wishes.set(me.username, body);
    return preference(me);
  }],
  ["GET", /^\/notifications\/channels$/, () => ({ waiting: 4, oldest_ms: Date.now() - 90_000, items: channels })],
  ["GET", /^\/notifications\/mine$/, (me) => ({ items: told(me) })],
  ["GET", /^\/notifications\/undelivered$/, () => ({ items: undelivered })],
  ["POST", /^\/notifications\/channels\/([a-z0-9-]+)\/test$/, (_me, match) => {
    const one = channels.find((each) => each.name === match[1]);
    one.last = attempt("accepted", "0", "", 0, true);
    return one.last;
  }],
  ["POST", /^\/notifications\/undelivered\/(\d+)\/(?:again|dismiss)$/, (_me, match) => {
    undelivered.splice(undelivered.findIndex((one) => one.id === Number(match[1])), 1);
    return null;
  }],
];
