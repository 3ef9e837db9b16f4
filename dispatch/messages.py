"""What people are told, in both languages. Names from outside are put in as text and never interpreted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from core.alarms import Severity
from core.places import Text

SEVERITY: Mapping[Severity, Text] = {
    Severity.CRITICAL: Text(zh="紧急", en="Critical"),
    Severity.HIGH: Text(zh="严重", en="High"),
    Severity.MEDIUM: Text(zh="较重", en="Medium"),
    Severity.LOW: Text(zh="一般", en="Low"),
    Severity.INFO: Text(zh="提示", en="Info"),
}

KINDS: Mapping[str, Text] = {
    "task": Text(zh="新任务", en="New task"),
    "verify": Text(zh="请核查", en="Please verify"),
    "rework": Text(zh="返工", en="Rework"),
    "escalated": Text(zh="无人接单", en="Nobody has accepted"),
    "overdue": Text(zh="已超时", en="Overdue"),
    "cancelled": Text(zh="任务已取消", en="Task cancelled"),
    "cleared": Text(zh="告警已恢复，仍请核查", en="Alarm has cleared, please still check"),
    "raised": Text(zh="级别提高", en="Severity raised"),
    "proven": Text(zh="传感器已核实，无需到场", en="Verified by the sensor, no visit needed"),
    "merged": Text(zh="案件已合并", en="Case merged"),
    "joined": Text(zh="又有设施并入", en="More facilities have joined"),
    "drill": Text(zh="演练 TEST", en="TEST drill"),
    "out_of_service": Text(zh="停用已超过计划结束时间", en="Out of service beyond its planned end"),
}


def title(kind: str, severity: Severity, say: Text) -> Text:
    """One line: what kind of message, how bad, what is wrong."""
    about, how = KINDS[kind], SEVERITY[severity]
    if kind == "drill":
        return say  # it names itself, and has no severity
    if kind == "out_of_service":
        return Text(zh=f"{about.zh}｜{say.zh}", en=f"{about.en} | {say.en}")  # nothing has gone wrong
    return Text(zh=f"{about.zh}｜{how.zh}｜{say.zh}", en=f"{about.en} | {how.en} | {say.en}")


def body(code: str, place: Text, due_ms: int | None, zone: ZoneInfo) -> Text:
    """Where and by when."""
    if due_ms is None:
        return Text(zh=f"{place.zh}（{code}）", en=f"{place.en} ({code})")
    due = datetime.fromtimestamp(due_ms / 1000, zone).strftime("%m-%d %H:%M")
    return Text(zh=f"{place.zh}（{code}），时限 {due}", en=f"{place.en} ({code}), due {due}")


def overrun(reason: str, until_ms: int, zone: ZoneInfo) -> Text:
    """Why something is out of service, and what to do about it now."""
    end = datetime.fromtimestamp(until_ms / 1000, zone).strftime("%m-%d %H:%M")
    return Text(
        zh=f"计划 {end} 恢复，原因：{reason}。请恢复使用或延期",
        en=f"Planned until {end}, reason: {reason}. Return it to service or extend it",
    )
