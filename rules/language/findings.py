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
TEMPLATE_WITH_CLASS = kind(
    "TG-0325",
    "带 for_each 的规则不写 class，类别写在 for_each 里",
    "a rule with for_each has no class of its own; the classes stand in for_each",
    "删去 class，或删去 for_each",
    "leave out class, or for_each",
)
NO_PLACEHOLDER = kind(
    "TG-0325",
    "{value} 在此没有值",
    "{value} has no value here",
    "可用：{known}；限值等写在 for_each 的测量项后面",
    "there are {known}; limits and the like stand behind the measurement in for_each",
)
