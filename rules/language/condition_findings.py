"""What is wrong with a condition: its form (TG-0310) and its meaning (TG-0311), with what to do about it."""

from __future__ import annotations

from core.findings import Sentence, kind

# --- the form of an expression ----------------------------------------------------------------------------------

NO_QUANTITY = kind(
    "TG-0310",
    "{value!r} 不是带单位的数",
    "{value!r} is not a number with a unit",
    "例如 30 s、10 min 或 2 h",
    "write for example 30 s, 10 min or 2 h",
)
TOO_DEEP = kind(
    "TG-0310",
    "表达式嵌套过深（超过 {most} 层）",
    "the expression is nested too deeply (more than {most} levels)",
    "拆成几条规则",
    "split it into several rules",
)
UNEXPECTED_END = kind(
    "TG-0310",
    "此处不应出现 {value!r}",
    "{value!r} was not expected here",
    "{hint}",
    "{hint}",
)
JOIN = Sentence("用 and 或 or 连接条件", "join conditions with 'and' or 'or'")
UNEXPECTED_SIGN = kind(
    "TG-0310",
    "此处不应出现 {value!r}",
    "{value!r} was not expected here",
    "写测量项或数字",
    "write a measurement or a number",
)
UNEXPECTED_WORD = kind(
    "TG-0310",
    "此处不应出现 {value!r}",
    "{value!r} was not expected here",
    "先写测量项或数字",
    "write a measurement or a number first",
)
SIGN_MISSING = kind("TG-0310", "应为 {want!r}，却是{found}", "{want!r} was expected, found {found}", "{hint}", "{hint}")
THE_END = Sentence("结尾", "the end")
RANGE_FORM = Sentence("区间写成 [low, high]", "write the range as [low, high]")
CLOSE_RANGE = Sentence("用 ] 结束区间", "close the range with ]")
CLOSE_PARENTHESIS = Sentence("补上右括号", "close the parenthesis")
CHAINED = kind(
    "TG-0310",
    "比较不能连写",
    "comparisons do not chain",
    "写成 'x in [low, high]'，或用 and",
    "write 'x in [low, high]' or use 'and'",
)
ENDS_EARLY = kind(
    "TG-0310",
    "表达式没有写完",
    "the expression ends too early",
    "写测量项、数字或左括号",
    "write a measurement, a number or '('",
)
NO_FUNCTION = kind(
    "TG-0310",
    "没有函数 {value!r}",
    "there is no function {value!r}",
    "{hint}",
    "{hint}",
)
WINDOW_WITHOUT_WIDTH = kind(
    "TG-0310",
    "{word} 之后应为时长",
    "a duration belongs behind '{word}'",
    "例如 '{word} 10 min'",
    "write for example '{word} 10 min'",
)
FORECAST_FORM = kind(
    "TG-0310",
    "{value!r} 需要预测的时长",
    "{value!r} needs to know how far to look ahead",
    "写成 '{value}(level, 0.8 m) within 30 min'",
    "write '{value}(level, 0.8 m) within 30 min'",
)
VOTE_FORM = kind(
    "TG-0310",
    "“at least”之后应为个数与 of",
    "behind 'at least' a number and 'of' were expected",
    "写成 'at least 2 of (a > 1, b > 1, c > 1)'",
    "write 'at least 2 of (a > 1, b > 1, c > 1)'",
)
VOTE_PARENTHESIS = Sentence("各条件写在括号内，用逗号隔开", "put the conditions into parentheses, with commas between")
SEASON_WITHOUT_NAME = kind(
    "TG-0310",
    "季节没有名称",
    "the season has no name",
    "例如 'in season heating'",
    "write for example 'in season heating'",
)
SINGLE_EQUALS = kind(
    "TG-0310",
    "单个 = 不表示比较",
    "a single = compares nothing",
    "“等于”写成 ==",
    "write == for 'is equal to'",
)
NOT_OF_THE_LANGUAGE = kind(
    "TG-0310",
    "规则语言中没有 {sign}",
    "{sign} is not part of the language",
    "写 {instead}",
    "write {instead}",
)
MEANINGLESS = kind("TG-0310", "此处的 {value!r} 没有意义", "{value!r} means nothing here", "删除它", "remove it")
NUMBER_TOO_LARGE = kind(
    "TG-0310",
    "数字 {value} 太大",
    "the number {value} is too large",
    "最大 {most}",
    "at most {most}",
)
UNKNOWN_UNIT = kind("TG-0310", "未知的单位 {value!r}", "unknown unit {value!r}", "{hint}", "{hint}")
NEAR_UNIT = Sentence("是否应为 {near!r}？单位使用 UCUM 代码", "did you mean {near!r}? Units are UCUM codes")
UNIT_CODES = Sentence("使用 UCUM 代码，例如 A、V、kW、m、Cel、%", "use a UCUM code such as A, V, kW, m, Cel, %")

# --- names and units --------------------------------------------------------------------------------------------

READS_NOTHING = kind(
    "TG-0311",
    "没有用到任何测量项",
    "no measurement takes part",
    "规则判断的是读数，请比较一个测量项",
    "a rule judges readings; compare a measurement",
)
TRUE_BY_ITSELF = kind(
    "TG-0311",
    "没有任何读数时这个条件也可能成立",
    "this condition may be true without any reading",
    "用 and 加上测量项的比较；设备无数据由系统自身报告",
    "join it by 'and' with a comparison of a measurement; that a device is silent is reported without a rule",
)
TERM_AS_NUMBER = kind(
    "TG-0311",
    "{value} 是条件，不是数字",
    "{value} is a condition, no number",
    "直接用 and、or、not 连接它",
    "join it with 'and', 'or' and 'not' as it is",
)
TEXT_COMPARED = kind(
    "TG-0311",
    "文本只能与设施的属性作相等比较",
    "a text is only compared with an attribute of the facility, for equality",
    "写成 facility.material == 'PE'，或用 !=",
    "write facility.material == 'PE', or !=",
)
AGE_COMPARED = kind(
    "TG-0311",
    "age(…) 只能与固定的时长比较大小：每个好的读数开始一次计时，时限须事先知道",
    "age(…) is only compared with a fixed duration: each good reading starts a timer, whose end must be known",
    "例如 'age(level) > 5 min'",
    "write for example 'age(level) > 5 min'",
)
AGE_LIMIT = kind(
    "TG-0312",
    "时限须在 1 s 至 7 d 之间",
    "the age must be from 1 s to 7 d",
    "请选此范围内的时长",
    "choose a duration in that range",
)
NOT_IN_WINDOW = kind(
    "TG-0311",
    "窗口只回看测得的量，不能包含 {value}",
    "a window looks back over what is measured, not over {value}",
    "把 {value} 放在窗口之外，用 and 连接；问一段时间内有多少没有读数，写 'missing(level) over 24 h > 10 %'",
    "put {value} outside the window, joined by 'and'; for the part of the time without readings write "
    "'missing(level) over 24 h > 10 %'",
)
ASKS_OF_ONE = kind(
    "TG-0311",
    "{value} 只问一个测量项",
    "{value} asks about one measurement",
    "写成 {value}(level)",
    "write {value}(level)",
)
NO_CLASS_ATTRIBUTE = kind(
    "TG-0311",
    "类别 {class_id} 没有数值属性 {value!r}",
    "the class {class_id} has no numeric attribute {value!r}",
    "{hint}",
    "{hint}",
)
CLASS_SAYS = Sentence("已有：{known}", "it has {known}")
NO_DEFAULTS = Sentence(
    "在类别文件的 attributes 中写上它，或改用 facility.…",
    "write it into the attributes of the class's file, or use facility.…",
)
BACKWARD_RANGE = kind(
    "TG-0311",
    "区间的下限高于上限",
    "the range runs backwards",
    "先写下限",
    "write the lower limit first",
)
NUMBER_ALONE = kind(
    "TG-0311",
    "数字不是条件",
    "a number is no condition",
    "请加以比较，例如 '> 5 A'",
    "compare it, for example with '> 5 A'",
)
NO_OPERAND = kind(
    "TG-0311",
    "这个比较中既没有测量项也没有属性",
    "neither a measurement nor an attribute takes part in this comparison",
    "比较一个测量项",
    "compare a measurement",
)
CONDITION_AS_NUMBER = kind(
    "TG-0311",
    "条件不是数字",
    "a condition is no number",
    "只有数字可以比较或相加",
    "only numbers are compared or added",
)
NO_MEASUREMENT = kind(
    "TG-0311",
    "类别 {class_id!r} 没有测量项 {value!r}",
    "class {class_id!r} has no measurement {value!r}",
    "{hint}",
    "{hint}",
)
IT_HAS = Sentence("它有：{known}", "it has {known}")
CLASS_WITH_STRANGE_UNIT = kind(
    "TG-0311",
    "{value!r} 的单位 {unit!r} 未知",
    "{value!r} has the unknown unit {unit!r}",
    "更正类别文件",
    "mend the class",
)
NEEDS_WINDOW = kind(
    "TG-0311",
    "{value!r} 需要窗口",
    "{value!r} needs a window",
    "写成 '{value}(…) over 10 min'",
    "write '{value}(…) over 10 min'",
)
WRONG_COUNT = kind(
    "TG-0311",
    "{value!r} 不能有 {count} 个操作数",
    "{value!r} takes no {count} operand(s)",
    "{hint}",
    "{hint}",
)
WINDOW_FORM = Sentence("窗口写成 '{value}(…) over 10 min'", "write '{value}(…) over 10 min' for a window")
GIVE_COUNT = Sentence("给出 {least} 至 {most} 个", "give it {least} to {most}")
TAKES_NO_WINDOW = kind(
    "TG-0311",
    "{value!r} 不能带窗口",
    "{value!r} takes no window",
    "可带窗口的有：{known}",
    "windows have {known}",
)
WINDOW_OF_ONE = kind(
    "TG-0311",
    "窗口只汇总一个量",
    "a window aggregates one quantity",
    "写成 '{value}({example}) over 10 min'",
    "write '{value}({example}) over 10 min'",
)
WINDOW_OF_CONDITION = kind(
    "TG-0311",
    "{value!r} 统计的是条件，不是数字",
    "{value!r} is about a condition, not a number",
    "例如 '{value}(current > 2 A) over 1 h'",
    "write for example '{value}(current > 2 A) over 1 h'",
)
WINDOW_OF_COUNTER = kind(
    "TG-0311",
    "{value!r} 只用于计数器类的测量项",
    "{value!r} is for measurements that are counters",
    "其他量的变化用 delta 或 slope",
    "the change of anything else is its 'delta' or 'slope'",
)
WINDOW_IN_WINDOW = kind(
    "TG-0311",
    "窗口之内不能再有窗口",
    "a window cannot look back over another window",
    "窗口内只写测量项、属性与数字",
    "inside a window write measurements, attributes and numbers",
)
WINDOW_WITHOUT_READINGS = kind(
    "TG-0311",
    "窗口内的这一部分没有用到测量项",
    "no measurement takes part in this part of a window",
    "每个比较都应含有测量项；其余条件写在窗口之外",
    "let every comparison read a measurement, and write the others outside the window",
)
FORECAST_OF_TWO = kind(
    "TG-0311",
    "{value!r} 需要一个测量项和一个限值",
    "{value!r} takes a measurement and a limit",
    "写成 '{value}(level, 0.8 m) within 30 min'",
    "write '{value}(level, 0.8 m) within 30 min'",
)
VOTE_NUMBER = kind(
    "TG-0311",
    "{parts} 个条件中不可能有“至少 {count:g} 个”",
    "of {parts} condition(s) there are never 'at least {count:g}' to be asked for",
    "个数应为 1 至条件的数目",
    "ask for a whole number from 1 to the number of conditions",
)
WINDOW_WIDTH = kind(
    "TG-0311",
    "窗口的长度为 1 s 至 30 d",
    "a window is 1 s to 30 d long",
    "在此范围内选择",
    "choose a width within that",
)
NO_OPPOSITE = kind(
    "TG-0311",
    "温标上的温度没有相反数",
    "a temperature on a scale has no opposite",
    "先求差",
    "take a difference first",
)
NO_TIME_UNIT = kind(
    "TG-0311",
    "时长需要时间单位，而不是 {unit!r}",
    "a duration needs a unit of time, not {unit!r}",
    "例如 30 s、10 min 或 2 h",
    "write for example 30 s, 10 min or 2 h",
)
NO_UNIT_AT_ALL = kind(
    "TG-0311",
    "时长需要单位",
    "a duration needs a unit",
    "例如 30 s、10 min 或 2 h",
    "write for example 30 s, 10 min or 2 h",
)
UNITLESS = kind(
    "TG-0311",
    "{value:g} 没有单位，而另一边的单位是 {unit}",
    "{value:g} has no unit, the other side is in {unit}",
    "写成 {value:g} {unit}",
    "write {value:g} {unit}",
)
NO_DIFFERENCE = kind(
    "TG-0311",
    "另一边是温差，{value:g} {unit} 却是温标上的温度",
    "the other side is a difference of temperatures, {value:g} {unit} is a temperature on a scale",
    "温差的单位为 K",
    "write the difference in K",
)
UNLIKE = kind(
    "TG-0311",
    "{problem}",
    "{problem}",
    "只能比较同类的量",
    "compare like with like",
)
NO_RESULT_UNIT = kind("TG-0311", "{reason}", "{reason}", "改写表达式", "rewrite the expression")

# --- across facilities ------------------------------------------------------------------------------------------

NO_PARENT_MEASUREMENT = kind(
    "TG-0311",
    "没有任何类别的设施测量 {value!r}",
    "no class of facilities measures {value!r}",
    "{hint}",
    "{hint}",
)
PARENTS_MEASURE = Sentence(
    "parent. 之后写上级设施类别的测量项，例如 parent.u_a",
    "after 'parent.' stands a measurement of the parent's class, such as parent.u_a",
)
PARENTS_DIFFER = kind(
    "TG-0311",
    "{value!r} 在不同类别中是不同的量：{known}",
    "{value!r} is another quantity in other classes: {known}",
    "上级设施可为任一类别，请改用各类别含义相同的测量项",
    "a parent may be of any class; use a measurement that means the same in all of them",
)
NESTED_REACH = kind(
    "TG-0311",
    "分组之内、表达式的窗口之内不能再用 parent 或分组",
    "within a group, or a window over an expression, there are no parents and no groups",
    "写各成员自己的测量项",
    "write measurements of the members themselves",
)
NO_GROUP = kind("TG-0311", "没有分组 {value!r}", "there is no group {value!r}", "{hint}", "{hint}")
NEEDS_GROUP = kind(
    "TG-0311",
    "{value!r} 需要分组",
    "{value!r} needs a group",
    "写成 '{value}(…) of cell.governance'",
    "write '{value}(…) of cell.governance'",
)
NEEDS_EITHER = kind(
    "TG-0311",
    "{value!r} 需要窗口或分组",
    "{value!r} needs a window or a group",
    "写成 '{value}(…) over 10 min' 或 '{value}(…) of cell.governance'",
    "write '{value}(…) over 10 min' or '{value}(…) of cell.governance'",
)
TAKES_NO_GROUP = kind(
    "TG-0311",
    "{value!r} 不能用于分组",
    "{value!r} takes no group",
    "可用于分组的有：{known}",
    "groups have {known}",
)
GROUP_COUNTS = kind(
    "TG-0311",
    "{value!r} 统计的是条件，不是数字",
    "{value!r} counts a condition, not a number",
    "例如 '{value}(level > 0.5 m) of cell.governance'",
    "write for example '{value}(level > 0.5 m) of cell.governance'",
)
GROUP_MEASURES = kind(
    "TG-0311",
    "{value!r} 汇总的是数字，不是条件",
    "{value!r} takes a number, not a condition",
    "条件请用 count 或 share",
    "count a condition with count or share",
)
GROUP_WITHOUT_READINGS = kind(
    "TG-0311",
    "分组内的这一部分没有用到测量项",
    "no measurement takes part in this part of a group",
    "每个比较都应含有成员的测量项；其余条件写在分组之外",
    "let every comparison read a measurement of the members, and write the others outside the group",
)
NOT_IN_GROUP = kind(
    "TG-0311",
    "分组只看各成员测得的量，不能包含 {value}",
    "a group looks at what its members measure, not at {value}",
    "把 {value} 放在分组之外，用 and 连接",
    "put {value} outside the group, joined by 'and'",
)
WHOLE_WEEKS = kind(
    "TG-0312",
    "{value} 按周学习，窗口只能是 14 d、21 d 或 28 d",
    "{value} learns week by week: its window is 14 d, 21 d or 28 d",
    "例如 {value}(x) over 28 d",
    "write for example {value}(x) over 28 d",
)
