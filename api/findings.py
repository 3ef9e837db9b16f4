"""What can be wrong in the API's own tables and in a request: every kind, in both languages."""

from __future__ import annotations

from core.findings import Sentence, kind

NO_ENTRY = kind(
    "TG-4901",
    "操作 {name} 没有条目",
    "operation {name} has no entry",
    "在 operations 下补上",
    "add it under operations",
)
NO_OPERATION = kind(
    "TG-4902",
    "条目 {name} 没有对应的操作",
    "entry {name} names no operation",
    "删除或改名",
    "remove or rename it",
)
POLICY = kind("TG-4903", "{problem}", "{problem}", "见文件开头的说明", "see the comment at the head of the file")
PART_MISSING = Sentence("缺少 {name}，或它不是一组“键: 值”", "{name} is missing or no mapping")
UNKNOWN_ROLE = Sentence("没有角色 {name}", "role {name} is unknown")
ROLE_MISSING = Sentence("角色 {name} 没有条目", "role {name} has no entry")
ROLE_PERMISSION = Sentence(
    "角色 {name} 有未知的权限 {permission}", "role {name} has the unknown permission {permission}"
)
OPERATION_PERMISSION = Sentence(
    "操作 {name} 需要未知的权限 {permission}", "operation {name} needs the unknown permission {permission}"
)
OPERATION_OBJECTS = Sentence("操作 {name} 的对象 {objects} 未知", "operation {name} has the unknown objects {objects}")
SCOPE_OPERATION = Sentence(
    "令牌范围 {name} 有未知的操作 {operation}", "the scope {name} has the unknown operation {operation}"
)
NOT_GUARDED = kind(
    "TG-4904", "路由 {path!r} 没有权限检查", "route {path!r} is not guarded", "使用 GuardedRoute", "use GuardedRoute"
)
OPERATION_TWICE = kind(
    "TG-4905",
    "操作标识 {name} 用了两次",
    "operation id {name} is used twice",
    "每个路由用自己的标识",
    "give each route its own",
)
NO_JSON = Sentence("正文不是 JSON", "the body is no JSON")
HAS_NUL = Sentence("含有空字符（NUL），无法保存", "holds a NUL character, which cannot be kept")
RANGE_BACKWARD = Sentence("必须晚于 from_ms", "must be later than from_ms")
BACKTEST_TIME = Sentence(
    "开始须早于结束，且最长 400 天", "the begin must lie before the end, and at most 400 days before it"
)
RULES_OF_ALL = Sentence(
    "规则对所有社区生效，只有能看到全部社区的账号才能修改",
    "a rule holds for all communities: only a login that sees them all may change it",
)
WEBHOOKS_OF_ALL = Sentence(
    "webhook 涉及全部社区，只有能看到全部社区的账号才能管理",
    "webhooks tell of all communities: only a login that sees them all may keep them",
)
NO_SUCH_COMMUNITY = Sentence("没有编号为 {number} 的社区", "there is no community {number}")
NO_CLOSURES = Sentence("此处不能合并案件", "cases cannot be merged here")
NO_FUNDS = Sentence("此处不能登记资金和计划", "money and plans cannot be kept here")
NO_DOCUMENTS = Sentence("此处不能保存文件", "documents cannot be kept here")
NO_INTAKES = Sentence("此处不能受理", "nothing can be reported here")
GATEWAYS_OF_ALL = Sentence(
    "登记网关是全市的决定，只有能看到全部社区的账号才能进行",
    "enrolling a gateway concerns the whole city: only a login that sees all communities may do it",
)
ONE_COMMUNITY = Sentence("选择一个社区，或填写一个新社区", "choose a community, or describe a new one")
REGISTRY_OF_ALL = Sentence(
    "导入和导出涉及全市台账，只有能看到全部社区的账号才能进行",
    "import and export concern the registry of the whole city: only a login that sees all communities may do them",
)
CALENDAR_OF_ALL = Sentence(
    "日历适用于全市，只有能看到全部社区的账号才能修改",
    "the calendar is that of the whole city: only a login that sees all communities may change it",
)
NO_REGISTRY_EDITING = Sentence("此处不能修改台账", "the registry cannot be changed here")
BOTH_DEGREES = Sentence("经度和纬度须一起填写，且都是数字", "longitude and latitude come together, both as numbers")
NO_EDITING = Sentence("此处不能编辑规则", "rules cannot be edited here")
NO_BACKTESTS = Sentence("此处不能运行回测", "backtests cannot be run here")

# --- tokens -----------------------------------------------------------------------------------------------------

NO_SUCH_SCOPE = Sentence(
    "没有范围 {name!r}，或您的账号用不到它；可选：{known}",
    "there is no scope {name!r}, or this login could not use it; there are: {known}",
)
MANY_TOKENS = Sentence(
    "每个账号最多 {most} 个有效令牌，请先停用不用的",
    "a login has at most {most} tokens at once: end those that nobody uses any more",
)

# --- notifications ----------------------------------------------------------------------------------------------

NO_PERSON = Sentence("此账号不对应任何人员，不会收到通知", "this login is no person, so nobody sends it notifications")
NO_SUCH_CHANNEL = Sentence("没有渠道 {channel!r}", "there is no channel {channel!r}")
