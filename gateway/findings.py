"""What can be wrong in a gateway's configuration and in the form of any file: every kind, in both languages.

``{name}`` is the dotted path of the key (``buses[0].host``). What a device profile means is in ``profile_findings``.
"""

from __future__ import annotations

from core.findings import Sentence, kind

# --- the file ---------------------------------------------------------------------------------------------------

NO_YAML = kind(
    "TG-0100",
    "不是有效的 YAML：{problem}",
    "this is no YAML: {problem}",
    "修正此处的缩进、引号或括号",
    "mend the indentation, quote or bracket at this place",
)
NO_MAPPING = kind(
    "TG-0101", "文件中没有“键: 值”", "the file holds no mapping", "按 `key: value` 逐行填写", "write `key: value` lines"
)
UNREADABLE = kind(
    "TG-0102",
    "无法读取：{problem}",
    "cannot be read: {problem}",
    "检查路径、权限，并确认是 UTF-8 编码",
    "check the path, its permissions and that it is UTF-8",
)
TWICE = kind("TG-0103", "{name} 出现了两次", "{name} stands here twice", "只保留一处", "keep one of the two")
MISSING = kind("TG-0105", "缺少 {name}", "{name} is missing", "添加 `{key}:`", "add `{key}:`")
UNKNOWN = kind("TG-0106", "没有 {name} 这一项", "{name} is unknown", "{hint}", "{hint}")
NEAR_KEY = Sentence("是否应为 `{near}`？", "did you mean `{near}`?")
KEYS_HERE = Sentence("此处可用：{known}", "known here: {known}")

# --- the form of a value ----------------------------------------------------------------------------------------

NOT_ONE_VALUE = kind(
    "TG-0104", "{name} 应为单个值", "{name} must be a single value", "冒号后写一个值", "write one value after the colon"
)
NOT_TEXT = kind(
    "TG-0104",
    "{name} 应为文本，而不是 {value!r}",
    "{name} must be a text, not {value!r}",
    "加上引号",
    "put it in quotes",
)
NOT_A_CHOICE = kind(
    "TG-0104", "{name} 的值是 {value!r}", "{name} is {value!r}", "请使用其中之一：{known}", "use one of {known}"
)
NOT_A_NUMBER = kind(
    "TG-0104",
    "{name} 应为数字，而不是 {value!r}",
    "{name} must be a number, not {value!r}",
    "写数字，不加引号",
    "write digits without quotes",
)
OUT_OF_RANGE = kind(
    "TG-0104",
    "{name} 的值是 {value}",
    "{name} is {value}",
    "应在 {low:g} 与 {high:g} 之间",
    "it must lie between {low:g} and {high:g}",
)
NOT_WHOLE = kind(
    "TG-0104",
    "{name} 应为整数，而不是 {value!r}",
    "{name} must be a whole number, not {value!r}",
    "写十进制数字，或以 0x 开头的十六进制数字",
    "write digits, or 0x and hexadecimal digits",
)
NOT_A_FLAG = kind(
    "TG-0104",
    "{name} 应为 true 或 false，而不是 {value!r}",
    "{name} must be true or false, not {value!r}",
    "写 true 或 false",
    "write true or false",
)
NOT_WHOLE_NUMBERS = kind(
    "TG-0104",
    "{name} 应为整数列表",
    "{name} must be a list of whole numbers",
    "例如 [1, 0x7FFF]",
    "write [1, 0x7FFF]",
)
NOT_A_TABLE = kind(
    "TG-0104",
    "{name} 应为一组“键: 值”",
    "{name} must be a mapping",
    "在其下缩进填写 `key: value`",
    "indent `key: value` lines below it",
)
NOT_A_LIST = kind(
    "TG-0104", "{name} 应为列表", "{name} must be a list", "每一项以 `- ` 开头", "begin each entry with `- `"
)
ITEM_NO_TABLE = kind(
    "TG-0104",
    "{name} 应为一组“键: 值”",
    "{name} must be a mapping",
    "在其中写 `key: value`",
    "write `key: value` in it",
)

# --- what a configuration means ---------------------------------------------------------------------------------

NO_ID = kind(
    "TG-0104",
    "{name} 的值是 {value!r}",
    "{name} is {value!r}",
    "用 1 至 64 个字符：A-Z a-z 0-9 . _ -",
    "use 1 to 64 of the signs A-Z a-z 0-9 . _ -",
)
SECRET_UNREADABLE = kind(
    "TG-0104",
    "{name} 无法读取：{problem}",
    "{name} cannot be read: {problem}",
    "创建该文件，且只允许网关读取",
    "create it, readable by the gateway only",
)
NO_FILE = kind(
    "TG-0104", "{name} 指向的文件不存在：{path}", "{name} names no file: {path}", "检查路径", "check the path"
)
NO_RECORD = kind(
    "TG-0104",
    "{name} 不是可用的竣工记录：{problem}",
    "{name} names no record that holds: {problem}",
    "用 twingrid site sign --into 或 twingrid site config --into 重新写入，或删去这一行",
    "write it anew with twingrid site sign --into or twingrid site config --into, or take the line out",
)
NO_DEADBAND = kind(
    "TG-0104",
    "{name} 的值是 {value!r}",
    "{name} is {value!r}",
    "写一个数字，或数字加 %",
    "write a number, or a number and %",
)
NO_METRIC = kind(
    "TG-0104",
    "{name} 的指标是 {metric!r}",
    "{name} is the metric {metric!r}",
    "写“设施/测量项”，不含空格和 + #",
    "write facility/measurement, without spaces and + #",
)
METRIC_TWICE = kind(
    "TG-0104",
    "{name} 重复读取 {metric!r}",
    "{name} reads {metric!r} a second time",
    "已在 {first} 读取",
    "it is read at {first} already",
)
BIRTH_TOO_LARGE = kind(
    "TG-0104",
    "{name} 使设备 {device!r} 的指标过多，一条上线消息放不下",
    "{name} is one metric too many for the device {device!r}",
    "为部分总线指定另一个 `device:`",
    "give some buses another `device:`",
)
ID_TWICE = kind(
    "TG-0104",
    "{name} 与 adapters 多次使用标识 {value!r}",
    "{name} and adapters use the id {value!r} more than once",
    "各用各的标识",
    "give each its own id",
)
UNIT_ID_TWICE = kind(
    "TG-0104",
    "{name} 多次使用单元号 {number}",
    "{name} hold unit id {number} more than once",
    "合并两处，或更正单元号",
    "join the two, or mend the unit id",
)
TWO_WAYS = kind(
    "TG-0104",
    "{name} 与 `host` 都说明了总线在哪里",
    "{name} and `host` both say where the bus is",
    "只保留其一",
    "keep one of the two",
)
NO_WAY = kind(
    "TG-0105",
    "缺少 {name}",
    "{name} is missing",
    "添加 `host:`；若为串口则添加 `serial:`",
    "add `host:`, or `serial:` for a serial port",
)
KEY_OF_ANOTHER_WAY = kind(
    "TG-0104",
    "{name} 只用于写有 `{owner}` 的总线",
    "{name} belongs to a bus with `{owner}`",
    "删去它",
    "take it out",
)
RTU_NEEDS_EIGHT = kind(
    "TG-0104",
    "{name} 为 7，而 RTU 需要 8",
    "{name} is 7, and RTU needs 8",
    "写 8，或使用 framing: ascii",
    "write 8, or use framing: ascii",
)
KEY_WITHOUT_CERTIFICATE = kind(
    "TG-0104",
    "{name} 没有相应的证书",
    "{name} stands without a certificate",
    "添加 `cert_file:`",
    "add `cert_file:`",
)
NO_TRANSACTION_IDS = kind(
    "TG-0104",
    "{name} 为 {unit} 指定了事务号，而 {framing} 帧没有事务号",
    "{name} give {unit} transaction ids, which {framing} frames do not have",
    "删去 `transaction_ids:`",
    "take `transaction_ids:` out",
)
PORT_TWICE = kind(
    "TG-0104",
    "{name} 多次使用串口 {path}",
    "{name} use the serial port {path} more than once",
    "把它的单元放在同一条总线下",
    "put its units on one bus",
)
NO_PROFILE = kind(
    "TG-0104",
    "{name} 的值是 {value!r}，没有这个设备档案",
    "{name} is {value!r}, which is not known",
    "可用的有：{known}",
    "known: {known}",
)
NO_REGISTER = kind(
    "TG-0104",
    "{name} 不是 {profile} 的寄存器",
    "{name} is no register of {profile}",
    "可用的有：{known}",
    "known: {known}",
)
NO_TOPIC = kind(
    "TG-0104",
    "{name} 的值是 {value!r}",
    "{name} is {value!r}",
    "写设备发布所用的那一个主题，不含通配符",
    "write the one topic the device publishes on, without wildcards",
)
BUS_OVERLOADED = kind(
    "TG-0107",
    "{name} 要占用总线时间的 {percent:.0f}%，其中最多的是 {unit}（{share:.0f}%）",
    "{name} would take {percent:.0f} % of the bus's time, the most of it {unit} ({share:.0f} %)",
    "加长 interval_s，减少测点，或提高波特率",
    "poll less often (interval_s), read fewer points, or raise the baud rate",
)
DECODER_REFUSES = kind(
    "TG-0104",
    "{name} 无法这样使用：{problem}",
    "{name} cannot work like this: {problem}",
    "参见 docs/gateway.md 中的 MQTT 设备",
    "see MQTT devices in docs/gateway.md",
)
TEXT_CHANGED = kind(
    "TG-0104",
    "{name} 是文本，这里不能换算",
    "{name} is a text, which cannot be changed here",
    "删去 scale、offset、bit 和 states",
    "leave scale, offset, bit and states out",
)
NO_ZONE = kind(
    "TG-0104",
    "{name} 的值是 {value!r}",
    "{name} is {value!r}",
    "写 IANA 时区，例如 Asia/Shanghai",
    "write an IANA zone such as Asia/Shanghai",
)
NOT_TEXTS = kind(
    "TG-0104", "{name} 应为文本列表", "{name} must be a list of texts", '写 ["---", "ERR"]', 'write ["---", "ERR"]'
)
UNKNOWN_UNIT = kind(
    "TG-0104",
    "{name} 是未知的单位 {unit!r}",
    "{name} is the unknown unit {unit!r}",
    "使用 UCUM 代码，例如 Cel、kPa、m3/h 或 1",
    "use a UCUM code such as Cel, kPa, m3/h or 1",
)
STATE_NOT_WHOLE = kind(
    "TG-0104",
    "{name} 不是整数",
    "{name} is no whole number",
    "写寄存器的值，例如 3: 0",
    "write the register's value, such as 3: 0",
)

# --- the spool's folder -----------------------------------------------------------------------------------------

SPOOL_FORBIDDEN = kind(
    "TG-0190",
    "无法打开缓存 {folder}：{problem}",
    "the spool {folder} cannot be opened: {problem}",
    "授予网关用户对该目录的写权限",
    "give the gateway's user the right to write there",
)
SPOOL_NO_FOLDER = kind(
    "TG-0190",
    "无法打开缓存 {folder}：{problem}",
    "the spool {folder} cannot be opened: {problem}",
    "填写一个目录，或尚不存在的路径",
    "name a folder, or a path that does not exist yet",
)
SPOOL_READ_ONLY = kind(
    "TG-0190",
    "无法打开缓存 {folder}：{problem}",
    "the spool {folder} cannot be opened: {problem}",
    "以可写方式挂载文件系统（磁盘出错后须先检查），或改用其他目录",
    "mount the file system writable (after a disk error: check it first), or name another folder",
)

# --- what a decoder is told ---------------------------------------------------------------------------------------

NO_POINTER = Sentence(
    "{path!r} 不是 JSON 指针：须以斜杠开头", "{path!r} is no JSON pointer: it must begin with a slash"
)
NO_SPARKPLUG_TOPIC = Sentence(
    "Sparkplug 源的主题应为 spBv1.0/<group>/+/<node>/#，而不是 {topic!r}",
    "the topic of a Sparkplug source is spBv1.0/<group>/+/<node>/#, not {topic!r}",
)
NO_MODEL = Sentence("没有型号 {model!r} 的表；已有：{known}", "no table for the model {model!r}; known: {known}")
TEMPLATE_TOO_LONG = Sentence(
    "模板有 {count} 个字符，超过 {most}", "the template has {count} characters, more than {most}"
)
TEMPLATE_UNREADABLE = Sentence(
    "模板 {text!r} 无法解析：检查花括号、括号和引号",
    "the template {text!r} cannot be read: look at its braces, brackets and quotes",
)
TEMPLATE_NOT_ONE = Sentence(
    "模板 {text!r} 应为双花括号中的一个表达式", "the template {text!r} must be one expression in double braces"
)
TEMPLATE_FORBIDDEN = Sentence(
    "模板 {text!r} 使用了此处不允许的 {what!r}", "the template {text!r} uses {what!r}, which is not allowed here"
)

# --- configurations from afar -------------------------------------------------------------------------------------

NO_FACILITY = kind(
    "TG-0318",
    "{name} 的值 {value!r} 不能作为设施编码",
    "{name} is {value!r}, which is no facility code",
    "写设施编码，例如 wtl-gw-01",
    "write the code of a facility, as in wtl-gw-01",
)
NO_OWN_BROKER = kind(
    "TG-0319",
    "网关本机的文件中没有 adapter {value!r}",
    "the gateway's own file has no adapter {value!r}",
    "使用已有的 adapter（{known}），或先在现场的文件中写入它和它的 broker",
    "use one that is there ({known}), or write it with its broker into the file on site first",
)
NOT_A_PART = kind(
    "TG-0320",
    "{name} 不能远程下发",
    "{name} cannot be pushed",
    "只下发 buses、adapters、profiles；其余内容在网关本机的文件中修改",
    "push buses, adapters and profiles only; all else is changed in the file on the gateway",
)
ADAPTER_BROKER = kind(
    "TG-0321",
    "{name} 含有消息代理的地址",
    "{name} names a broker",
    "删除 broker；网关使用本机文件中同名 adapter 的代理",
    "remove it; the gateway takes the broker of the adapter of that id from its own file",
)
SECRET_HERE = kind(
    "TG-0322",
    "{name} 是密钥或账号",
    "{name} is a secret or an account",
    "从文本中删除；密钥只放在网关本机",
    "remove it; secrets stay on the gateway",
)
TOO_LARGE = kind(
    "TG-0323",
    "配置过大：{size} 字节，上限 {most} 字节",
    "the configuration is too large: {size} bytes, at most {most}",
    "拆分到多个网关，或删去不需要的测点",
    "split it over several gateways, or leave points out",
)
TOO_TANGLED = kind(
    "TG-0324",
    "配置使用了锚点或别名，或嵌套过深",
    "the configuration uses anchors or aliases, or is nested too deep",
    "写出全部内容",
    "write everything out",
)
KILLED_ON_TRIAL = Sentence("试运行期间进程被终止或断电", "the process ended or lost power during the trial")
NOT_ONLINE = Sentence("试运行期间上行连接未恢复", "the uplink was not connected again during the trial")
NOT_ACKNOWLEDGED = Sentence("试运行期间没有收到服务器的确认", "the server acknowledged nothing during the trial")
NOBODY_ANSWERED = Sentence(
    "之前应答的 {count} 个设备在试运行期间都没有应答",
    "none of the {count} devices that answered before did so during the trial",
)
PART_DIED = Sentence(
    "试运行期间网关的一个部分出错停止：{problem}", "a part of the gateway died during the trial: {problem}"
)
NOT_KEPT = Sentence("无法写入磁盘：{problem}", "it cannot be written to the disk: {problem}")
TEXT_LOST = Sentence(
    "已确认的配置在磁盘上损坏或不再有效，网关改用本机的文件",
    "the confirmed configuration is damaged or no longer valid; the gateway uses its own file",
)
