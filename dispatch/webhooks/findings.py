"""What can be wrong with webhooks."""

from __future__ import annotations

from core.findings import Sentence

NO_ADDRESS = Sentence(
    "webhook 的地址不可用：{url}。请填写完整的 https 地址，不含用户名和密码",
    "the address of the webhook is of no use: {url}. Give a whole https address, without user name and password",
)
PLAIN_HTTP = Sentence(
    "webhook 的地址须以 https:// 开头；仅在内网使用时可在设置中打开 webhooks.plain_http",
    "the address of a webhook must begin with https://; if it never leaves the own network set webhooks.plain_http",
)
NOT_PUBLIC = Sentence(
    "地址 {address} 不是公网地址；如确需使用，请把其网段加入设置 webhooks.networks",
    "the address {address} is not public; if it is meant, add its network to the setting webhooks.networks",
)
NO_EVENTS = Sentence("至少选择一种事件", "choose one kind of event at least")
TOO_MANY = Sentence(
    "已有 {most} 个 webhook；请先停用不再使用的", "there are {most} webhooks already; end one that is not used any more"
)
CANNOT = Sentence(
    "该 webhook 目前是“{state}”，不能执行此操作", "the webhook is {state} now, and this cannot be done to it"
)
DISABLED_TITLE = Sentence("webhook“{name}”已停用", "The webhook “{name}” was disabled")
DISABLED_BODY = Sentence(
    "对方长时间没有接收：{why}。事件已保留，修复后请恢复",
    "Its address has taken nothing for long: {why}. What happens is kept; mend it and resume it",
)
