"""What can be wrong when a rule is edited in the pages, in both languages."""

from __future__ import annotations

from core.findings import Sentence, kind

ONE_RULE = kind(
    "TG-0070",
    "此处编辑的是一条规则，这里有 {count} 条",
    "one rule is edited here, and there are {count}",
    "以 `- id:` 开头写一条规则，其余放到别处",
    "write one rule that begins with `- id:`, and the others elsewhere",
)
ID_STAYS = kind(
    "TG-0071",
    "规则 {old!r} 的 id 不能改成 {new!r}",
    "the id of the rule {old!r} cannot become {new!r}",
    "它的告警按 id 记录；请保留 id，或新建一条规则再停用旧的",
    "its alarms are kept under it: leave the id, or write a new rule and take the old one out",
)
RULE_CHANGED = Sentence(
    "规则 {rule!r} 已被 {actor} 修改；您的文本没有保存，请对照最新版本",
    "{actor} has changed the rule {rule!r} meanwhile; your text was not saved, compare it with the newest",
)
RULE_GONE = Sentence("规则 {rule!r} 已被停用", "the rule {rule!r} was taken out of force")
SOMEBODY = Sentence("有人", "somebody")
FOLDER_NOT_WRITABLE = Sentence(
    "规则文件夹 {folder} 无法写入：{problem}", "the rule folder {folder} cannot be written: {problem}"
)
FOLDER_BUSY = Sentence("另一处修改正在保存，请稍后再试", "another change is being saved, try again in a moment")
CORE_REFUSES = Sentence(
    "核心进程不接受这些规则，一切照旧：{reason}", "the core process refuses these rules, nothing has changed: {reason}"
)
FLOW_FILE = Sentence(
    "文件 {file} 不是一行一个短横线的列表，无法在网页中修改",
    "the file {file} is no list with a dash for each rule, and cannot be changed in the pages",
)
PREVIEW_BUSY = Sentence("预览太多，请稍后再试", "too many previews at once, try again in a moment")
PREVIEW_OLD = Sentence("已有更新的预览", "a newer preview has been asked for")
PREVIEW_DIED = Sentence("预览进程意外结束", "the preview ended unexpectedly")
LAST_RULE = Sentence("不能停用最后一条规则", "the last rule cannot be taken out of force")
NOT_IN_FORCE = Sentence("没有生效的规则 {rule!r}", "there is no rule {rule!r} in force")
