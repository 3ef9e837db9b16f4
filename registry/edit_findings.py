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
