"""What can be wrong in settings, on this machine and in the demo: every kind and reason, in both languages.

``{name}`` is the dotted name of a setting (``api.port``).
"""

from __future__ import annotations

from core.findings import Sentence, kind

HOLIDAYS_END = Sentence(
    "从 {day} 起不知道哪些日子放假、哪些周末调休上班：规则中的 workday、holiday 和 occupied 从那时起未知，"
    "办理时限按周一至周五计算。请更新 chinesecalendar，或在台账的 calendar 中写入日期（entry: day、entry: year）",
    "from {day} on nobody knows the public holidays and the weekends worked instead: workday, holiday and occupied are "
    "unknown to rules from then on, and limits count Monday to Friday. Update chinesecalendar, or write the days into "
    "the registry's calendar (entry: day, entry: year)",
)
NO_SEASON = Sentence(
    "台账的 calendar 中没有季节 {season}，这些规则因此不会告警：{rules}",
    "the registry's calendar has no season {season}, so these rules stay silent: {rules}",
)

# --- settings ---------------------------------------------------------------------------------------------------

UNREADABLE = kind(
    "TG-0010",
    "无法读取：{problem}",
    "cannot be read: {problem}",
    "检查路径、权限，并确认是 UTF-8 编码",
    "check the path, its permissions and that it is UTF-8",
)
NO_YAML = kind(
    "TG-0010",
    "不是有效的 YAML：{problem}",
    "this is no YAML: {problem}",
    "修正此处的缩进、引号或括号",
    "mend the indentation, quote or bracket here",
)
NO_MAPPING = kind(
    "TG-0010",
    "文件中没有“键: 值”",
    "the file holds no mapping",
    "按 `key: value` 逐行填写",
    "write `key: value` lines",
)
TWICE = kind("TG-0011", "{name} 出现了两次", "{name} stands here twice", "只保留一处", "keep one of the two")
NO_VARIABLE = kind("TG-0012", "没有这个设置项", "is no setting", "{hint}", "{hint}")
NEAR = Sentence("是否应为 {near}？", "did you mean {near}?")
REMOVE = Sentence(
    "请删除；`twingrid config show` 列出全部设置", "remove it; `twingrid config show` lists what there is"
)
NO_JSON_LIST = kind(
    "TG-0013",
    "无法读取：{problem}",
    "cannot be read: {problem}",
    "列表写成 JSON",
    "write lists as JSON",
)
NOT_JSON = Sentence("{name} 不是 JSON", "{name} is no JSON")
WRONG_VALUE = kind(
    "TG-0014",
    "{name}：{problem}，实际是 {value!r}",
    "{name}: {problem}, found {value!r}",
    "写{expected}；`twingrid config show` 列出全部设置",
    "write {expected}; `twingrid config show` lists all settings",
)
VALUE_MISSING = kind(
    "TG-0014",
    "{name}：{problem}",
    "{name}: {problem}",
    "写{expected}；`twingrid config show` 列出全部设置",
    "write {expected}; `twingrid config show` lists all settings",
)
NO_SETTING = kind("TG-0014", "没有设置项 {name}", "{name} is no setting", "{hint}", "{hint}")
CONTRADICTION = kind("TG-0014", "{name}：{problem}", "{name}: {problem}", "{hint}", "{hint}")
URL_MISSING = Sentence("victoriametrics 需要 store.url", "victoriametrics needs store.url")
URL_EXAMPLE = Sentence("补上，例如 http://127.0.0.1:8428", "add one such as http://127.0.0.1:8428")
MINUTES_SHORT = Sentence("minute_days 短于 raw_days", "minute_days is shorter than raw_days")
KEEP_ROLLUPS = Sentence("汇总数据至少与读数保留同样久", "keep roll-ups at least as long as the readings")
NO_TIME_ZONE = Sentence("{value!r} 不是时区", "{value!r} is no time zone")
ZONE_EXAMPLE = Sentence("例如 Asia/Shanghai", "write one such as Asia/Shanghai")
SECRET_IN_SETTINGS = Sentence("密钥不能直接写在设置里", "a secret must not stand in the settings")
SECRET_NOWHERE = Sentence("file 与 env 须且只须写一个", "it needs either file or env")
SECRET_EXAMPLE = Sentence("在其下写 file: 密钥文件，或 env: 环境变量名", "write file: path or env: NAME below it")
CHANNEL_LACKS = Sentence("{kind} 渠道缺少 {names}", "a {kind} channel needs {names}")
CHANNEL_KNOWS_NOT = Sentence("{kind} 渠道没有 {names}", "a {kind} channel knows no {names}")
CHANNEL_DOCUMENTED = Sentence(
    "见 docs/notification.md 中该类渠道的字段", "docs/notification.md lists the fields of each kind"
)
NO_SUCH_CHANNEL = Sentence(
    "{way} 用到了没有定义的渠道 {names}；已定义：{known}", "{way} uses unknown channels {names}; known: {known}"
)
MEND_ROUTE = Sentence(
    "改正名称，或在 notification.channels 中定义", "mend the name, or define it under notification.channels"
)
EXPECTED = {
    "int": Sentence("整数", "a whole number"),
    "float": Sentence("数字", "a number"),
    "bool": Sentence(" true 或 false", "true or false"),
    "string": Sentence("文本", "a text"),
    "path": Sentence("路径", "a path"),
    "tuple": Sentence("列表", "a list"),
    "greater": Sentence("更大的数", "a larger number"),
    "less": Sentence("更小的数", "a smaller number"),
    "model": Sentence("缩进的一组设置", "an indented group of settings"),
}
ONE_OF = Sentence("以下之一：{choices}", "one of {choices}")
OTHER_VALUE = Sentence("别的值", "another value")

# --- files that settings name -----------------------------------------------------------------------------------

BOOK_UNREADABLE = kind(
    "TG-0030",
    "规则库无法读取：{problem}",
    "the rule book cannot be read: {problem}",
    "检查 rules.book",
    "check rules.book",
)
NO_CORE = Sentence(
    "数据目录 {folder} 没有运行中的核心进程；先用 `twingrid up` 启动",
    "no core process runs with the data folder {folder}; start it with `twingrid up`",
)
NO_MOMENT = Sentence(
    "{value!r} 不是时刻；例如 2026-03-02T08:30+08:00 或 08:30",
    "{value!r} is no moment; write for example 2026-03-02T08:30+08:00 or 08:30",
)
NO_SPAN = Sentence("{value!r} 不是时长；例如 7 d", "{value!r} is no duration; write for example 7 d")
NO_FACILITY = Sentence(
    "类别 {class_id} 没有设施 {value!r}；最接近的是：{near}", "there is no {class_id} {value!r}; nearest: {near}"
)
RULES_DO_NOT_FIT = kind(
    "TG-0030",
    "规则与设施不符：{reason}",
    "the rules do not fit the facilities: {reason}",
    "核对台账中测点的单位",
    "look at the units of the points in the registry",
)
NO_RULE_FILE = Sentence("其中没有 *.yaml 文件", "it holds no *.yaml file")
PASSWORD_UNREADABLE = kind(
    "TG-0031",
    "无法读取：{problem}",
    "cannot be read: {problem}",
    "创建该文件，且只允许 Twingrid 读取",
    "create it, readable by Twingrid only",
)
SECRET_UNREADABLE = kind(
    "TG-0034",
    "渠道 {channel} 的 {name} 无法读取：{problem}",
    "{name} of the channel {channel} cannot be read: {problem}",
    "创建该文件且只允许 Twingrid 读取，或设置该环境变量",
    "create the file, readable by Twingrid only, or set the variable",
)
EMPTY_SECRET = Sentence("内容为空", "it is empty")
NO_VARIABLE_SET = Sentence("环境变量 {name} 未设置", "the variable {name} is not set")
SERVICE_NOT_ALLOWED = kind(
    "TG-0035",
    "渠道 {channel}：{schema}:// 不在允许的服务之列",
    "channel {channel}: {schema}:// is not on the list of allowed services",
    "允许的有：{known}",
    "allowed are: {known}",
)
PLAIN_HTTP = kind(
    "TG-0035",
    "渠道 {channel}：url 须以 https:// 开头",
    "channel {channel}: url must begin with https://",
    "改为 https，或仅在内网使用时设置 private_addresses: true",
    "use https, or set private_addresses: true if it never leaves the own network",
)
PARTNER_SECRET = kind(
    "TG-0036",
    "平台 {partner} 的密钥无法读取：{problem}",
    "the secret of the partner {partner} cannot be read: {problem}",
    "创建该文件且只允许 Twingrid 读取，或设置该环境变量",
    "create the file, readable by Twingrid only, or set the variable",
)
PARTNER_PLAIN = kind(
    "TG-0037",
    "平台 {partner}：url 须以 https:// 开头",
    "partner {partner}: url must begin with https://",
    "改为 https，或仅在内网使用时设置 private_addresses: true",
    "use https, or set private_addresses: true if it never leaves the own network",
)
PARTNER_NO_DEPARTMENT = Sentence(
    "source 为 department 时须写明 department", "a partner with the source department needs `department`"
)
PARTNER_NO_SECRET = Sentence("有 url 时须有 secret", "a partner with a url needs a secret")
REVISIT_OVER_BEFORE = Sentence(
    "due_days（{due}）须小于 open_days（{over}），否则到期前已结束",
    "due_days ({due}) must be less than open_days ({over}), or it is over before a call is due",
)
REVISIT_NO_NUMBER = Sentence(
    "phone_days（{kept}）不能小于 open_days（{over}），否则电话先被删除",
    "phone_days ({kept}) must not be less than open_days ({over}), or the number is deleted before it is over",
)
REVISIT_ORDER = Sentence(
    "例如 due_days: 3，open_days: 14，phone_days: 30", "for example due_days: 3, open_days: 14, phone_days: 30"
)
PARTNER_DOCUMENTED = Sentence("见 docs/exchange.md", "docs/exchange.md lists the fields")
TOKEN_UNREADABLE = kind(
    "TG-0032",
    "无法读取：{problem}",
    "cannot be read: {problem}",
    "创建该文件且只允许 Twingrid 读取，或删除 api.metrics_token_file",
    "create it, readable by Twingrid only, or remove api.metrics_token_file",
)
GATEWAY_TWICE = kind(
    "TG-0033",
    "网关 {node!r} 也出现在 {other} 中",
    "the gateway {node!r} stands in {other} too",
    "每个网关用自己的 node",
    "give each gateway its own node",
)

# --- this machine -----------------------------------------------------------------------------------------------

BUSY_PORT = kind(
    "TG-0020",
    "端口 {port}（{user}）已被占用{owners}",
    "port {port} ({user}) is in use{owners}",
    "停掉那个程序，或换一个端口：{change}",
    "stop that program, or choose another port: {change}",
)
CLOSED_PORT = kind(
    "TG-0020",
    "无法监听 {host}:{port}（{user}）：{problem}",
    "cannot listen on {host}:{port} ({user}): {problem}",
    "停掉那个程序，或换一个端口：{change}",
    "stop that program, or choose another port: {change}",
)
OWNED_BY = Sentence("，占用者：{programs}", " by {programs}")
PROGRAM = Sentence("{program}（进程 {process}）", "{program}, process {process}")
PAGES = Sentence("网页", "pages")
BROKER = Sentence("MQTT 消息代理", "MQTT broker")
BUS = Sentence("模拟总线 {bus}", "simulated bus {bus}")
CHANGE_PAGES = Sentence(
    "twingrid.yaml 中的 api.port，或 TWINGRID_API__PORT", "api.port in twingrid.yaml, or TWINGRID_API__PORT"
)
CHANGE_BROKER = Sentence(
    "twingrid.yaml 中的 broker.port，或 TWINGRID_BROKER__PORT", "broker.port in twingrid.yaml, or TWINGRID_BROKER__PORT"
)
FOLDER_CLAIMED = kind(
    "TG-0042",
    "Twingrid 已在此目录中运行（进程 {process}）",
    "Twingrid runs in this folder already (process {process})",
    "停掉它，或换一个目录：{change}",
    "stop that one, or choose another folder: {change}",
)
UNKNOWN_PROCESS = Sentence("未知", "unknown")
NO_LISTENING = Sentence(
    "无法监听 {host}:{port}：{problem}；请更换 api.port",
    "cannot listen on {host}:{port}: {problem}; choose another api.port",
)
NO_NATS = Sentence(
    "没有安装 NATS 服务器；请运行：pip install 'twingrid[server]'",
    "the NATS server is not installed; run: pip install 'twingrid[server]'",
)
NO_MOSQUITTO = Sentence(
    "没有安装 mosquitto；请运行：apt install mosquitto，或把 broker.kind 设为 nats",
    "mosquitto is not installed; run: apt install mosquitto, or set broker.kind to nats",
)
NO_PASSWORD = Sentence("没有 {users} 的密码", "no password for {users}")
NATS_TOPIC = Sentence(
    "NATS 消息代理不能传送主题 {topic!r}；请改用其他消息代理",
    "the NATS broker cannot carry the topic {topic!r}; use another broker for it",
)
EMPTY_LEVEL = Sentence("{topic!r} 中有空的层级", "{topic!r} has an empty level")
NO_ACCOUNT = Sentence(
    "不能为 {node} 建立账号：标识只能用 [A-Za-z0-9._-]，最多 64 个字符",
    "{node} cannot have an account: ids are [A-Za-z0-9._-], at most 64 characters",
)
SECRETS_DAMAGED = Sentence(
    "{file} 已损坏；删除它以重新生成密码，然后全部重启",
    "{file} is damaged; remove it to have new passwords made, then restart everything",
)
NO_DATABASE_FOLDER = Sentence("无法建立数据库目录：{problem}", "cannot make the database's folder: {problem}")
NO_DATABASE = Sentence("数据库 {url} 没有应答{reason}", "the database {url} does not answer{reason}")
NO_DATABASE_YET = Sentence(
    "数据库 {url} 里还没有 Twingrid 的数据；请在部署所在的目录里运行，"
    "用 --config 指明其设置文件，或先用 twingrid up 启动",
    "there is nothing of Twingrid at {url} yet; run this in the folder of the installation, name its settings "
    "with --config, or start it first with twingrid up",
)
NEWER_SCHEMA = Sentence(
    "数据库的结构版本是 {schema}，本版本不认识：它曾被更新的 Twingrid 使用；请安装那个版本，或恢复备份",
    "the database has schema {schema}, which this version does not know: it was used by a newer Twingrid; "
    "install that one, or restore a backup",
)

ENDED_BY_SIGNAL = Sentence("被信号 {signal} 结束", "was ended by signal {signal}")
ENDED_WITH = Sentence("以代码 {code} 结束", "ended with code {code}")
CHILD_FAILED = Sentence(
    "{name} {ending}；其最后几行日志（{file}）：\n{last}", "{name} {ending}; its last lines ({file}):\n{last}"
)

# --- the demo ---------------------------------------------------------------------------------------------------

DESCRIPTION_WRONG = kind(
    "TG-0040",
    "{problem}",
    "{problem}",
    "模拟器与本版本不配套；请安装同一发行版的两者",
    "the simulator and this version do not belong together; install both from one release",
)
DESCRIPTION_NO_YAML = Sentence("不是有效的 YAML：{problem}", "is no YAML: {problem}")
DESCRIPTION_FIELD = Sentence("{name}：{problem}", "{name}: {problem}")
NO_DEMO_FOLDER = kind(
    "TG-0041",
    "不是演示目录，不会清空",
    "is no demo folder and is not emptied",
    "换一个 --data，或自行删除",
    "choose another --data, or remove it yourself",
)
STEP_FAILED = Sentence("{step} 失败，其日志为：\n{log}", "{step} failed:\n{log}")

# --- configurations of gateways ---------------------------------------------------------------------------------

WHICH_GATEWAY = Sentence(
    "没有唯一的网关 {name!r}；已登记：{known}", "no single gateway is called {name!r}; known: {known}"
)
NO_SUCH_VERSION = Sentence("没有配置版本 {version}", "there is no configuration version {version}")
NOT_SHOWN_YET = Sentence(
    "网关 {gateway} 尚未报告正在运行的配置；等它上线后重试",
    "gateway {gateway} has not shown what it runs; try again once it is online",
)

# --- backtests --------------------------------------------------------------------------------------------------

NO_SUCH_RULE = kind(
    "TG-0060",
    "没有规则 {name!r}，也没有这个文件",
    "there is no rule {name!r}, and no file of that name",
    "{hint}",
    "{hint}",
)
RULES_LISTED = Sentence("规则的编号见网页或规则文件的 id", "ids of rules stand in the rule files, under id")
NO_RULE_LEFT = kind(
    "TG-0061",
    "没有规则可供回测：{name}",
    "there is no rule left to backtest: {name}",
    "放宽 --class，或检查规则文件",
    "choose another --class, or look at the rule file",
)
NO_SUCH_PLACE = kind(
    "TG-0062",
    "{option}：没有 {name!r}",
    "{option}: there is no {name!r}",
    "{hint}",
    "{hint}",
)
PLACES_KNOWN = Sentence("已知的有：{known}", "known are: {known}")
NO_FACILITY_LEFT = kind(
    "TG-0063",
    "范围内没有这些规则所属类别（{classes}）的设施",
    "no facility of the classes of these rules ({classes}) lies in the scope",
    "放宽 --community、--cell、--facility",
    "widen --community, --cell, --facility",
)
NO_SUCH_TIME = kind(
    "TG-0064",
    "{option}：无法识别 {value!r}",
    "{option}: {value!r} is not understood",
    "时长写成 90d、36h 或 45m；时刻写成 2026-05-01 或 2026-05-01T08:00",
    "write a length as 90d, 36h or 45m, a moment as 2026-05-01 or 2026-05-01T08:00",
)
TIME_EMPTY = kind(
    "TG-0064",
    "时间段为空：从 {begin} 到 {end}",
    "the time is empty: from {begin} to {end}",
    "让 --from 早于 --to，且不晚于现在",
    "let --from lie before --to and before now",
)
NO_STORE_HERE = Sentence(
    "时序库没有应答：核心进程未运行，本机也没有它的文件（{path}）",
    "the time-series store does not answer: the core process is not running, and its files are not here ({path})",
)
BACKTEST_RUNS = Sentence(
    "您已有一个回测在运行；等它结束或停止它", "a backtest of yours is running: wait for its end, or stop it"
)
BACKTESTS_BUSY = Sentence(
    "已有 {most} 个回测在运行；请稍后再试", "{most} backtests are running already: try again in a few minutes"
)
BACKTEST_DIED = Sentence(
    "回测进程意外结束；请缩短时间或范围后重试",
    "the backtest ended unexpectedly: try again over a shorter time or fewer facilities",
)
