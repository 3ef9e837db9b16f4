"""What can be wrong with a single record that somebody edits."""

from __future__ import annotations

from core.findings import Sentence, kind

CODE_TAKEN = kind(
    "TG-3070",
    "代码 {value} 已被使用",
    "the code {value} is taken",
    "换一个代码；若它已停用，请在列表中显示已停用的并恢复",
    "choose another; if that record has ended, show ended ones in the list and restore it",
)
NOT_EDITED_HERE = kind(
    "TG-3071",
    "{name} 不能逐条修改",
    "{name} cannot be changed record by record",
    "在工作簿中修改后导入",
    "change it in the workbook and import that",
)
MEASURES_OTHERWISE = kind(
    "TG-3072",
    "该设施已有测点 {keys}，类别 {class_id} 没有这些测量项",
    "the facility has points {keys} that class {class_id} does not measure",
    "类别和测点一起在工作簿中修改",
    "change class and points together in the workbook",
)
NO_DAY = kind(
    "TG-3073",
    "{value!r} 不是日期",
    "{value!r} is no date",
    "写成 2027-02-06 这样的日期，年份 {first} 至 {last}",
    "write one such as 2027-02-06, of the years {first} to {last}",
)
DAYS_BACKWARDS = kind(
    "TG-3073",
    "末日 {last} 早于首日 {first}",
    "the last day {last} lies before the first, {first}",
    "检查这两个日期",
    "check both",
)
DAYS_TOO_MANY = kind(
    "TG-3073",
    "一次最多修改 {most} 天",
    "at most {most} days are changed at once",
    "分几次修改",
    "change them in several steps",
)
WRONG_WEEKDAY = kind(
    "TG-3074",
    "{count} 天不能是“{kind}”，例如 {day}（{weekday}）",
    "{count} days cannot be “{kind}”, such as {day}, a {weekday}",
    "调休上班和休息用于星期六、星期日，上班用于星期一至星期五；节假日可以是任何一天",
    "a Saturday or Sunday is worked instead or free, Monday to Friday are worked; a holiday may be any day",
)
NO_UNKNOWN_DAY = kind(
    "TG-3074",
    "不能把日子设为“未知”",
    "no day can be made unknown",
    "选择其他种类，或恢复为公布的安排",
    "choose another kind, or take back what was fixed",
)
DAY_KINDS = {
    "workday": Sentence("上班", "worked"),
    "makeup": Sentence("调休上班", "worked instead"),
    "weekend": Sentence("休息", "free"),
    "holiday": Sentence("节假日", "holiday"),
}
WEEKDAYS = (
    Sentence("星期一", "Monday"),
    Sentence("星期二", "Tuesday"),
    Sentence("星期三", "Wednesday"),
    Sentence("星期四", "Thursday"),
    Sentence("星期五", "Friday"),
    Sentence("星期六", "Saturday"),
    Sentence("星期日", "Sunday"),
)
COMES_BY_IMPORT = Sentence(
    "{kind}不能逐条新增：随接线而来，在工作簿中写好后导入",
    "{kind} do not come one by one: they come with what is wired; write them in the workbook and import that",
)
DAYS_EDITED_MEANWHILE = Sentence(
    "这些日子在您查看之后被修改过；没有写入任何内容，请重新查看",
    "these days were changed after you looked at them; nothing was written, look again",
)
STILL_NAMED = Sentence(
    "{count} 条在用记录还引用它，例如 {examples}；先修改它们",
    "{count} records in use still refer to it, such as {examples}; change those first",
)
EDITED_MEANWHILE = Sentence(
    "这条记录在您打开之后被修改过；您的内容没有写入",
    "the record was changed after you opened it; nothing of yours was written",
)
SAME_FIELDS = Sentence(
    "您和别人把相同的字段改成了不同的内容：{names}；您的内容没有写入",
    "you and somebody else changed the same fields to different values: {names}; nothing of yours was written",
)
OTHERS_RECORD = Sentence(
    "它不只属于您负责的社区，须由全市管理员修改",
    "it does not belong to your communities alone: a manager of the whole city must change it",
)
NO_RECORD = Sentence("没有这条记录", "there is no such record")
NO_COMMUNITY = Sentence("没有社区 {code}", "there is no community {code}")
NOTHING_TO_ENROL = Sentence(
    "网关 {node} 的上线消息里没有可以登记的测点：为设施选择类别，或等它的设备上线",
    "the births of gateway {node} hold no point to be made: choose classes for its facilities, or wait for its devices",
)
