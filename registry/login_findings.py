"""Why a login is refused."""

from __future__ import annotations

from core.findings import Sentence

ADMINISTRATOR_EXISTS = Sentence(
    "管理员已经存在：请以管理员登录后再建其他账号",
    "there is an administrator already: log in as one to create further logins",
)
LAST_ADMINISTRATOR = Sentence(
    "{username!r} 是最后一个管理员：请先另设一个", "{username!r} is the last administrator: make another one first"
)
NO_LOGIN = Sentence("没有账号 {username!r}", "there is no login {username!r}")
NO_PERSON = Sentence("没有编号为 {number} 的人员", "there is no person number {number}")
USERNAME_FORM = Sentence("用户名为 1 至 64 个字符，不含空格", "a username has 1 to 64 characters and no spaces")
USERNAME_TAKEN = Sentence("{username} 是系统自用的名称：请换一个", "{username} is a name of the system: choose another")
NO_DEPARTMENT = Sentence("没有部门 {code!r}", "there is no department {code!r}")
LOGIN_DEPARTMENT = Sentence(
    "{username!r}：部门角色的账号必须有部门，其他角色不能有",
    "{username!r}: a login of the role department needs a department, and no other login may have one",
)
NO_HASH = Sentence("账号需要 argon2id 散列", "a login needs an argon2id hash")
