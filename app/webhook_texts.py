"""What ``twingrid webhook`` says, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.places import Text

WEBHOOK_TEXTS: Final[Mapping[str, Text]] = {
    key: Text(zh=zh, en=en)
    for key, zh, en in (
        ("cmd.webhook", "Webhook：告警和案件的变化告知其他程序", "Webhooks: other programs are told of alarms and cases"),
        ("cmd.webhook.add", "新建 webhook；密钥只显示一次", "Make a webhook; its secret is shown once"),
        ("cmd.webhook.list", "列出 webhook 和最近的结果", "List webhooks with their last result"),
        ("cmd.webhook.messages", "列出一个 webhook 的消息", "List the messages of a webhook"),
        ("cmd.webhook.again", "重新发送已放弃的消息", "Send a given-up message again"),
        ("cmd.webhook.test", "立即发送一条测试", "Send a test now"),
        ("cmd.webhook.rotate", "更换密钥；旧密钥一天内仍同时签名", "Make a new secret; the old one signs too for a day"),
        ("cmd.webhook.pause", "暂停；期间的事件会保留", "Pause it; what happens meanwhile is kept"),
        ("cmd.webhook.resume", "恢复，从停下的地方继续", "Let it go on from where it stopped"),
        ("cmd.webhook.end", "永久停用", "End it for good"),
        ("help.webhook.url", "接收地址，https://…", "the address that takes them, https://…"),
        ("help.webhook.name", "用途，例如 值班平台", "what it is for, such as Duty desk"),
        ("help.webhook.event", "事件，可重复填写：case.opened、case.changed、case.ended、alarm.opened、alarm.changed、alarm.ended", "a kind of event, may be repeated: case.opened, case.changed, case.ended, alarm.opened, alarm.changed, alarm.ended"),
        ("help.webhook.community", "只告知该社区（编码），可重复填写；默认全部", "of this community alone (its code), may be repeated; all by default"),
        ("help.webhook.all", "包括已永久停用的", "ended ones too"),
        ("help.webhook.number", "webhook 编号", "number of the webhook"),
        ("help.webhook.message", "消息编号", "number of the message"),
        ("help.webhook.skip", "期间的事件不再告知", "what happened meanwhile is not told any more"),
        ("webhook.no-name", "请用 --name 写明用途，最多 80 个字符", "say with --name what it is for, 80 characters at most"),
        ("webhook.no-event", "没有事件 {name}；可选：{known}", "there is no event {name}; there are: {known}"),
        ("webhook.no-community", "没有社区 {name}", "there is no community {name}"),
        ("webhook.none", "没有编号为 {number} 的 webhook，或它已永久停用", "there is no webhook {number}, or it has ended"),
        ("webhook.no-message", "没有已放弃的消息 {message}", "no message {message} was given up"),
        ("webhook.made", "请现在保存密钥：以后无法再次显示", "Keep the secret now: nobody can show it again"),
        ("webhook.again", "消息 {message} 将重新发送", "the message {message} will be sent again"),
        ("webhook.tested", "对方已接收测试", "the test was taken"),
        ("webhook.not-taken", "对方没有接收测试（{outcome}）：{detail}", "the test was not taken ({outcome}): {detail}"),
        ("webhook.moved", "第 {number} 号 webhook：{state}", "webhook {number}: {state}"),
        ("webhook.state.active", "启用", "active"),
        ("webhook.state.paused", "暂停", "paused"),
        ("webhook.state.disabled", "因长期失败停用", "disabled after failing for long"),
        ("webhook.state.ended", "永久停用", "ended"),
        ("webhook.delivery.waiting", "等待", "waiting"),
        ("webhook.delivery.sending", "发送中", "being sent"),
        ("webhook.delivery.sent", "已接收", "taken"),
        ("webhook.delivery.withdrawn", "已跳过", "skipped"),
        ("webhook.delivery.given_up", "已放弃", "given up"),
        ("col.webhook.name", "名称", "name"),
        ("col.webhook.secret", "密钥", "secret"),
        ("col.webhook.url", "地址", "address"),
        ("col.webhook.events", "事件", "events"),
        ("col.webhook.state", "状态", "state"),
        ("col.webhook.waiting", "等待", "waiting"),
        ("col.webhook.given-up", "已放弃", "given up"),
        ("col.webhook.accepted", "最近接收", "last taken"),
        ("col.webhook.problem", "问题", "problem"),
        ("col.webhook.message", "编号", "number"),
        ("col.webhook.type", "事件", "event"),
        ("col.webhook.subject", "对象", "about"),
        ("col.webhook.at", "时间", "at"),
        ("col.webhook.attempts", "次数", "attempts"),
    )
}  # fmt: skip
