"""What can be wrong in the file ``calendar`` of a registry folder, in both languages; ``{name}`` is the field."""

from __future__ import annotations

from core.findings import kind

NO_ENTRY_KIND = kind(
    "TG-3060",
    "{name}：没有 {value!r} 这种条目",
    "{name}: there is no entry of kind {value!r}",
    "请使用：{known}",
    "use one of {known}",
)
FIELD_OF_ANOTHER = kind(
    "TG-3060",
    "{name}：{entry} 条目没有这个字段",
    "{name}: an entry {entry!r} has no such field",
    "可用字段：{known}",
    "use {known}",
)
NO_ZONE = kind(
    "TG-3061",
    "{name}：{value!r} 不是时区",
    "{name}: {value!r} is no time zone",
    "例如 Asia/Shanghai",
    "write one such as Asia/Shanghai",
)
NO_HOURS = kind(
    "TG-3062",
    "{name}：{value!r} 不是开放时间",
    "{name}: {value!r} is no hours",
    "例如 workday 08:30-12:00 14:00-17:30; weekend closed；日期词：{known}",
    "write for example workday 08:30-12:00 14:00-17:30; weekend closed; days are {known}",
)
NO_PERIOD = kind(
    "TG-3062",
    "{name}：{value!r} 不是时段",
    "{name}: {value!r} is no period of the day",
    "例如 08:30-12:00，跨夜写成 22:00-06:00",
    "write for example 08:30-12:00, over midnight 22:00-06:00",
)
DAY_TWICE = kind(
    "TG-3062",
    "{name}：{value} 出现了两次",
    "{name}: {value} stands there twice",
    "把时段写在一起，以空格分开",
    "write its periods together, separated by spaces",
)
NO_MAKEUP_HOURS = kind(
    "TG-3062",
    "{name}：只写了星期，不知道调休上班的星期六、星期日何时开放",
    "{name}: with weekdays alone nobody knows the hours of a Saturday or Sunday that is worked instead of a holiday",
    "加上“workday …”或“daily …”",
    "add 'workday …' or 'daily …'",
)
NO_SEASON_NAME = kind(
    "TG-3063",
    "{name}：{value!r} 不能作季节名称",
    "{name}: {value!r} is no name for a season",
    "用小写字母、数字和下划线，例如 heating、flood",
    "use lower-case letters, digits and _, such as heating or flood",
)
NO_SEASON_DAY = kind(
    "TG-3063",
    "{name}：{value!r} 不是日期",
    "{name}: {value!r} is no date",
    "每年的写 11-15，某一年的写 2026-11-15",
    "write 11-15 for every year, 2026-11-15 for one",
)
MIXED_DATES = kind(
    "TG-3063",
    "{name}：首日（first）与末日（last）要么都带年份，要么都不带",
    "{name}: either both first and last have a year or neither",
    "两处写成同一种形式",
    "write both in one form",
)
BACKWARDS = kind(
    "TG-3064",
    "{name}：{last} 早于 {first}",
    "{name}: {last} lies before {first}",
    "检查这两个时间",
    "check both",
)
NO_DAY_KIND = kind(
    "TG-3065",
    "{name}：{value!r} 不是日子的种类",
    "{name}: a day cannot be {value!r}",
    "请使用：{known}",
    "use one of {known}",
)
NO_MOMENT = kind(
    "TG-3066",
    "{name}：{value!r} 不是当地时间",
    "{name}: {value!r} is no local time",
    "例如 2026-12-01T08:00，不带时区",
    "write for example 2026-12-01T08:00, without a zone",
)
WORK_EVERYWHERE = kind(
    "TG-3066",
    "{name}：没有写明计划作业在哪里",
    "{name}: the planned work is nowhere",
    "写上社区（community）、网格（cell）、设施（facility）或类别（class）",
    "say community, cell, facility or class",
)
ENTRY_TWICE = kind(
    "TG-3067",
    "{entry} 条目“{value}”出现了两次",
    "there are two entries {entry} {value!r}",
    "见 {first}；只保留一个",
    "see {first}; keep one",
)
