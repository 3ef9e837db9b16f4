"""What can be wrong with projects, their ledgers and preventive plans, and what is said of money and renewal."""

from __future__ import annotations

from core.findings import Sentence, kind

PROJECT_NAMELESS = kind(
    "TG-3160",
    "项目没有编号或名称",
    "the project has no code or no name",
    "填写编号（最多 64 字）与中英文名称",
    "give it a code of at most 64 characters and a name in both languages",
)
PROJECT_CODE_TAKEN = kind(
    "TG-3161",
    "项目编号 {code} 已被使用",
    "the project code {code} is taken",
    "换一个编号，或修改原项目",
    "choose another code, or change that project",
)
PROJECT_FACILITY = kind(
    "TG-3162",
    "设施 {facility} 不存在、已停用，或不在该项目的社区",
    "the facility {facility} does not exist, is retired, or stands in another community",
    "只列入本社区在用设施",
    "list facilities in use of the project's community only",
)
PROJECT_SHARES = kind(
    "TG-3163",
    "设施 {facility} 已由运行中的项目 {project} 承担",
    "the facility {facility} is already paid for by the operating project {project}",
    "从其中一个项目移除该设施，使每笔维护只有一本账",
    "take it out of one of them, so that its maintenance has one book",
)
AMOUNT_IMPOSSIBLE = kind(
    "TG-3164",
    "金额不可能是 {value} 分",
    "an amount of {value} fen is impossible",
    "填写非零且不超过 1000 亿元的金额；冲正用负数",
    "enter an amount other than 0, up to 100 billion yuan; a negative one takes back",
)
DAY_IMPOSSIBLE = kind(
    "TG-3165",
    "日期 {value} 无效",
    "{value} is no date that is possible here",
    "写作 2026-10-31；已收和已付不能晚于今天",
    "write it as 2026-10-31; what is received or spent cannot lie in the future",
)
OVERSPENT = kind(
    "TG-3166",
    "该来源该阶段的余额为 {left} 分，不足以支出 {value} 分",
    "{left} fen are left of this source and phase, which is less than {value}",
    "先登记收入，或改选资金来源；挪用须分两笔冲正登记",
    "enter what was received first, or choose another source; to move money, take it back there and enter it here",
)
TAKES_BACK_TOO_MUCH = kind(
    "TG-3167",
    "冲正 {value} 分超过已登记的 {left} 分",
    "{value} fen are taken back, and only {left} were entered",
    "冲正不能超过该类、该来源、该阶段的合计",
    "take back no more than was entered of that kind, source and phase",
)
PLEDGE_UNKNOWN = kind(
    "TG-3168",
    "第 {value} 行不是该来源、该阶段尚未兑现的承诺",
    "line {value} is no open pledge of this source and phase",
    "选择一笔未兑现的承诺，或不填",
    "name an open pledge, or none",
)

# --- how a facility is provided for -------------------------------------------------------------------------------

NO_PROJECT = Sentence("没有项目承担其维护费用", "no project pays for its maintenance")
NO_FOLLOW_UP = Sentence(
    "项目 {project} 没有后续资金；未来 {months} 个月预计需 {mean} 元",
    "the project {project} has no follow-up money; the next {months} months are expected to ask for {mean} yuan",
)
FOLLOW_UP_SHORT = Sentence(
    "后续资金 {left} 元，少于未来 {months} 个月预计的 {mean} 元，约够 {lasts} 个月",
    "{left} yuan of follow-up money are less than the {mean} expected over the next {months} months; "
    "they last about {lasts}",
)
FOLLOW_UP_TIGHT = Sentence(
    "后续资金 {left} 元够预计的 {mean} 元，但五年中有一年会超过 {likely} 元",
    "{left} yuan of follow-up money are enough for the expected {mean}, but one year in five asks for more than "
    "{likely}",
)
FOLLOW_UP_ENOUGH = Sentence(
    "后续资金 {left} 元，未来 {months} 个月预计需 {mean} 元",
    "{left} yuan of follow-up money for the {mean} expected over the next {months} months",
)
FOLLOW_UP_UNKNOWN = Sentence(
    "后续资金 {left} 元；历史太短（同类 {repairs} 次维修），无法预测",
    "{left} yuan of follow-up money; its class has too short a history ({repairs} repairs) to say for what",
)

# --- why a facility should be renewed -----------------------------------------------------------------------------

OLD = Sentence("已使用 {age} 年，设计寿命 {life} 年", "{age} years old, made for {life}")
FAILS_OFTEN = Sentence(
    "一年维修 {own} 次，同类平均 {peers} 次", "needs {own} repairs a year, its class {peers} on average"
)
DANGEROUS = Sentence(
    "近 {years} 年有 {count} 起高级或严重案件", "{count} cases of high or critical severity in {years} years"
)
MANY_PEOPLE = Sentence("服务约 {people} 人", "serves about {people} people")
WAITING_COSTS = Sentence(
    "再等一年预计维修 {mean} 元，为更新费用的 {share}",
    "another year is expected to cost {mean} yuan of repairs, {share} of a renewal",
)
NOT_KNOWN = Sentence("未知：{what}", "not known: {what}")
CRITERIA = {
    "condition": Sentence("状况", "condition"),
    "risk": Sentence("风险", "risk"),
    "people": Sentence("服务人数", "people served"),
    "waiting": Sentence("等待的代价", "cost of waiting"),
}
