"""What can be wrong in a registry folder and in a class file: every kind, in both languages.

``{name}`` is the field (``name_zh``), ``{collection}`` the file's stem (``communities``).
"""

from __future__ import annotations

from core.findings import Sentence, kind

CLASS_FILE = kind("TG-3001", "{problem}", "{problem}", "{hint}", "{hint}")
CLASS_OTHER_ID = Sentence("文件中的类别是 {id!r}", "the file holds class {id!r}")
CLASS_NAME_ALIKE = Sentence("文件名与类别应相同", "name both alike")
CLASS_NO_FILE = Sentence("不是类别文件：{reason}", "not a class file: {reason}")
CLASS_COMPARE = Sentence("对照其他类别文件", "compare it with its neighbours")
CLASS_KEY_TWICE = Sentence("有测量项键出现两次", "a measurement key occurs twice")
CLASS_OWN_KEY = Sentence("每个测量项用自己的键", "give each measurement its own key")
CLASS_BAD_UNIT = Sentence("{key}：{reason}", "{key}: {reason}")
CLASS_UNIT_CODE = Sentence("使用 core/units.py 中的代码", "use a code of core/units.py")
CLASS_EMPTY_RANGE = Sentence("{key}：范围或周期为空", "{key}: empty range or interval")
CLASS_RANGE = Sentence(
    "low < high，且 0 < event_interval_s <= interval_s", "low < high and 0 < event_interval_s <= interval_s"
)

# --- files ------------------------------------------------------------------------------------------------------

NO_FILE = kind(
    "TG-3010",
    "目录中没有 {collection}.csv，也没有 {collection}.yaml",
    "the folder has no {collection}.csv and no {collection}.yaml",
    "补上该文件；可以没有记录",
    "add the file; it may hold no records",
)
TWO_FILES = kind(
    "TG-3011",
    "{first} 与 {second} 同时存在",
    "both {first} and {second} are there",
    "只保留一个",
    "keep one of them",
)
TOO_MANY_RECORDS = kind(
    "TG-3012",
    "有 {count} 条记录，超过 {most} 条",
    "{count} records are more than {most}",
    "把城市拆成几个台账",
    "split the city into several registries",
)
NOT_UTF8 = kind(
    "TG-3013",
    "文件不是 UTF-8 编码（第 {byte} 字节）",
    "the file is not UTF-8 (byte {byte})",
    "另存为“CSV UTF-8”（国内表格软件默认保存为 GBK）",
    'save it as "CSV UTF-8" (a spreadsheet in China saves GBK by default)',
)
TOO_LARGE = kind(
    "TG-3014",
    "文件有 {size} 字节，超过 {most} 字节",
    "the file has {size} bytes, more than {most}",
    "拆分文件",
    "split it",
)
UNREADABLE = kind(
    "TG-3014",
    "文件无法读取：{problem}",
    "the file cannot be read: {problem}",
    "检查权限",
    "check its permissions",
)
NO_CSV = kind(
    "TG-3015",
    "不是有效的 CSV：{problem}",
    "not valid CSV: {problem}",
    "闭合双引号；引号内的引号写两次",
    "close the double quotes; write a quote inside quotes twice",
)
WRONG_WIDTH = kind(
    "TG-3016",
    "这条记录有 {values} 个值，而表头有 {columns} 列",
    "the record has {values} values, the header {columns} columns",
    "增减逗号；含逗号的值放在双引号内",
    "add or remove commas; put a value that holds a comma into double quotes",
)
COLUMN_TWICE = kind("TG-3017", "列 {name!r} 出现两次", "column {name!r} occurs twice", "只保留一列", "keep one")
FIELD_TWICE = kind(
    "TG-3017",
    "同一条记录中 {name!r} 出现两次",
    "{name!r} occurs twice in one record",
    "文件的形式见 docs/registry.md",
    "see docs/registry.md for the form of the file",
)
NO_YAML = kind(
    "TG-3018",
    "不是有效的 YAML：{problem}",
    "not valid YAML: {problem}",
    "检查此处的缩进和引号",
    "check indentation and quotes at this place",
)
NOT_A_LIST = kind(
    "TG-3019",
    "文件应为记录的列表",
    "the file must be a list of records",
    "文件的形式见 docs/registry.md",
    "see docs/registry.md for the form of the file",
)
NOT_A_RECORD = kind(
    "TG-3019",
    "每条记录应为一组“名称: 值”",
    "a record must be a mapping (name: value)",
    "文件的形式见 docs/registry.md",
    "see docs/registry.md for the form of the file",
)

# --- fields -----------------------------------------------------------------------------------------------------

MISSING = kind("TG-3020", "{name}：未填写", "{name}: is missing", "请填写", "fill it in")
COMMUNITIES_MISSING = kind(
    "TG-3020",
    "{name}：未填写",
    "{name}: is missing",
    "写社区代码，或用 * 表示全市",
    "name the communities, or * for the whole city",
)
POLYGON_MISSING = kind(
    "TG-3020",
    "{name}：未填写",
    "{name}: is missing",
    '例如 "112.10 31.70, 112.11 31.70, 112.11 31.71"',
    'write "112.10 31.70, 112.11 31.70, 112.11 31.71"',
)
GATEWAY_MISSING = kind("TG-3020", "{name}：未填写", "{name}: is missing", "写成 group/node", "name it as group/node")
TOO_LONG = kind(
    "TG-3021",
    "{name}：{length} 个字符，超过 {longest} 个",
    "{name}: {length} characters are more than {longest}",
    "请缩短",
    "shorten it",
)
CONTROL_CHARACTERS = kind(
    "TG-3022",
    "{name}：含有控制字符",
    "{name}: holds control characters",
    "去掉换行和不可见字符",
    "remove line breaks and invisible characters",
)
NO_CODE = kind(
    "TG-3023",
    "{name}：{value!r} 不是代码",
    "{name}: {value!r} is no code",
    "用 1 至 64 个字符：A-Z a-z 0-9 . _ -",
    "use 1 to 64 of A-Z a-z 0-9 . _ -",
)
NO_CODE_IN_LIST = kind(
    "TG-3023",
    "{name}：{value!r} 不是代码",
    "{name}: {value!r} is no code",
    "代码之间用空格隔开",
    "separate codes by spaces",
)
NO_ATTRIBUTE_NAME = kind(
    "TG-3023",
    "{name}：不是属性名",
    "{name}: is no attribute name",
    "用小写字母、数字和 _",
    "use small letters, digits and _",
)
NO_NUMBER = kind(
    "TG-3024", "{name}：{value!r} 不是数字", "{name}: {value!r} is no number", "例如 31.25", "write it like 31.25"
)
OUT_OF_RANGE = kind(
    "TG-3025",
    "{name}：{value} 不在 {low:g} 与 {high:g} 之间",
    "{name}: {value} is not between {low:g} and {high:g}",
    "检查数值和单位",
    "check value and unit",
)
NO_DATE = kind(
    "TG-3026",
    "{name}：{value!r} 不是日期",
    "{name}: {value!r} is no date",
    "例如 2026-01-31",
    "write it like 2026-01-31",
)
NOT_A_CHOICE = kind(
    "TG-3027",
    "{name}：没有 {value!r} 这个取值",
    "{name}: {value!r} is not known",
    "请使用其中之一：{known}",
    "use one of {known}",
)
NOT_A_FLAG = kind(
    "TG-3027",
    "{name}：{value!r} 既不是 true 也不是 false",
    "{name}: {value!r} is neither true nor false",
    "写 true 或 false",
    "write true or false",
)
NO_CORNERS = kind(
    "TG-3028",
    "{name}：{reason}",
    "{name}: {reason}",
    "写经度和纬度（WGS-84），用空格隔开",
    "write longitude and latitude, WGS-84, separated by a space",
)
NO_PAIR = Sentence("{value!r} 不是两个数字", "{value!r} is no pair of numbers")
NO_PLACE = Sentence("{value!r} 不在地图上（先写经度）", "{value!r} is no place on the map (longitude first)")
NO_AREA = kind(
    "TG-3028",
    "{name}：{count} 个角点围不成面",
    "{name}: {count} corners make no area",
    "至少写 3 个角点",
    "give at least 3 corners",
)
NO_SHIFT = kind(
    "TG-3029",
    "{name}：{reason}",
    "{name}: {reason}",
    "例如 mon-fri 08:00-12:00 14:00-18:00; sat 20:00-08:00",
    "write it like mon-fri 08:00-12:00 14:00-18:00; sat 20:00-08:00",
)
NOT_A_SHIFT = Sentence("{value!r} 不是班次", "{value!r} is no shift")
NO_WEEKDAY = Sentence("{value!r} 不是星期", "{value!r} is no weekday")
NO_CLOCK_TIME = Sentence("{value!r} 不是时刻", "{value!r} is no time of day")
SHIFTS_COLLIDE = kind(
    "TG-3029",
    "{name}：两个班次在同一时刻开始",
    "{name}: two shifts begin at the same time",
    "去掉一个",
    "remove one",
)
ENDS_BEFORE_START = kind(
    "TG-3030",
    "{name}：{end} 不晚于 {start}",
    "{name}: {end} is not after {start}",
    "检查这两个日期",
    "check both dates",
)
NO_FIELD = kind(
    "TG-3031",
    "{name}：{collection}没有这一列",
    "{name}: {collection} have no such field",
    "可用字段：{known}",
    "use {known}",
)

NOT_BUILT = kind(
    "TG-3026",
    "{name}：{value!r} 不是建成时间",
    "{name}: {value!r} is no time of building",
    "写年、月或日，例如 1998、1998-06、1998-06-15",
    "write a year, a month or a day: 1998, 1998-06 or 1998-06-15",
)
NO_CERTIFICATE = kind(
    "TG-3032",
    "{name}：{value!r} 不是证书",
    "{name}: {value!r} is no certificate",
    "写“名称 | 编号 | 有效期至”，如“低压电工 | T4206 | 2027-05-01”；多个证书用分号隔开",
    "write name | number | valid until, like electrician | T4206 | 2027-05-01; separate several by semicolons",
)
CERTIFICATE_TWICE = kind(
    "TG-3032", "{name}：同一证书写了两次", "{name}: one certificate stands there twice", "去掉一个", "remove one"
)
NO_LEAVE = kind(
    "TG-3033",
    "{name}：{value!r} 不是请假期间",
    "{name}: {value!r} is no time of leave",
    "写首日..末日，例如 2026-12-01..2026-12-05；多段用分号隔开",
    "write first..last day, like 2026-12-01..2026-12-05; separate several by semicolons",
)
LEAVES_OVERLAP = kind(
    "TG-3033", "{name}：两段请假重叠", "{name}: two times of leave overlap", "合并为一段", "make one of them"
)
OWNER_OF_NO_KIND = kind(
    "TG-3034",
    "{name}：写了权属单位，但没有写其类别",
    "{name}: there is an owner, but not of what kind",
    "填写 village、community、street、department 或 enterprise",
    "write village, community, street, department or enterprise",
)

# --- between records --------------------------------------------------------------------------------------------

CODE_TWICE = kind(
    "TG-3040",
    "{kind} {value!r} 重复（首次出现在 {first}）",
    "{kind} {value!r} occurs again (first in {first})",
    "删除其一，或另取代码",
    "remove one or give it a code of its own",
)
KINDS = {
    "street": Sentence("街道", "street"),
    "community": Sentence("社区", "community"),
    "cell": Sentence("网格", "cell"),
    "gateway": Sentence("网关", "gateway"),
    "facility": Sentence("设施", "facility"),
    "person": Sentence("人员", "person"),
    "point": Sentence("测点", "point"),
    "village": Sentence("村", "village"),
    "department": Sentence("部门", "department"),
    "post": Sentence("岗位", "post"),
    "amenity": Sentence("配套项目", "amenity"),
}
NO_SUCH_RECORD = kind(
    "TG-3041", "{name}：{collection}中没有 {value!r}", "{name}: {collection} hold no {value!r}", "{hint}", "{hint}"
)
NO_CLASS = kind("TG-3042", "{name}：没有类别 {value!r}", "{name}: there is no class {value!r}", "{hint}", "{hint}")
NO_MEASUREMENT = kind(
    "TG-3043",
    "{name}：{class_id} 没有测量项 {value!r}",
    "{name}: a {class_id} has no measurement {value!r}",
    "{hint}",
    "{hint}",
)
ADD_OR_CORRECT = Sentence("补上它，或更正代码", "add it, or correct the code")

# --- the map ----------------------------------------------------------------------------------------------------

UNSOUND_POLYGON = kind(
    "TG-3050",
    "{cell} 的多边形无效：{reason}",
    "the polygon of {cell} is not sound: {reason}",
    "沿边界依次列出角点，边不相交",
    "list the corners in order around the cell, without crossing",
)
OVERLAP = kind(
    "TG-3050",
    "{cell} 与 {other} 重叠 {area:.0f} m²",
    "{cell} overlaps {other} by {area:.0f} m²",
    "移动公共边界，或让其中一个在另一个开始之前结束",
    "move the common border, or end one of them before the other begins",
)
HOLE = kind(
    "TG-3050",
    "{community} 的{grid}网格在 {longitude:.5f} {latitude:.5f} 处留有 {area:.0f} m² 的空洞",
    "the {grid} cells of {community} leave a hole of {area:.0f} m² at {longitude:.5f} {latitude:.5f}",
    "把相邻网格扩展到此处",
    "extend a neighbouring cell over it",
)
GRIDS = {"governance": Sentence("治理", "governance"), "construction": Sentence("建管", "construction")}
POLYGON_FAULTS = {
    "Self-intersection": "边界自相交",
    "Ring Self-intersection": "边界自相接",
    "Too few points in geometry component": "角点太少",
    "Duplicate Rings": "边界重复",
    "Interior is disconnected": "内部不连通",
    "Hole lies outside shell": "空洞在边界之外",
    "Nested holes": "空洞嵌套",
    "Nested shells": "边界嵌套",
    "Invalid Coordinate": "坐标无效",
    "Ring is not closed": "边界未闭合",
}
"""What GEOS says of a polygon, in Chinese."""
OTHER_POLYGON_FAULT = "形状不成立"
OTHER_COMMUNITY = kind(
    "TG-3051",
    "{facility} 位于 {community} 的 {cell} 内，而不在 {own}",
    "{facility} stands in {cell} of {community}, not of {own}",
    "更正其社区或坐标",
    "correct its community or its coordinates",
)
NO_CELL = kind(
    "TG-3052",
    "{facility} 不在 {day} 有效的任何{grid}网格内",
    "{facility} stands in no {grid} cell that is valid on {day}",
    "更正其坐标（经度和纬度）或网格",
    "correct its coordinates (longitude and latitude) or the cells",
)
NO_POST = kind(
    "TG-3053",
    "{role}没有网格岗位",
    "a {role} holds no post of a cell",
    "清空{name}，或更换角色",
    "empty {name}, or change the role",
)
OTHER_GRID = kind(
    "TG-3053",
    "{cell} 属于{grid}网格，{role}在另一网格工作",
    "{cell} is a cell of the {grid} grid, a {role} works in the other",
    "填写本网格的单元",
    "give a cell of the own grid",
)
SUPERVISES_NOTHING = kind(
    "TG-3053",
    "{role}不能主管网格",
    "a {role} supervises no grid",
    "{role_name}写 manager，或清空{name}",
    "write manager as {role_name}, or empty {name}",
)
ROLES = {
    "administrator": Sentence("系统管理员", "administrator"),
    "manager": Sentence("管理者", "manager"),
    "maintainer": Sentence("维修员", "maintainer"),
    "grid_worker": Sentence("网格员", "grid_worker"),
    "technician": Sentence("调试员", "technician"),
    "department": Sentence("部门人员", "department"),
}
OF_NO_DEPARTMENT = kind(
    "TG-3053",
    "角色 department 的人员须填写部门",
    "somebody of the role department needs a department",
    "在{name}中填写部门代码",
    "give the code of the department in {name}",
)
BUILT_LATER = kind(
    "TG-3056",
    "{facility} 的建成时间 {built} 晚于今天（{day}）",
    "{facility} was built {built}, which is after today ({day})",
    "更正{name}；尚未建成的设施建成后再登记",
    "correct {name}; enter what is not built yet when it is",
)
POST_OF_OTHER_GRID = kind(
    "TG-3053",
    "{holder} 是{role}，不能担任{grid}网格 {cell} 的岗位",
    "{holder} is a {role} and cannot hold a post of the {grid} cell {cell}",
    "更换人员，或更换其角色",
    "name somebody else, or change the role",
)
POST_OF_VOLUNTEER = kind(
    "TG-3053",
    "{holder} 是志愿者，不担任岗位",
    "{holder} is a volunteer and holds no post",
    "岗位空缺时留空",
    "leave the post vacant",
)
CELL_NUMBER = kind(
    "TG-3057",
    "{all} 个网格中有 {count} 个的代码不是 GB/T 30428.1 的编码（首个：{first}）",
    "{count} of {all} cells have codes that are none of GB/T 30428.1 (the first: {first})",
    "与城市网格平台交换案件前改为 15 位：县 6、街道 3、社区 3、顺序 3",
    "before exchanging cases with the city's platform use 15 digits: 6 county, 3 street, 3 community, 3 of its own",
)
CELL_PREFIX = kind(
    "TG-3057",
    "{community} 有 {count} 个网格的代码不以 {usual} 开头（首个：{first}）",
    "{count} cells of {community} have codes that do not begin with {usual} (the first: {first})",
    "同一社区的网格共用前段：更正代码或社区",
    "cells of one community begin alike: correct the code or the community",
)
PREFIX_SHARED = kind(
    "TG-3057",
    "{community} 与 {other} 的网格代码同以 {prefix} 开头",
    "the cells of {community} and of {other} begin alike, with {prefix}",
    "每个社区有自己的 3 位：更正其一",
    "each community has 3 digits of its own: correct one of them",
)
COMPONENT_NUMBER = kind(
    "TG-3058",
    "{all} 个部件代码中有 {count} 个不是 GB/T 30428.2 的编码（首个：{first}）",
    "{count} of {all} component codes are none of GB/T 30428.2 (the first: {first})",
    "写 16 位：县 6、大类 2（01 至 05）、小类 2、顺序 6",
    "write 16 digits: 6 county, 2 large class (01 to 05), 2 small class, 6 of its own",
)
COMPONENT_TWICE = kind(
    "TG-3058",
    "部件代码 {value} 用于多个设施",
    "the component code {value} stands at more than one facility",
    "每个部件一个代码",
    "give each component a code of its own",
)
NO_ITEM = kind(
    "TG-3059",
    "{name}：标准中没有条目 {value!r}",
    "{name}: the standard has no item {value!r}",
    "请使用其中之一：{known}",
    "use one of {known}",
)
PARENT_CYCLE = kind(
    "TG-3054",
    "上级设施成环：{chain}",
    "the parents go round in a circle: {chain}",
    "清空其中一个{name}：供电或包含关系最终应止于没有上级的设施",
    "empty {name} in one of them: what supplies or contains must end at a facility that has none",
)
MIXED_SET = kind(
    "TG-3055",
    "冗余组 {value!r} 中既有 {class_id}，又有 {other}（{first}）",
    "the redundant set {value!r} holds a {class_id} beside a {other} ({first})",
    "冗余组只收同一类别的设施：另取组名",
    "a redundant set holds facilities of one class: choose another name",
)
NOT_ENROLLABLE = Sentence(
    "{node} 不能登记：group 与 node 用 1 至 64 个字符 A-Z a-z 0-9 . _ -",
    "{node} cannot be enrolled: group and node take 1 to 64 of A-Z a-z 0-9 . _ -",
)
NO_COMMUNITY = Sentence("没有编号为 {number} 的社区", "there is no community number {number}")
NO_GATEWAY = Sentence("没有网关 {node}", "there is no gateway {node}")
GATEWAY_REVOKED = Sentence("网关 {node} 已停用", "gateway {node} is shut out")
NO_VERSION = Sentence("没有配置版本 {version}", "there is no configuration version {version}")
ON_TRIAL = Sentence(
    "版本 {version} 正在网关上试运行，等它结束后再下发",
    "version {version} is on trial in the gateway; push again when that is over",
)
PLAN_IS_OLD = Sentence(
    "计划生成之后台账已变化（版本 {planned}，现为 {now}）：请重新生成计划",
    "the registry has changed since the plan was made (version {planned}, now {now}): plan again",
)
