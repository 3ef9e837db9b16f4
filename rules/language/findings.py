"""What can be wrong in a rule file: every kind, in both languages.

``{name}`` is the field, ``{value}`` what stands there.
"""

from __future__ import annotations

from core.findings import Sentence, kind

# --- the file ---------------------------------------------------------------------------------------------------

NO_YAML = kind(
    "TG-0301", "不是有效的 YAML：{problem}", "not valid YAML: {problem}", "修正此处的排版", "mend the layout"
)
NO_TEXT = kind("TG-0302", "此处应为文本", "a text was expected here", "写一个值", "write one value")
NO_CHARACTER = kind(
    "TG-0301",
    "转义序列不是字符",
    "an escape here is no character",
    "写出字符本身",
    "write the character itself",
)
HALF_CHARACTER = kind(
    "TG-0302",
    "{value!r} 只是半个字符",
    "{value!r} is half of a character",
    "写出字符本身",
    "write the character itself",
)
NO_LIST = kind(
    "TG-0302",
    "此处应为列表",
    "a list was expected here",
    "写 [a, b]，或每行一个“- ”",
    "write [a, b] or one '- ' line each",
)
NO_MAP = kind(
    "TG-0302", "此处应为一组字段", "a map was expected here", "填写字段：{fields}", "write the fields {fields}"
)
FIELD_TWICE = kind("TG-0303", "{name!r} 出现了两次", "{name!r} stands here twice", "只保留一处", "keep one")
NO_FIELD = kind("TG-0304", "没有字段 {name!r}", "there is no field {name!r}", "{hint}", "{hint}")
FIELDS_ARE = Sentence("可用字段：{fields}", "the fields are {fields}")
FIELD_MISSING = kind(
    "TG-0305",
    "缺少字段 {name!r}",
    "the field {name!r} is missing",
    "添加“{name}: …”",
    "add '{name}: …'",
)
RULE_TWICE = kind(
    "TG-0306",
    "规则 {value!r} 已经存在",
    "a rule {value!r} exists already",
    "见 {first}；请改名其一",
    "see {first}; rename one",
)

# --- fields -----------------------------------------------------------------------------------------------------

NO_RULE_ID = kind(
    "TG-0307",
    "{value!r} 不是规则标识",
    "{value!r} is no rule id",
    "最多 64 个字符：a-z、0-9、-、. 和 _",
    "use up to 64 of a-z, 0-9, '-', '.' and '_'",
)
NO_FAMILY = kind(
    "TG-0307",
    "{value!r} 不是告警族名",
    "{value!r} is no family",
    "使用 a-z、0-9、-、. 和 _",
    "use a-z, 0-9, '-', '.' and '_'",
)
NO_CLASS = kind("TG-0308", "没有类别 {value!r}", "there is no class {value!r}", "{hint}", "{hint}")
KNOWN_CLASSES = Sentence("已有：{known}", "known are {known}")
NO_CLASSES = Sentence("一个类别也没有", "known are none")
NO_DURATION = kind(
    "TG-0312",
    "{value!r} 不是时长",
    "{value!r} is no duration",
    "例如 30 s、10 min 或 2 h",
    "write for example 30 s, 10 min or 2 h",
)
TOO_LONG = kind(
    "TG-0312", "{value!r} 超过 30 d", "{value!r} is longer than 30 d", "请选较短的时间", "choose a shorter time"
)
NOT_A_CHOICE = kind("TG-0313", "{value!r} 不是 {name} 的取值", "{value!r} is no {name}", "{hint}", "{hint}")
SUPPORTS_ITSELF = kind(
    "TG-0313",
    "主责网格不能同时是协同网格",
    "the leading grid cannot support itself",
    "写 {other}",
    "write {other}",
)
EMPTY_TEXT = kind(
    "TG-0314",
    "{language} 文本为空",
    "the {language} text is empty",
    "两种语言都要写",
    "both languages are needed",
)
STEPS_DIFFER = kind(
    "TG-0314",
    "两种语言的步骤数目不同，或有空的步骤",
    "the steps differ in number, or one is empty",
    "zh 与 en 写相同的步骤",
    "write the same steps in zh and en",
)
NO_SOURCE = kind(
    "TG-0315",
    "来源为空",
    "the source is empty",
    "写明标准，或限值的依据",
    "name the standard, or what the limit rests on",
)
NO_DEADLINE = kind(
    "TG-0316",
    "“{given}”不是时限",
    "no deadline: {given}",
    "写成 {example}",
    "write {example}",
)
ENDS_BEFORE_START = kind(
    "TG-0317",
    "结束早于开始",
    "it ends before it begins",
    "until 应晚于 from",
    "write 'until' later than 'from'",
)
NO_DATE = kind(
    "TG-0317",
    "{value!r} 不是日期",
    "{value!r} is no date",
    "例如 2026-05-01 或 2026-05-01T08:00+08:00",
    "write 2026-05-01 or 2026-05-01T08:00+08:00",
)

# --- levels -----------------------------------------------------------------------------------------------------

TOO_FEW_LEVELS = kind(
    "TG-0309",
    "至少需要两个级别",
    "a rule needs at least two levels",
    "增加一个级别，或改为不分级的 when 与 severity",
    "add a level, or write 'when' and 'severity' without levels",
)
LEVEL_TWICE = kind(
    "TG-0309",
    "级别 {value} 出现了两次",
    "there are two levels {value}",
    "每个级别只写一次；同一级别的条件用 or 连接",
    "write each severity once; join conditions of one severity with 'or'",
)
LEVELS_DESCEND = kind(
    "TG-0309",
    "级别 {value} 写在更重的级别 {other} 之后",
    "the level {value} stands after {other}, which is worse",
    "级别按由轻到重的顺序写",
    "write the levels from the least to the worst",
)
LEVEL_TOO_NEAR = kind(
    "TG-0309",
    "级别 {value} 的限值不比更轻的级别 {other} 更远",
    "the limit of {value} is reached no later than that of {other}",
    "更重的级别应有更远的限值",
    "give the worse level the limit further out",
)
LEVEL_CLEARS_TWICE = kind(
    "TG-0309",
    "{name!r} 既写在规则上，又写在最轻的级别上",
    "{name!r} stands at the rule and at its lowest level",
    "只保留一处：规则上所写的就是最轻级别的",
    "keep one: what stands at the rule is meant for its lowest level",
)
BELONGS_TO_LEVELS = kind(
    "TG-0309",
    "有 levels 时，{name!r} 写在各级别中",
    "with 'levels', {name!r} is written in each level",
    "将其移到级别中",
    "move it into the levels",
)

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
    "把 {value} 放在窗口之外，用 and 连接",
    "put {value} outside the window, joined by 'and'",
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

# --- bounds (rules.bounds) --------------------------------------------------------------------------------------

FILE_TOO_LONG = kind(
    "TG-0330",
    "文件有 {count} 个字符，最多 {most} 个",
    "the file has {count} characters, at most {most} are read",
    "拆成几个文件",
    "split it into several files",
)
FILE_TOO_DEEP = kind(
    "TG-0330",
    "列表或字段嵌套过深",
    "lists or maps are nested too deeply",
    "规则文件只是规则的列表",
    "a rule file is a list of rules",
)
TOO_MANY_CHARACTERS = kind(
    "TG-0330",
    "条件有 {count} 个字符，最多 {most} 个",
    "the condition has {count} characters, at most {most} are allowed",
    "拆成几条规则",
    "split it into several rules",
)
TOO_MANY_WORDS = kind(
    "TG-0330",
    "条件中的名称、数字和符号超过 {most} 个",
    "the condition has more than {most} names, numbers and signs",
    "拆成几条规则",
    "split it into several rules",
)
TOO_MANY_NODES = kind(
    "TG-0330",
    "规则有 {count} 个节点（操作数、数字、运算），最多 {most} 个",
    "the rule has {count} nodes (operands, numbers, operators), at most {most} are allowed",
    "拆成几条规则",
    "split it into several rules",
)
TOO_MANY_WINDOWS = kind(
    "TG-0330",
    "规则用了 {count} 个不同的窗口（每个设施 {bytes} 字节），最多 {most} 个",
    "the rule has {count} different windows ({bytes} bytes a facility), at most {most} are allowed",
    "拆成几条规则，或统一窗口长度",
    "split it into several rules, or use windows of one length",
)
