"""What can be wrong with cases from other platforms: their mapping, their files, their requests."""

from __future__ import annotations

from core.findings import Sentence, kind

MAPPING_UNREADABLE = kind(
    "TG-3200",
    "无法读取对照表：{problem}",
    "the mapping cannot be read: {problem}",
    "检查 exchange.partners 中 mapping 所指的文件",
    "check the file that `mapping` of exchange.partners names",
)
MAPPING_NO_TABLE = kind(
    "TG-3201",
    "不是对照表",
    "this is no mapping",
    "对照随附的 mapping.yaml",
    "compare it with the mapping.yaml that ships",
)
MAPPING_WRONG = kind(
    "TG-3202",
    "{part} 不可用：{problem}",
    "{part} is of no use: {problem}",
    "对照随附的 mapping.yaml 改正",
    "mend it; compare it with the mapping.yaml that ships",
)
FILE_UNREADABLE = kind(
    "TG-3203",
    "无法读取文件：{problem}",
    "the file cannot be read: {problem}",
    "检查路径和权限",
    "check path and rights",
)
FILE_FORM = kind(
    "TG-3204",
    "既不是 CSV（UTF-8 或 GB18030），也不是 xlsx 工作簿",
    "this is neither CSV (UTF-8 or GB18030) nor an xlsx workbook",
    "另存为 CSV 或 xlsx 后再导入",
    "save it as CSV or xlsx and import that",
)
FILE_TOO_LARGE = kind(
    "TG-3205",
    "文件过大：{size}，最多 {most}",
    "the file is too large: {size}, at most {most}",
    "按时间分成几个文件",
    "split it by time",
)
NO_HEADINGS = kind(
    "TG-3206",
    "缺少必需的列：{names}",
    "columns are missing that are needed: {names}",
    "在第一行写上列名；别的叫法写进对照表的 columns",
    "put headings into the first row; other names go into `columns` of the mapping",
)
HEADING_TWICE = kind(
    "TG-3207",
    "有两列都表示 {name}",
    "two columns stand for {name}",
    "只保留一列",
    "keep one of them",
)
VALUE_MISSING = kind("TG-3208", "缺少{name}", "{name} is missing", "填写后再导入", "fill it in and import again")
STATE_UNKNOWN = kind(
    "TG-3209",
    "对照表中没有状态“{value}”",
    "the mapping does not know the state “{value}”",
    "把它写进对照表的 states",
    "put it into `states` of the mapping",
)
COMMUNITY_UNKNOWN = kind(
    "TG-3211",
    "没有社区“{value}”",
    "there is no community “{value}”",
    "把它写进对照表的 communities，或先建台账",
    "put it into `communities` of the mapping, or the community into the registry",
)
FACILITY_UNKNOWN = kind(
    "TG-3212",
    "社区中没有设施“{value}”",
    "there is no facility “{value}” in the community",
    "改正编码，或留空",
    "correct the code, or leave it empty",
)
TIME_WRONG = kind(
    "TG-3213",
    "{name}“{value}”不是时间，或在未来",
    "{name} “{value}” is no time, or lies ahead",
    "写成 2026-11-30 08:00:00；别的写法写进对照表的 times",
    "write it as 2026-11-30 08:00:00; other forms go into `times` of the mapping",
)
PLACE_WRONG = kind(
    "TG-3214",
    "坐标“{value}”不可用",
    "the coordinates “{value}” are of no use",
    "经度和纬度以度为单位，二者齐全或都留空",
    "longitude and latitude in degrees, both or neither",
)
TOO_LONG = kind(
    "TG-3215",
    "{name}超过 {most} 字",
    "{name} is longer than {most} characters",
    "缩短后再导入",
    "shorten it and import again",
)
NUMBER_TWICE = kind(
    "TG-3216",
    "编号 {value} 出现了两次，内容不同（第 {other} 行）",
    "number {value} stands here twice with different contents (row {other})",
    "只保留一行",
    "keep one of the rows",
)
OURS_UNKNOWN = kind(
    "TG-3217",
    "没有案件 {value}",
    "there is no case {value}",
    "改正外部编号，或留空",
    "correct our number, or leave it empty",
)
TOO_MANY = kind(
    "TG-3218",
    "一次最多 {most} 件",
    "at most {most} cases at once",
    "分成几次",
    "send them in several goes",
)
FIELD_UNKNOWN = kind(
    "TG-3219",
    "没有字段 {name}",
    "there is no field {name}",
    "字段名见 docs/exchange.md",
    "docs/exchange.md names the fields",
)
FILE_FORM_JSON = kind(
    "TG-3220",
    "内容不是 JSON 对象或对象列表",
    "this is no JSON object and no list of objects",
    "格式见 docs/exchange.md",
    "docs/exchange.md shows the form",
)
DIGITS_LOST = kind(
    "TG-3221",
    "“{value}”在表格中成了数字，尾数已丢失",
    "“{value}” has become a number in the sheet and lost its last digits",
    "把该列设为文本格式，重新导出",
    "make the column text and export it again",
)
FORMULA = kind(
    "TG-3222",
    "“{value}”是公式错误",
    "“{value}” is an error of a formula",
    "改成值后再导入",
    "put the value in its place and import again",
)
NOT_TEXT = kind(
    "TG-3223",
    "{name} 含有不能保存的字符（NUL 或不成对的代理码）",
    "{name} has a character that cannot be kept (NUL, or half of a surrogate pair)",
    "去掉该字符后重新发送",
    "take it out and send it again",
)

NAMES = {
    "number": Sentence("编号", "number"),
    "state": Sentence("状态", "state"),
    "state_at": Sentence("状态时间", "time of the state"),
    "reported_at": Sentence("上报时间", "time of the report"),
    "event": Sentence("事部件代码或名称", "part or event"),
    "community": Sentence("社区", "community"),
    "words": Sentence("问题描述", "description"),
    "phone": Sentence("联系电话", "phone number"),
    "state_word": Sentence("状态", "state"),
}
"""What a reader calls the fields."""

ONE_OF = Sentence("应为 {known} 之一", "it must be one of {known}")
A_LIST = Sentence("应为文字列表", "it must be a list of words")
A_TABLE = Sentence("应为对照（键: 值）", "it must be a mapping (key: value)")
TWICE = Sentence("“{word}”出现了两次", "“{word}” stands there twice")
UNKNOWN_EVENT = Sentence("没有事项 {event}", "there is no event {event}")

NO_PARTNER = Sentence("设置中没有对接平台 {name}", "the settings know no partner {name}")
BAD_SEAL = Sentence(
    "签名不正确，或时间相差超过 {minutes} 分钟",
    "the signature is wrong, or the time is more than {minutes} minutes off",
)
REPLAYED = Sentence("该请求已收到过", "this request has been taken before")
WITHDRAWN = Sentence("对方已撤销（{word}）", "withdrawn by the partner ({word})")
OVERTAKEN = Sentence(
    "该案件更新的状态已经发出；再发这一条会让对方退回旧状态，可标为不再处理",
    "a later state of this case has gone out; this one would take the partner back to an older one: let it be",
)
NOT_GIVEN_UP = Sentence("该消息没有被放弃", "this message has not been given up")
