"""What can be wrong with reports, tasks handed down and their table, and the sentences of the gate."""

from __future__ import annotations

from core.findings import Sentence, kind

INTAKE_NO_TABLE = kind(
    "TG-3140",
    "不是受理事项表：缺少 events 列表",
    "this is no table of what can be reported: it has no list `events`",
    "对照随附的 intake.yaml",
    "compare it with the intake.yaml that ships",
)
INTAKE_UNREADABLE = kind(
    "TG-3155",
    "无法读取受理事项表：{problem}",
    "the table of what can be reported cannot be read: {problem}",
    "检查 dispatch.intake 所指的文件",
    "check the file that dispatch.intake names",
)
INTAKE_ROW = kind(
    "TG-3141",
    "{part} 第 {row} 行不可用：{problem}",
    "row {row} of {part} is of no use: {problem}",
    "对照随附的 intake.yaml 改正该行",
    "mend the row; compare it with the intake.yaml that ships",
)
INTAKE_TWICE = kind(
    "TG-3142",
    "{part} 第 {row} 行重复了 {name}",
    "row {row} of {part} repeats {name}",
    "只保留一行",
    "keep one of the rows",
)
EVENT_UNKNOWN = kind(
    "TG-3143",
    "没有可受理的事项 {event}",
    "nothing called {event} can be reported or asked for here",
    "选择列出的事项；都不合适时选“其他”",
    "choose one of the list; *other* where none fits",
)
EVENT_ELSEWHERE = kind(
    "TG-3144",
    "该设施不会有事项“{event}”",
    "{event} cannot be wrong with this facility",
    "选择该类设施的事项，或选“其他”",
    "choose an event of its class, or *other*",
)
WORDS_MISSING = kind(
    "TG-3145",
    "缺少说明，或超过 {most} 字",
    "the description is missing, or longer than {most} characters",
    "用几句话说明看到什么、要做什么",
    "say in a few words what there is to see or to be done",
)
PLACE_UNKNOWN = kind(
    "TG-3146",
    "没有社区 {community}，或设施、位置不在其中",
    "there is no community {community}, or the facility or place is not in it",
    "重新选择社区；设施以二维码或编号为准",
    "choose the community again; a facility by its QR or code",
)
DEPARTMENT_MISSING = kind(
    "TG-3147",
    "下派任务须写明部门和文号",
    "a task that is handed down needs its department and the number of its paper",
    "选择部门，填写文号",
    "choose the department and enter the number",
)
MINUTES_IMPOSSIBLE = kind(
    "TG-3148",
    "预计工时不可能是 {minutes} min",
    "{minutes} min of work is impossible",
    "填写 0 至 {most} min；不知道填 0",
    "enter 0 to {most} min; 0 where nobody knows",
)
JOIN_NOWHERE = kind(
    "TG-3149",
    "并入需要一个未结案的案件",
    "joining needs an open case",
    "选择列出的案件之一，或单独立案",
    "choose one of the cases listed, or admit it",
)
RULING_MISSING = kind(
    "TG-3150",
    "退回、答复和转办需要说明",
    "returning, answering and referring need words",
    "用几个字说明",
    "say why, in a few words",
)
REFERRED_NOWHERE = kind(
    "TG-3156",
    "转办须选择另一个部门",
    "referring needs another department",
    "选择主管部门；不能转给下派部门自己",
    "choose the department whose duty it is; not the one that handed it down",
)
URGENT_NOT_REFERRED = kind(
    "TG-3157",
    "紧急事项不转办",
    "what is urgent is not referred",
    "先立案派人，再通知部门",
    "admit it, so that people go; then tell the department",
)
PHOTO_KIND = kind(
    "TG-3151",
    "照片不是 JPEG 或 PNG，或已损坏",
    "the photo is neither JPEG nor PNG, or it is damaged",
    "重新拍摄，或另存为 JPEG",
    "take it again, or save it as JPEG",
)
PHOTO_SIZE = kind(
    "TG-3152",
    "照片过大：最多 {megabytes:g} MB、{pixels:g} 百万像素",
    "the photo is too large: at most {megabytes:g} MB and {pixels:g} million pixels",
    "缩小后再传",
    "make it smaller and send it again",
)
PHOTO_MANY = kind(
    "TG-3153",
    "最多 {most} 张照片",
    "at most {most} photos go together",
    "选出最能说明问题的几张",
    "choose those that show it best",
)
PHOTO_ROOM = kind(
    "TG-3154",
    "照片空间已满：{used_mb:.0f} MB / {most_mb:.0f} MB",
    "there is no more room for photos: {used_mb:.0f} of {most_mb:.0f} MB",
    "文字说明照常受理；请管理员扩充空间",
    "the words are taken all the same; ask the administrator for more room",
)

# --- the gate ---------------------------------------------------------------------------------------------------

DECIDED = Sentence("该受理件已有结论", "this has been decided already")
NO_INTAKE = Sentence("没有受理件 {number}", "there is no report or task number {number}")
