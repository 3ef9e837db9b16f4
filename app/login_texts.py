"""What ``twingrid login`` says, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.places import Text

LOGIN_TEXTS: Final[Mapping[str, Text]] = {
    key: Text(zh=zh, en=en)
    for key, zh, en in (
        ("cmd.login", "账号：查看、发放、停用", "Logins: look at them, give them, end them"),
        ("cmd.login.list", "列出全部账号", "List all logins"),
        (
            "cmd.login.give",
            "为台账中的人员发放账号：角色、社区和部门取自台账，密码只显示一次",
            "Give a person of the registry a login: role, communities and department are those of the record, the password is shown once",
        ),
        ("cmd.login.end", "停用账号；其会话立即结束", "End a login; its sessions end at once"),
        ("help.login.code", "人员代码", "code of the person"),
        ("help.login.username", "用户名；不写则为人员代码", "its name; without it the code of the person"),
        ("help.login.ended", "用户名", "name of the login"),
        ("login.nobody", "台账中没有在岗人员 {code}", "nobody with the code {code} works here"),
        (
            "login.taken",
            "账号 {username} 属于别人：用 --username 另取一个",
            "the login {username} is somebody else's: choose another with --username",
        ),
        ("login.none", "没有账号 {username}", "there is no login {username}"),
        (
            "login.given",
            "角色：{role}。密码只用一次，首次登录须修改；再次发放会换新密码",
            "Role: {role}. The password serves once and must be changed at first use; given again, the login gets a new one",
        ),
        ("login.ended", "账号 {username} 已停用", "{username} may not come in any more"),
        ("login.active", "可用", "may come in"),
        ("login.inactive", "停用", "ended"),
        ("col.department", "部门", "department"),
        ("col.communities", "社区", "communities"),
        ("col.active", "状态", "state"),
    )
}
