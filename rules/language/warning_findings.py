"""What is odd in a sound rule: every kind, in both languages. A warning keeps no rule from loading."""

from __future__ import annotations

from core.findings import Sentence, kind

SHORTER_THAN_PACE = kind(
    "TG-0331",
    "for 为 {held}，但读数每 {interval} 一次：一个读数就能告警",
    "'for' is {held}, but readings come every {interval}: a single reading decides",
    "至少写 {interval}，或删去 for",
    "make it {interval} or more, or leave 'for' out",
)
NO_HYSTERESIS = kind(
    "TG-0332",
    "没有回差也没有 clear_for：{key} 在 {limit} 附近波动时，告警会反复开关",
    "there is neither a distance to the limit nor 'clear_for': when {key} hovers at {limit} the alarm comes and goes",
    "写 clear（例如 {key} {word} {proposal}）或 clear_for",
    "write a 'clear' such as {key} {word} {proposal}, or a 'clear_for'",
)
CLEARS_WHILE_RAISED = kind(
    "TG-0332",
    "clear 与 when 可以同时成立（两者都要求 {key} {word} 某个数）",
    "'clear' and 'when' can hold at once (both want {key} {word} a number)",
    "核对 clear 的比较方向",
    "look at the direction of the comparison in 'clear'",
)
BEYOND_RANGE = kind(
    "TG-0333",
    "{limit} 在 {key} 的合理范围 {low} 至 {high} 之外：超出范围的读数是坏值，这个比较{always}",
    "{limit} lies outside the plausible range of {key}, {low} to {high}; readings beyond it are bad, "
    "so this comparison is {always}",
    "改限值，或核对单位",
    "change the limit, or look at the unit",
)
SHORT_WINDOW = kind(
    "TG-0334",
    "窗口为 {window}，而 {key} 每 {interval} 才有一个读数：窗口里最多一个值",
    "the window is {window}, but {key} has a reading every {interval}: it holds one value at most",
    "至少取 {least}",
    "make it {least} or more",
)
SAME_CONDITION = kind(
    "TG-0335",
    "与规则 {other}（{place}）的条件相同",
    "the condition is that of the rule {other} ({place})",
    "删去一条，或让它们有所不同",
    "remove one, or let them differ",
)
SHADOWED = kind(
    "TG-0335",
    "规则 {other}（{place}）总是不晚于它告警，级别也不低于它，且属于同一告警族：这一条从不说出新情况",
    "the rule {other} ({place}) is on whenever this one is, no later and no less severe, in the same family: "
    "this one never says anything new",
    "删去它，或提高它的级别",
    "remove it, or raise its severity",
)
STRANGE_ATTRIBUTE = kind(
    "TG-0336",
    "属性 {name!r} 只在这里用到；这一类别的其他规则用的是 {near!r}",
    "the attribute {name!r} is used here alone; other rules of the class use {near!r}",
    "是否应为 {near!r}？",
    "did you mean {near!r}?",
)
UNKNOWN_ATTRIBUTE = kind(
    "TG-0336",
    "台账中这一类别的设施都没有属性 {name!r}：规则在那里一直不作声",
    "no facility of this class has the attribute {name!r}: the rule stays silent everywhere",
    "{hint}",
    "{hint}",
)
ADD_ATTRIBUTE = Sentence("在台账中补上这个属性", "add the attribute to the facilities")
NEVER = Sentence("永远不成立", "never true")
ALWAYS = Sentence("永远成立", "always true")
