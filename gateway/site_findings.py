"""What a commissioning session says when it cannot go on, in both languages."""

from __future__ import annotations

from typing import Final

from core.findings import Sentence, kind

# --- the session ------------------------------------------------------------------------------------------------

NO_SESSION: Final = Sentence(
    "{folder} 中没有调试会话；请先执行 find，并给出主机或串口",
    "{folder} holds no session; begin one with find, and name a host or a serial port",
)
OTHER_BUS: Final = Sentence(
    "{folder} 中的会话属于总线 {there}，不是 {wanted}；请换一个目录",
    "{folder} holds the session of {there}, not of {wanted}; take another folder",
)
UNREADABLE: Final = Sentence(
    "会话文件 {file} 无法读取：{why}；可改名后重新开始",
    "the session {file} cannot be read: {why}; rename it to begin anew",
)
UNWRITABLE: Final = Sentence(
    "无法写入 {file}：{why}；请检查磁盘和权限", "{file} cannot be written: {why}; check disk and permissions"
)
RUNNING: Final = Sentence(
    "步骤 {step} 正在使用总线；请等待其结束或先停止", "step {step} is using the bus; wait for its end, or stop it"
)
NOT_OPEN: Final = Sentence(
    "总线 {bus} 打不开：{why}；请检查地址、接线和是否被其他程序占用",
    "the bus {bus} cannot be opened: {why}; check address, wiring and whether another program uses it",
)
SILENT: Final = Sentence(
    "从站 {unit} 没有应答；请检查站号、接线和通信参数", "unit {unit} does not answer; check its id, wiring and settings"
)
ALL_SILENT: Final = Sentence(
    "下列从站没有应答：{units}；请检查站号、接线和通信参数，其余从站已完成",
    "these units do not answer: {units}; check their ids, wiring and settings. The others are done",
)

# --- what is asked of it ----------------------------------------------------------------------------------------

NO_UNIT: Final = Sentence(
    "会话中没有从站 {unit}；已有：{known}", "there is no unit {unit} in this session; there are: {known}"
)
BAD_UNIT: Final = Sentence(
    "站号 {unit} 无效；范围为 1 至 247（TCP 可用 255）", "{unit} is no unit id; they go from 1 to 247 (255 on TCP)"
)
NO_PROFILE: Final = Sentence(
    "没有设备描述 {profile}；twingrid profile list 列出全部",
    "there is no profile {profile}; twingrid profile list shows all",
)
NO_PROFILE_YET: Final = Sentence(
    "从站 {unit} 还没有设备描述；请先识别或选择一个", "unit {unit} has no profile yet; identify it or choose one first"
)
OTHER_PRODUCT: Final = Sentence(
    "从站 {units} 与从站 {unit} 不是同一产品；请先选择产品",
    "units {units} are not the product of unit {unit}; choose the product first",
)
BAD_RANGE: Final = Sentence(
    "功能码 {function}、地址 {address}、数量 {count} 不是可读范围；功能码用 3 或 4，数量 1 至 {most}，地址不超过 65535",
    "function {function}, address {address}, count {count} cannot be read; function 3 or 4, 1 to {most}, up to 65535",
)
NOTHING_SEEN: Final = Sentence(
    "从站 {unit} 的寄存器还没有读过；请先读取", "no register of unit {unit} was looked at yet; look first"
)
NO_NUMBERS: Final = Sentence(
    "下列输入不是读数：{texts}；请照抄屏幕，如 230.5",
    "these are no numbers as a display shows them, such as 230.5: {texts}",
)
NO_QUANTITY: Final = Sentence(
    "从站 {unit} 没有量 {names}；已有：{known}", "unit {unit} has no quantity {names}; it has: {known}"
)
NO_POINT: Final = Sentence(
    "从站 {unit} 没有测点 {name}；已有：{known}", "unit {unit} has no point {name}; it has: {known}"
)
NO_CANDIDATE: Final = Sentence(
    "{register} 没有第 {index} 个候选；共有 {count} 个", "{register} has no candidate {index}; it has {count}"
)
BAD_MEASUREMENT: Final = Sentence(
    "测量名 {names} 无效或重复；不能含空格和 / + #，同一从站内不得重复",
    "the measurements {names} are no names or there twice; no spaces and / + #, each once in a unit",
)
BAD_POINT_UNIT: Final = Sentence("{names} 不是 UCUM 单位", "{names}: no UCUM units")
NO_POINTS: Final = Sentence("还没有测点；请先核对或选择测点", "there is no point yet; prove or select some first")
BAD_FACILITY: Final = Sentence(
    "设施编码 {facility} 无效；不能为空，不能含空格和 / + #",
    "{facility} is no facility code; no spaces and / + #, not empty",
)
BAD_NAME: Final = Sentence("名称 {name} 无效；最长 64 个字符", "{name} is no name; at most 64 signs")
BAD_PHOTO: Final = Sentence(
    "照片 {file} 无法使用：{why}；最大 20 MB", "the photo {file} cannot be used: {why}; at most 20 MB"
)
TOO_LARGE: Final = Sentence("文件过大", "the file is too large")
EMPTY: Final = Sentence("文件为空", "the file is empty")
NO_SIGNER: Final = Sentence("缺少签字人姓名", "the name of who signs is missing")
NO_RECORD: Final = Sentence("{file} 不是竣工记录：{why}", "{file} is no as-built record: {why}")
RECORD_BROKEN: Final = Sentence(
    "竣工记录 {file} 被改动过或签名不成立；请重新签字",
    "the record {file} was altered, or its signature does not hold; sign anew",
)
BAD_KEY: Final = Sentence(
    "密钥 {file} 无法使用：{why}；移走后会生成新密钥",
    "the key {file} cannot be used: {why}; move it away and a new one is made",
)

# --- profiles of the gateway's own ------------------------------------------------------------------------------

NO_GATEWAY: Final = Sentence(
    "这里没有指定网关，设备描述无处保存；请打开网关自带的页面，或启动时加 --gateway，也可以下载文件",
    "no gateway was named here that could keep it; open the page that the gateway serves, start this one with "
    "--gateway, or download the text",
)
NO_PROFILE_FOLDER: Final = Sentence(
    "网关的文件没有写自有设备描述的目录；请在 {file} 中添加 profiles: profiles，重启网关后再保存",
    "the gateway's file names no folder for profiles of its own; add `profiles: profiles` to {file} and start it anew",
)
BAD_PROFILE_NAME: Final = Sentence(
    "{name} 不能作名称；请用小写字母、数字、连字符、点和下划线，最长 64 个字符",
    "{name} is no name; use small letters, digits, hyphens, dots and underscores, at most 64 signs",
)
SHIPPED_NAME: Final = Sentence(
    "{name} 是随程序提供的设备描述，不能覆盖；请换一个名称，例如 {name}-own",
    "{name} comes with Twingrid and is not written over; take another name, such as {name}-own",
)
SIGNED_NAME: Final = Sentence(
    "{name} 由核对结果生成，名称表示其内容；请换一个名称保存",
    "{name} was made when a unit was proven, and its name stands for its content; save under another name",
)
PUSHED_NAME: Final = Sentence(
    "{name} 是平台下发的设备描述，以下发的为准；请在平台上修改，或换一个名称",
    "{name} was pushed to this gateway, and what was pushed holds; change it there, or take another name",
)
NO_OWN_PROFILE: Final = Sentence(
    "网关没有自有的设备描述 {name}，或没有这个版本；已有：{known}",
    "the gateway has no profile {name} of its own, or not this version of it; it has: {known}",
)
PROFILE_ELSEWHERE: Final = Sentence(
    "{name} 刚被别人改过；请重新打开，再改一次",
    "{name} was changed meanwhile; open it anew and make your changes there",
)
REGISTERS_GONE: Final = Sentence(
    "正在使用的测点将失去寄存器：{points}；请保留这些寄存器，或先修改测点",
    "points in use would lose their registers: {points}; keep those registers, or change the points first",
)
READS_OTHERWISE: Final = Sentence(
    "正在使用的测点将改变读法：{points}；请核对后确认保存",
    "points in use would be read otherwise: {points}; look at it, and say that it is meant",
)
BREAKS_GATEWAY: Final = Sentence(
    "用这个设备描述，网关将无法启动：{why}", "with this profile the gateway would not start any more: {why}"
)

# --- a table of further units -----------------------------------------------------------------------------------

NO_TABLE: Final = kind(
    "TG-0401",
    "表格无法读取：{why}",
    "the table cannot be read: {why}",
    "使用 CSV（UTF-8）或 XLSX",
    "use CSV (UTF-8) or XLSX",
)
NO_COLUMN: Final = kind(
    "TG-0402",
    "缺少列 {name}",
    "the column {name} is missing",
    "第一行写列名：{known}",
    "write column names in the first row: {known}",
)
UNKNOWN_COLUMN: Final = kind(
    "TG-0403", "不认识列 {name}", "the column {name} is unknown", "可用的列：{known}", "known columns: {known}"
)
ROW_BAD_UNIT: Final = kind(
    "TG-0404", "{text} 不是站号", "{text} is no unit id", "写 1 至 247 的整数", "write a whole number from 1 to 247"
)
ROW_UNIT_TWICE: Final = kind(
    "TG-0405",
    "从站 {unit} 在第 {row} 行已出现",
    "unit {unit} stands in row {row} already",
    "每个从站只写一行",
    "write each unit once",
)
ROW_UNIT_TAKEN: Final = kind(
    "TG-0406",
    "从站 {unit} 已有核对过的测点",
    "unit {unit} has proven points already",
    "删去该行，或先移除该从站",
    "take the row out, or drop the unit first",
)
ROW_BAD_FACILITY: Final = kind(
    "TG-0407",
    "设施编码 {text} 无效",
    "{text} is no facility code",
    "不能为空，不能含空格和 / + #",
    "write one without spaces and / + #",
)
ROW_FACILITY_TWICE: Final = kind(
    "TG-0408",
    "设施 {text} 已用于 {where}，测点会重名",
    "the facility {text} is used at {where} already, so points would share names",
    "每行写不同的设施",
    "give each row its own facility",
)
ROW_BAD_NAME: Final = kind(
    "TG-0409", "名称 {text} 过长或重复", "the name {text} is too long or there twice", "改一个名称", "choose another"
)
NO_ROWS: Final = kind(
    "TG-0410", "表格没有数据行", "the table has no rows", "标题下每个从站一行", "add a row for each unit"
)
