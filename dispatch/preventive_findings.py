"""What can be wrong with a preventive plan, and what is said of when its work is due."""

from __future__ import annotations

from core.findings import Sentence, kind

PLAN_NAMELESS = kind(
    "TG-3170",
    "计划没有编号或工作内容",
    "the plan has no code, or does not say what is to be done",
    "填写编号（最多 64 字）与中英文工作内容",
    "give it a code of at most 64 characters and say the work in both languages",
)
PLAN_CODE_TAKEN = kind(
    "TG-3171",
    "计划编号 {code} 已被使用",
    "the plan code {code} is taken",
    "换一个编号，或修改原计划",
    "choose another code, or change that plan",
)
PLAN_CLASS = kind(
    "TG-3172",
    "没有设施类别 {value}",
    "there is no facility class {value}",
    "选择一个设施类别",
    "choose a class of facilities",
)
PLAN_NEVER_DUE = kind(
    "TG-3173",
    "计划没有触发条件，永远不会到期",
    "the plan has no trigger and will never be due",
    "至少设置运行小时、次数、月份、状态之一",
    "add running hours, cycles, months or a condition",
)
PLAN_WINDOW = kind(
    "TG-3174",
    "时间窗不可能",
    "the window is impossible",
    "月份为 1 至 12，星期为 0（周一）至 6（周日）",
    "months are 1 to 12, weekdays 0 (Monday) to 6 (Sunday)",
)
PLAN_DAYS = kind(
    "TG-3175",
    "提前天数或时限不可能",
    "the days ahead or the limit are impossible",
    "提前 0 至 180 天，时限 1 至 180 个工作日",
    "0 to 180 days ahead, and a limit of 1 to 180 working days",
)
PLAN_SEVERITY = kind(
    "TG-3176",
    "预防性工作最高为中级",
    "preventive work is of medium severity at most",
    "选择提示、低或中；更急的应由规则告警",
    "choose info, low or medium; what is more urgent is a rule's to tell",
)
PLAN_DAY = kind(
    "TG-3177",
    "起算日期 {value} 无效",
    "the first day {value} is no date from 1970 to 2199",
    "写作 2026-10-31，限 1970 至 2199 年",
    "write it as 2026-10-31, from 1970 to 2199",
)
TRIGGER_EVERY = kind(
    "TG-3178",
    "触发“{kind}”的间隔须在 {least} 至 {most} 之间，月份须为整数",
    "the interval of the trigger by {kind} must lie between {least} and {most}; months are whole",
    "修改间隔",
    "change the interval",
)
TRIGGER_MEASUREMENT = kind(
    "TG-3179",
    "触发“{kind}”的测点填写不当",
    "the trigger by {kind} has a measurement too many or too few",
    "按月触发不填测点，其他触发须填",
    "leave it out for months, and name one for everything else",
)
TRIGGER_LIMIT = kind(
    "TG-3180",
    "触发“{kind}”的上下限填写不当",
    "the trigger by {kind} has limits too many or too few",
    "按状态触发填写上限或下限之一，其他触发不填",
    "a condition has either an upper or a lower limit, everything else none",
)

TRIGGERS = {
    "hours": Sentence("运行小时", "running hours"),
    "cycles": Sentence("次", "cycles"),
    "calendar": Sentence("个月", "months"),
    "condition": Sentence("状态", "condition"),
}
BY_INTERVAL = Sentence(
    "每 {every} {unit}一次，已用 {share}，预计 {day} 到期", "every {every} {unit}; {share} used, due about {day}"
)
STANDS_STILL = Sentence(
    "每 {every} {unit}一次，已用 {share}，目前没有运行", "every {every} {unit}; {share} used, and it stands still"
)
BY_CONDITION = Sentence("{measurement} 连续 {days} 天 {limit}", "{measurement} {limit} on {days} days running")
OPEN = Sentence("案件 {case} 正在办理", "case {case} is open for it")
REPAIR_OPEN = Sentence(
    "该设施有案件 {case} 未结，先办完或一并处理", "case {case} is open at the facility; it goes first, or does both"
)
WINDOW_CLOSED = Sentence("不在安排的月份或星期内", "outside the months or weekdays it is meant for")
CANCELLED = Sentence("已被取消，{days} 天内不再派发", "it was cancelled and is not filed again within {days} days")
OUT_OF_SERVICE = Sentence("设施已停用", "the facility is out of service")
BLIND = Sentence("计数测点没有数据，无法判断", "its counters say nothing, so nobody can tell")
NO_PLAN = Sentence("没有计划 {plan}", "there is no plan {plan}")
NOT_OF_PLAN = Sentence("计划 {plan} 不包括该设施", "the plan {plan} does not concern this facility")
