"""What can be wrong in what a device profile means: every kind, in both languages.

``{name}`` is the dotted path of the key (``registers.power.type``). What can be wrong in the form of a file is in
``findings``.
"""

from __future__ import annotations

from core.findings import kind

# --- addresses --------------------------------------------------------------------------------------------------

NO_BASE = kind("TG-0104", "{name} 的值是 {value!r}", "{name} is {value!r}", "使用 0、1 或 plc", "use 0, 1 or plc")
OCTAL = kind(
    "TG-0104",
    "{name} 的值是 {written}，YAML 会当作八进制",
    "{name} is {written}, which YAML reads as octal",
    "去掉开头的零，或以 0x 开头",
    "write it without leading zeros, or with 0x",
)
NO_PLC_NUMBER = kind(
    "TG-0104",
    "{name} 的值是 {written!r}，不是 PLC 编号",
    "{name} is {written!r}, which is no PLC number",
    "写 40001、400001、30001、10001 或 1",
    "write 40001, 400001, 30001, 10001 or 1",
)
FUNCTION_OF_ANOTHER_TABLE = kind(
    "TG-0104",
    "{name} 的值是 {function}，但 {written} 用功能码 {right} 读取",
    "{name} is {function}, but {written} is read with {right}",
    "删去 function",
    "leave function out",
)
PAST_LAST_ADDRESS = kind(
    "TG-0104",
    "{name} 超出最后一个地址",
    "{name} runs past the last address",
    "检查地址与类型",
    "check address and type",
)
HOLE_BACKWARDS = kind(
    "TG-0104",
    "{name} 在 `from` 之前，或在另一张表里",
    "{name} lies before `from`, or in another table",
    "写最后一个会被拒绝的地址",
    "write the last refused address",
)
NO_REGISTERS = kind(
    "TG-0104", "{name} 是空的", "{name} holds none", "至少描述一个寄存器", "describe at least one register"
)

# --- types ------------------------------------------------------------------------------------------------------

BITS_ARE_BOOL = kind(
    "TG-0104",
    "{name} 的值是 {type}，但功能码 1 和 2 读的是位",
    "{name} is {type}, but functions 1 and 2 read bits",
    "使用 bool",
    "use bool",
)
SIZE_IS_KNOWN = kind(
    "TG-0104",
    "{name} 写在 {type} 上，而它的长度是固定的",
    "{name} stands at a {type}, whose size is known",
    "删去它",
    "leave it out",
)
WRONG_SIZE = kind(
    "TG-0104",
    "{name} 的值是 {words}",
    "{name} is {words}",
    "{type} 可占的寄存器数：{allowed}",
    "a {type} has {allowed} words",
)
TYPE_TOO_WIDE = kind(
    "TG-0104",
    "{name} 需要 {words} 个寄存器，超过一次可读的数量",
    "{name} needs {words} registers, more than one read may",
    "调大 max_registers",
    "raise max_registers",
)
PAST_LAST_BIT = kind(
    "TG-0104",
    "{name} 从第 {bit} 位起取 {count} 位，超出第 {last} 位",
    "{name} {bit} with {count} bits runs past bit {last}",
    "调小 bit 或 bits",
    "lower bit or bits",
)
NO_BITS_CUT = kind(
    "TG-0104",
    "{name} 不能从 {type} 中取位",
    "{name} cuts no bits out of a {type}",
    "使用 bits 或 enum",
    "use bits or enum",
)
ONLY_FOR_STRINGS = kind(
    "TG-0104",
    "{name} 对 {type} 没有意义",
    "{name} says nothing of a {type}",
    "它只用于 string",
    "it belongs to a string",
)
STRING_SCALED = kind(
    "TG-0104",
    "{name} 不能换算 {type}",
    "{name} cannot scale a {type}",
    "删去它",
    "leave it out",
)
NOT_FOR_STRINGS = kind(
    "TG-0104",
    "{name} 不能用于 {type}",
    "{name} makes no sense at a {type}",
    "删去它",
    "leave it out",
)
ABSENT_STRING = kind(
    "TG-0104",
    "{name} 对 {type} 是多余的",
    "{name} is not needed at a {type}",
    "空字符串本来就表示未实现",
    "an empty string is not implemented anyway",
)

# --- values -----------------------------------------------------------------------------------------------------

ABSENT_TOO_LARGE = kind(
    "TG-0104",
    "{name} 中有放不进该类型的值",
    "{name} holds a value that does not fit the type",
    "写无符号的原始值，例如 0x7FFF",
    "write the raw words, unsigned, as in 0x7FFF",
)
SCALE_IS_ZERO = kind(
    "TG-0104",
    "{name} 为 0，所有值都会等于偏移量",
    "{name} is 0, so every value would be the offset",
    "使用非 0 的系数",
    "use a scale other than 0",
)
DIVISOR_IS_ZERO = kind(
    "TG-0104",
    "{name} 为 0，不能作除数",
    "{name} is 0, and nothing can be divided by it",
    "使用非 0 的除数",
    "use a divisor other than 0",
)
LOW_ABOVE_HIGH = kind(
    "TG-0104",
    "{name} 高于 high（{low:g} > {high:g}）",
    "{name} is above high ({low:g} > {high:g})",
    "对调两者",
    "swap the two",
)
NO_EXPONENT = kind(
    "TG-0104",
    "{name} 的指数取自 {source!r}，文件中没有它",
    "{name} takes its exponent from {source!r}, which is not in the file",
    "写本文件中的寄存器",
    "name a register of the file",
)
WRONG_EXPONENT = kind(
    "TG-0104",
    "{name} 的指数不能取自 {source!r}",
    "{name} cannot take its exponent from {source!r}",
    "它应是同一功能码的单个 16 位寄存器",
    "it must be one 16-bit register of the same function",
)

# --- states and bits --------------------------------------------------------------------------------------------

NO_RAW_VALUE = kind(
    "TG-0104",
    "{name} 不是原始值",
    "{name} is no raw value",
    "写整数，十进制或以 0x 开头",
    "write a whole number, decimal or 0x…",
)
NO_KEY = kind(
    "TG-0104",
    "{name} 的值是 {value!r}",
    "{name} is {value!r}",
    "用小写字母、数字和下划线，以字母开头",
    "use small letters, digits and _, a letter first",
)
KEY_TWICE = kind(
    "TG-0104",
    "{name} 两次使用键 {key!r}",
    "{name} uses the key {key!r} twice",
    "各用各的键",
    "give each its own key",
)
STATES_OF_A_NUMBER = kind(
    "TG-0104",
    "{name} 不能给 {type} 的值命名",
    "{name} name no values of a {type}",
    "使用 enum",
    "use enum",
)
STATES_MISSING = kind(
    "TG-0104",
    "缺少 {name}，而 enum 的值应有名称",
    "{name} is missing, but an enum has named values",
    "添加 states，或使用 u16",
    "add states, or use u16",
)
STATE_TOO_LARGE = kind(
    "TG-0104",
    "{name} 中有大于 {most} 的值，而最大只能是 {most}",
    "{name} names a value above {most}, the highest there is",
    "更正该值",
    "mend the value",
)
CLOSED_WITHOUT_ENUM = kind(
    "TG-0104",
    "{name} 对 {type} 没有意义",
    "{name} says nothing of a {type}",
    "它只用于 enum",
    "it belongs to an enum",
)
CLOSED_WITH_EXPONENT = kind(
    "TG-0104",
    "{name} 不能与指数同时使用",
    "{name} makes no sense with an exponent",
    "删去其中之一",
    "leave one of the two out",
)
FLAGS_OF_NO_WORD = kind(
    "TG-0104",
    "{name} 不能给 {type} 的位命名",
    "{name} name no bits of a {type}",
    "使用 u16、u32 或 u64",
    "use u16, u32 or u64",
)
FLAG_TOO_LARGE = kind(
    "TG-0104",
    "{name} 中有大于 {most} 的位号",
    "{name} names a bit above {most}",
    "位号从最低位的 0 数起",
    "count bits from 0, the least significant",
)
FLAGS_SCALED = kind(
    "TG-0104",
    "{name} 写在换算过的值上",
    "{name} stands at a scaled value",
    "删去 scale、divisor、offset 和指数",
    "leave scale, divisor, offset and exponent out",
)

# --- the product ------------------------------------------------------------------------------------------------

NO_QUIRK = kind(
    "TG-0104", "{name} 中没有 {value!r} 这一种", "{name} names {value!r}", "可用的有：{known}", "use some of {known}"
)
IDENTIFIES_NOTHING = kind(
    "TG-0104", "{name} 是空的", "{name} says nothing", "添加 objects 或 registers", "add objects or registers"
)
STRING_UNMATCHED = kind(
    "TG-0104",
    "{name} 没有说明 {type} 应为什么",
    "{name} does not say what a {type} must be",
    "添加 `matches:`",
    "add `matches:`",
)
NUMBER_UNMATCHED = kind(
    "TG-0104",
    "{name} 没有说明 {type} 应为什么",
    "{name} does not say what a {type} must be",
    "添加 `equals:`，或 `low:` 和 `high:`",
    "add `equals:`, or `low:` and `high:`",
)
NO_PATTERN = kind(
    "TG-0104",
    "{name} 不是正则表达式：{problem}",
    "{name} is no regular expression: {problem}",
    "更正它；普通文本中的 . ( ) [ ] + * ? 前应加反斜杠",
    "mend it; a plain text must escape . ( ) [ ] + * ?",
)

# --- a text that was sent ---------------------------------------------------------------------------------------

TOO_LARGE = kind(
    "TG-0127",
    "内容过大：{size} 字节，上限 {most} 字节",
    "it is too large: {size} bytes, at most {most}",
    "一个产品一个文件，只写寄存器表",
    "one file a product, and its map only",
)
TANGLED = kind(
    "TG-0127",
    "使用了锚点或别名，或嵌套过深",
    "it uses anchors or aliases, or is nested too deep",
    "写出全部内容",
    "write everything out",
)

# --- what is odd in a profile that loads ------------------------------------------------------------------------

SOURCE_EMPTY = kind(
    "TG-0120",
    "{name} 是空的",
    "{name} is empty",
    "写明寄存器表出自哪份文档或哪个项目",
    "say in what document or project the map was read",
)
ONE_LANGUAGE = kind(
    "TG-0126",
    "{name} 没有中英两种文字",
    "{name} is not in both languages",
    "写成 {{zh: …, en: …}}",
    "write {{zh: …, en: …}}",
)
NO_LABEL = kind(
    "TG-0126",
    "{name} 没有中英文名称",
    "{name} has no name in Chinese and English",
    "添加 `label:`，或写进 gateway/quantities.yaml",
    "add `label:`, or a line to gateway/quantities.yaml",
)
EVIDENCE_MISSING = kind(
    "TG-0120",
    "缺少 {name}",
    "{name} is missing",
    "写明出处的可靠程度：maker、project、secondary 或 own",
    "say how good the source is: maker, project, secondary or own",
)
BRIDGE_TOO_WIDE = kind(
    "TG-0121",
    "{name} 不小于 max_registers",
    "{name} is not less than max_registers",
    "这么宽的空段放不进一次读取",
    "a hole of that size never fits one read",
)
SHARED_ADDRESSES = kind(
    "TG-0122",
    "{name} 与 {other!r}（{written}，{words} 个寄存器）地址重叠",
    "{name} shares addresses with {other!r} ({written}, {words} words)",
    "检查两者的地址与类型",
    "check address and type of both",
)
BOUND_WITHOUT_UNIT = kind(
    "TG-0123",
    "{name} 是界限，却没有单位",
    "{name} is a bound without a unit",
    '添加 `unit:`；纯数字则写 `unit: "1"`',
    'add `unit:`, or `unit: "1"` for a plain number',
)
EXPONENT_TOO_FAR = kind(
    "TG-0124",
    "{name} 与它的指数一共跨越 {span} 个寄存器，超过一次可读的数量",
    "{name} spans {span} registers with its exponent, more than one read may",
    "调大 max_registers，或改用产品的另一张表",
    "raise max_registers, or read the product's other map",
)
NEVER_READ = kind(
    "TG-0125",
    "{name} 位于 `illegal` 所列的地址段",
    "{name} lies in an address range named `illegal`",
    "更正其中之一",
    "mend one of the two",
)
