"""What ``twingrid token`` says, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.places import Text

TOKEN_TEXTS: Final[Mapping[str, Text]] = {
    key: Text(zh=zh, en=en)
    for key, zh, en in (
        ("cmd.token", "API 令牌：程序凭它读取数据", "API tokens: programs read with them"),
        ("cmd.token.create", "为账号创建令牌；令牌只显示一次", "Make a token of a login; it is shown once"),
        ("cmd.token.list", "列出令牌", "List tokens"),
        ("cmd.token.scopes", "列出可用的范围和其中的操作", "List the scopes and what each holds"),
        ("cmd.token.end", "停用令牌，立即生效", "End a token, at once"),
        ("help.token.username", "账号的用户名", "name of the login"),
        ("help.token.name", "用途，例如 Grafana", "what it is for, such as Grafana"),
        ("help.token.scope", "范围，可重复填写；见 twingrid token scopes", "a scope, may be repeated; see twingrid token scopes"),
        ("help.token.days", "有效天数，1 至 366", "how many days it serves, 1 to 366"),
        ("help.token.of", "只列出该账号的令牌", "tokens of this login alone"),
        ("help.token.all", "包括已停用和过期的", "ended and expired ones too"),
        ("help.token.number", "令牌编号", "number of the token"),
        ("token.no-scope", "没有范围 {name}，或该账号用不到它；可选：{known}", "there is no scope {name}, or this login could not use it; there are: {known}"),
        ("token.no-name", "请用 --name 写明用途，最多 80 个字符", "say with --name what it is for, 80 characters at most"),
        ("token.no-login", "没有可用的账号 {username}", "there is no login {username} that may come in"),
        ("token.one-time", "账号 {username} 还未修改一次性密码，令牌会被拒绝：请先登录修改", "the login {username} still has its one-time password, and a token of it would be refused: log in and change it first"),
        ("token.none", "没有编号为 {number} 的令牌", "there is no token {number}"),
        ("token.made", "请现在保存：以后无法再次显示。账号修改密码或停用时，令牌随之失效", "Keep it now: nobody can show it again. It ends with a change of the login's password, and with the login"),
        ("token.ended", "令牌 {number} 已停用", "the token {number} has ended"),
        ("token.never", "从未", "never"),
        ("token.state.serves", "有效", "serves"),
        ("token.state.expired", "已过期", "expired"),
        ("token.state.ended", "已停用", "ended"),
        ("col.token", "令牌", "token"),
        ("col.number", "编号", "number"),
        ("col.purpose", "用途", "for"),
        ("col.scopes", "范围", "scopes"),
        ("col.expires", "到期", "expires"),
        ("col.used", "最近使用", "last used"),
        ("col.operations", "操作", "operations"),
    )
}  # fmt: skip
