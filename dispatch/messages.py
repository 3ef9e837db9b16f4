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
    "offer": Text(zh="可抢单，先接先得", en="Offered, first to take it has it"),
    "rework": Text(zh="返工", en="Rework"),
    "escalated": Text(zh="无人接单", en="Nobody has accepted"),
    "overdue": Text(zh="已超时", en="Overdue"),
    "cancelled": Text(zh="任务已取消", en="Task cancelled"),
    "cleared": Text(zh="告警已恢复，仍请核查", en="Alarm has cleared, please still check"),
    "raised": Text(zh="级别提高", en="Severity raised"),
    "proven": Text(zh="传感器已核实，无需到场", en="Verified by the sensor, no visit needed"),
    "unmerged": Text(zh="合并已撤销，案件已分开", en="Merge taken back: the cases are two again"),
    "merged": Text(zh="案件已合并", en="Case merged"),
    "intake": Text(zh="待受理", en="Waits for your decision"),
    "referral": Text(zh="转办事项", en="Referred to your department"),
    "reported": Text(zh="又有人反映", en="Somebody else has reported it"),
    "joined": Text(zh="又有设施并入", en="More facilities have joined"),
    **{
        f"{stage}_{step}": Text(zh=f"{about.zh}：{what.zh}", en=f"{about.en}: {what.en}")
        for stage, about in {
            "accept": Text(zh="待接单", en="To be accepted"),
            "arrive": Text(zh="待到场", en="To be reached"),
            "handle": Text(zh="待处置", en="To be handled"),
            "verify": Text(zh="待核查", en="To be verified"),
        }.items()
        for step, what in {
            "person": Text(zh="时限将到", en="time is running out"),
            "on_duty": Text(zh="请协助，时限将到", en="please help, time is running out"),
            "supervisor": Text(zh="已超时", en="overdue"),
            "leads": Text(zh="长时间超时", en="long overdue"),
        }.items()
    },
    "extension_asked": Text(zh="申请延期", en="An extension is asked for"),
    "extension_granted": Text(zh="延期已批准", en="Extension granted"),
    "extension_refused": Text(zh="延期未批准", en="Extension refused"),
    "supervised": Text(zh="督办，请回复", en="Under supervision, please answer"),
    "supervision_answered": Text(zh="督办已回复", en="Supervision answered"),
    "supervision_unanswered": Text(zh="督办逾期未回复", en="Supervision not answered in time"),
    "supervision_lifted": Text(zh="督办已解除", en="Supervision lifted"),
    "appeal_made": Text(zh="申诉待审", en="An appeal is to be reviewed"),
    "appeal_endorsed": Text(zh="申诉待复审", en="An appeal is to be reviewed a second time"),
    "appeal_upheld": Text(zh="申诉成立", en="Appeal upheld"),
    "appeal_dismissed": Text(zh="申诉不成立", en="Appeal dismissed"),
    "resumed": Text(zh="挂账到期，已恢复", en="Suspension over, resumed"),
    "suspended": Text(zh="已挂账", en="Suspended"),
    "taken_up": Text(zh="挂账提前结束，已恢复", en="Suspension ended early, resumed"),
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
