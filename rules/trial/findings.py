"""What can be wrong in a file of scenarios: every kind, in both languages."""

from __future__ import annotations

from core.findings import Sentence, kind

NO_CLASS = kind("TG-0340", "没有类别 {value!r}", "there is no class {value!r}", "{hint}", "{hint}")
NO_MEASUREMENT = kind(
    "TG-0341",
    "类别 {class_id!r} 没有测量项 {value!r}",
    "class {class_id!r} has no measurement {value!r}",
    "{hint}",
    "{hint}",
)
NO_RULE = kind(
    "TG-0342",
    "类别 {class_id!r} 没有规则 {value!r}",
    "class {class_id!r} has no rule {value!r}",
    "{hint}",
    "{hint}",
)
NO_SPAN = kind(
    "TG-0343",
    "{value!r} 不是时长",
    "{value!r} is no duration",
    "例如 30 s、5 min 30 s 或 2 h",
    "write for example 30 s, 5 min 30 s or 2 h",
)
NO_PACE = kind(
    "TG-0343",
    "间隔必须大于 0",
    "an interval is longer than 0",
    "例如 10 s",
    "write for example 10 s",
)
NO_START = kind(
    "TG-0343",
    "{value!r} 不是带时区的时刻",
    "{value!r} is no moment with a time zone",
    "例如 2026-03-02T08:00+08:00",
    "write for example 2026-03-02T08:00+08:00",
)
NO_SERIES = kind(
    "TG-0344",
    "无法读懂 {value!r}",
    "{value!r} cannot be read",
    "写 0.2、0.2x30、0.2+0.05x10、_x5 或 stale；之后可加 !bad 或 ^5min",
    "write 0.2, 0.2x30, 0.2+0.05x10, _x5 or stale, with !bad or ^5min behind it",
)
NO_MARK = kind(
    "TG-0344",
    "没有质量标记 {value!r}",
    "there is no quality mark {value!r}",
    "可用：{known}",
    "known: {known}",
)
TOO_MANY_READINGS = kind(
    "TG-0344",
    "序列超过 {most} 个读数",
    "the series has more than {most} readings",
    "缩短序列，或加大间隔",
    "make it shorter, or its interval longer",
)
BACKWARD = kind(
    "TG-0344",
    "{value!r} 早于前面的读数",
    "{value!r} lies before the readings so far",
    "序列按时间顺序书写；晚到的读数加 ^5min",
    "a series is written in the order of time; a reading that arrives late has ^5min behind it",
)
NO_NUMBER = kind("TG-0345", "{value!r} 不是数字", "{value!r} is no number", "写一个数字", "write a number")
NO_CHOICE = kind("TG-0346", "{name} 不能是 {value!r}", "{name} cannot be {value!r}", "{hint}", "{hint}")
NO_INTERVAL = kind(
    "TG-0347",
    "时间颠倒：since ≤ start < stop",
    "the times run backwards: since <= start < stop",
    "改正时间",
    "mend the times",
)
TWICE = kind(
    "TG-0348", "场景 {value!r} 出现了两次", "the scenario {value!r} stands here twice", "改名其一", "rename one"
)
NOTHING_PLAYED = kind(
    "TG-0348",
    "场景没有读数",
    "the scenario has no readings",
    "在 series 中写至少一个测量项",
    "write at least one measurement under 'series'",
)
KNOWN = Sentence("可用：{known}", "known: {known}")
NO_TERM = kind("TG-0349", "日历没有用语 {value!r}", "the calendar has no term {value!r}", "{hint}", "{hint}")
NO_TRUTH = kind(
    "TG-0349",
    "{value!r} 不是 true、false 或 unknown",
    "{value!r} is not true, false or unknown",
    "例如 true，或 false @2h true",
    "write for example true, or false @2h true",
)
NO_MOMENT = kind(
    "TG-0349",
    "{value!r} 前缺少时刻",
    "there is no moment before {value!r}",
    "例如 false @2h true",
    "write for example false @2h true",
)
CALENDAR_BACKWARD = kind(
    "TG-0349",
    "{value!r} 不晚于前面的时刻",
    "{value!r} is not after the moment before it",
    "按时间顺序书写",
    "write the moments in the order of time",
)
NO_COUNT = kind(
    "TG-0349",
    "{value!r} 不是 1 至 {most} 的整数",
    "{value!r} is no whole number from 1 to {most}",
    "写成员的个数",
    "write how many such members there are",
)
