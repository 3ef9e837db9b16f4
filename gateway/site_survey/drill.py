"""A test alarm as the gateway and the technician see it: what was asked, how it stands, what is to be done next.

No I/O and no clock: the moment is an argument. A call goes out until the host has answered for good; what is heard late
or twice changes nothing that was already known for good.

| stage | how it gets there | what follows |
|---|---|---|
| ``asked`` | asked for, and sent | answer, or ``unanswered`` after ``PATIENCE_S`` |
| ``open`` | the host has opened (or joined) a case | repeated until it ends |
| ``confirmed``, ``unconfirmed``, ``cancelled`` | the case has ended | nothing |
| ``refused``, ``offline``, ``unanswered`` | it did not get to a case | asked again by the person, under the same id |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from core.findings import Said, Sentence
from core.places import Text
from core.sparkplug.drill import DrillAnswer, DrillOutcome

PATIENCE_S: Final = 30.0
"""So long an answer is awaited; a core process that is started again takes less."""
LIVES_S: Final = 2400.0
"""A case ends by itself within 30 min; nobody asks longer than this."""
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 5.0
_OPEN_PAUSE_S: Final = 2.0
_QUIET_PAUSE_S: Final = 10.0
_QUIET_AFTER_S: Final = 120.0

OFFLINE: Final = Sentence(
    "网关与服务器的连接已断开，演练没有发出；请检查网络（网线、SIM 卡、代理地址），恢复后再试",
    "the gateway has no connection to the server, so nothing was sent; check its network (cable, SIM card, broker "
    "address) and ask again",
)
UNANSWERED: Final = Sentence(
    "{seconds:.0f} 秒内服务器没有应答；请确认服务器正在运行，再试一次（不会产生第二个案件）",
    "the server has not answered for {seconds:.0f} s; see that it runs and ask again (this makes no second case)",
)
NO_POINT: Final = Sentence(
    "服务器有该设施，但没有本网关的测点 {metric}；请在服务器登记该测点，或核对测量名",
    "the server knows the facility, but no point {metric} of this gateway; register it there, or correct its name",
)
NO_FACILITY: Final = Sentence(
    "服务器没有测点 {metric} 的设施；请先在服务器登记设施，或在“定位”步骤更正编码",
    "the server knows no facility of {metric}; register it there, or correct its code in the step “place”",
)
TOO_OLD: Final = Sentence(
    "演练请求已过时，没有产生案件；请再试一次", "the call came too late and opened nothing; ask again"
)
NOBODY: Final = Sentence(
    "案件 {case} 已建立，但没有人可接收；请在服务器检查网格人员和排班",
    "the case {case} is there, but nobody is to receive it; look at the people and shifts of its grid cells",
)
NOT_READ: Final = Sentence(
    "网关还没有读取测点 {metric}；请先用 twingrid site config 写入配置并重新加载",
    "the gateway does not read the point {metric} yet; write its configuration with twingrid site config and load it",
)
NOT_PLACED: Final = Sentence(
    "从站 {unit} 还没有设施，告警无处可去；请先完成“定位”步骤",
    "unit {unit} has no facility yet, so an alarm has nowhere to go; place it first",
)
NO_GATEWAY: Final = Sentence(
    "网关没有运行，或此处没有指明它；请启动网关，并用 --gateway 给出其配置文件",
    "the gateway does not run, or was not named here; start it, and name its configuration file with --gateway",
)


class DrillStage(StrEnum):
    """Where a test alarm stands; see the module."""

    ASKED = "asked"
    OPEN = "open"
    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    OFFLINE = "offline"
    UNANSWERED = "unanswered"


ENDED: Final = frozenset({DrillStage.CONFIRMED, DrillStage.UNCONFIRMED, DrillStage.CANCELLED})
WAITING: Final = frozenset({DrillStage.ASKED, DrillStage.OPEN})
_STAGES: Final[Mapping[DrillOutcome, DrillStage]] = {
    DrillOutcome.OPEN: DrillStage.OPEN,
    DrillOutcome.CONFIRMED: DrillStage.CONFIRMED,
    DrillOutcome.UNCONFIRMED: DrillStage.UNCONFIRMED,
    DrillOutcome.CANCELLED: DrillStage.CANCELLED,
    DrillOutcome.NO_POINT: DrillStage.REFUSED,
    DrillOutcome.NO_FACILITY: DrillStage.REFUSED,
    DrillOutcome.TOO_OLD: DrillStage.REFUSED,
}
_PROBLEMS: Final[Mapping[DrillOutcome, Sentence]] = {
    DrillOutcome.NO_POINT: NO_POINT,
    DrillOutcome.NO_FACILITY: NO_FACILITY,
    DrillOutcome.TOO_OLD: TOO_OLD,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class DrillRecipient:
    """Somebody in whose queue the test is: name (empty: nobody), task, grid, when it was confirmed (server time)."""

    name: Text
    task: str
    grid: str
    confirmed_ms: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DrillState:
    """A test alarm.

    Attributes:
        id: of the call; kept while it is asked again, so it opens nothing twice.
        metric: the point.
        asked_ms: when it was asked for, gateway time.
        stage: how it stands.
        case: what people quote; empty without one.
        joined: somebody else's test of the facility was open; this one took part in it.
        took_s: from the call to the first answer with a case.
        opened_ms, ended_ms: of the case, server time.
        recipients: whose queues.
        problem: why it got no further, and what to do.
        by: who asked.
    """

    id: str
    metric: str
    asked_ms: int
    stage: DrillStage = DrillStage.ASKED
    case: str = ""
    joined: bool = False
    took_s: float | None = None
    opened_ms: int | None = None
    ended_ms: int | None = None
    recipients: tuple[DrillRecipient, ...] = ()
    problem: Text | None = None
    by: str = ""

    @property
    def confirmed_s(self) -> float | None:
        """Seconds from the opening to the confirmation; None without one."""
        if self.stage is not DrillStage.CONFIRMED or self.opened_ms is None or self.ended_ms is None:
            return None
        return max(0.0, (self.ended_ms - self.opened_ms) / 1000)


def said(what: Said) -> Text:
    """A sentence as a value that is kept."""
    return Text.of(what)


def failed(state: DrillState, stage: DrillStage, why: Said) -> DrillState:
    """The call got no further."""
    return replace(state, stage=stage, problem=said(why))


def answered(state: DrillState, answer: DrillAnswer, waited_s: float) -> DrillState:
    """How the call stands after the host's answer; what has ended stays as it was."""
    if answer.id != state.id or state.stage in ENDED:
        return state
    stage = _STAGES[answer.outcome]
    recipients = tuple(
        DrillRecipient(
            name=Text(zh=one.zh, en=one.en), task=one.task, grid=one.grid, confirmed_ms=one.confirmed_ms
        )
        for one in answer.recipients
    )  # fmt: skip
    problem = None
    if answer.outcome in _PROBLEMS:
        problem = said(_PROBLEMS[answer.outcome](metric=state.metric))
    elif stage is DrillStage.OPEN and not any(one.name.zh or one.name.en for one in recipients):
        problem = said(NOBODY(case=answer.case))
    return replace(
        state,
        stage=stage,
        case=answer.case,
        joined=answer.joined,
        took_s=state.took_s if state.took_s is not None or not answer.case else round(waited_s, 2),
        opened_ms=answer.opened_ms,
        ended_ms=answer.ended_ms,
        recipients=recipients,
        problem=problem,
    )


def silent(state: DrillState, waited_s: float) -> DrillState:
    """The call, after nothing was heard so long."""
    if state.stage is DrillStage.ASKED and waited_s >= PATIENCE_S:
        return failed(state, DrillStage.UNANSWERED, UNANSWERED(seconds=waited_s))
    return state


def pause_s(state: DrillState, sent: int, waited_s: float) -> float | None:
    """How long after the last sending the call goes out again; None: not any more.

    Args:
        state: how it stands.
        sent: how often it was sent.
        waited_s: since it was asked for.
    """
    if state.stage is DrillStage.ASKED:
        return min(_FIRST_PAUSE_S * 2.0 ** min(sent - 1, 8), _LONGEST_PAUSE_S) if sent else 0.0
    if state.stage is DrillStage.OPEN and waited_s < LIVES_S:
        return _OPEN_PAUSE_S if waited_s < _QUIET_AFTER_S else _QUIET_PAUSE_S
    return None
