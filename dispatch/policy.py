"""Every number of dispatch that a city may want to replace. Defaults with their reason; none of them is a law."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.alarms import Severity
from core.cases import Deadline, DeadlineClock, DeadlineWhat, TaskKind
from core.ports.cases import Mode
from core.ports.limits import LimitsInForce
from core.stages import LadderStep, LimitUnit, StageLimit, SupervisionLevel
from dispatch.intakebook import IntakeBook, load_intake
from dispatch.limitbook import SHIPPED, LimitBook, load_limits
from dispatch.modes import NO_WISHES, ClassWishes
from dispatch.stageclocks import Ladder
from dispatch.worktime import HOUR_MS, MINUTE_MS, WorkCalendar

_HANDLE: Mapping[Severity, Deadline] = {
    Severity.CRITICAL: Deadline(hours=1, clock=DeadlineClock.CONTINUOUS),
    Severity.HIGH: Deadline(hours=2, clock=DeadlineClock.CONTINUOUS),
    Severity.MEDIUM: Deadline(hours=8, clock=DeadlineClock.WORK),
    Severity.LOW: Deadline(hours=16, clock=DeadlineClock.WORK),
    Severity.INFO: Deadline(hours=40, clock=DeadlineClock.WORK),
}
_VERIFY: Mapping[Severity, Deadline] = {
    Severity.CRITICAL: Deadline(hours=0.5, clock=DeadlineClock.CONTINUOUS),
    Severity.HIGH: Deadline(hours=1, clock=DeadlineClock.CONTINUOUS),
    Severity.MEDIUM: Deadline(hours=4, clock=DeadlineClock.WORK),
    Severity.LOW: Deadline(hours=8, clock=DeadlineClock.WORK),
    Severity.INFO: Deadline(hours=8, clock=DeadlineClock.WORK),
}
_LOOK: Mapping[Severity, Deadline] = {
    severity: Deadline(hours=limit.hours, clock=limit.clock, what=DeadlineWhat.ARRIVE)
    for severity, limit in _VERIFY.items()
}
_ACCEPT_MS: Mapping[Severity, int] = {
    Severity.CRITICAL: 5 * MINUTE_MS,
    Severity.HIGH: 15 * MINUTE_MS,
    Severity.MEDIUM: 60 * MINUTE_MS,
    Severity.LOW: 480 * MINUTE_MS,
    Severity.INFO: 480 * MINUTE_MS,
}
_P, _O, _S, _L = LadderStep.PERSON, LadderStep.ON_DUTY, LadderStep.SUPERVISOR, LadderStep.LEADS
PROPOSED_LADDER: Mapping[Severity, Ladder] = {
    Severity.CRITICAL: ((_P, 0.5), (_O, 0.8), (_S, 1.0), (_L, 2.0)),
    Severity.HIGH: ((_P, 0.5), (_O, 0.8), (_S, 1.0), (_L, 2.0)),
    Severity.MEDIUM: ((_P, 0.8), (_O, 0.9), (_S, 1.0), (_L, 2.0)),
    Severity.LOW: ((_P, 0.8), (_O, 0.9), (_S, 1.0), (_L, 3.0)),
    Severity.INFO: ((_P, 0.8), (_O, 0.9), (_S, 1.0), (_L, 3.0)),
}
"""Shares of a stage's time: this project's proposals, no standard states them; ``limits.yaml`` may (``ladder``)."""
_ANSWER: Mapping[SupervisionLevel, StageLimit] = {
    SupervisionLevel.GENERAL: StageLimit(amount=1, unit=LimitUnit.WORK_DAY),
    SupervisionLevel.KEY: StageLimit(amount=4, unit=LimitUnit.WORK_HOUR),
    SupervisionLevel.LISTED: StageLimit(amount=2, unit=LimitUnit.URGENT_HOUR),
}
_CHANNELS: Mapping[Severity, tuple[str, ...]] = {
    Severity.CRITICAL: ("app", "sms", "phone"),
    Severity.HIGH: ("app", "sms"),
    Severity.MEDIUM: ("app",),
    Severity.LOW: ("app",),
    Severity.INFO: (),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """The numbers.

    Attributes:
        calendar: when people work.
        handle: handling limit by severity where a rule states none (municipal handling tables).
        look: when the verifying grid must have been there for a first look, where it supports.
        verify: limit of the verification, from the report of the repair.
        accept_ms: how long a task may wait before its supervisor is told; work clock below high.
        channels: how a person is told.
        low_after_ms: a low alarm opens a case when it has been on for so long (docs/alarms.md, part 8).
        most_a_day, most_an_hour: burden of one person; what is urgent passes on (``spare_ms``).
        kept_a_day, kept_an_hour: so many of them are kept for what is urgent, as long as what is not may wait: the
            same person seldom gets a second urgent task within an hour, and seldom a third on a day.
        announce_share: so much of its limit a task may wait until its owner has room, and no more: half, so that a
            night's twelve are told by noon, three an hour, and as much time is left for them as they have waited.
        shelve_most_ms: longest shelving; severities without an entry are never shelved.
        out_of_service_most_ms: longest stretch out of service before somebody must say again why.
        remind_every_ms: how often whoever took something out is reminded once its planned end has passed.
        evidence_before_ms, evidence_after_ms: how much around the opening of an alarm is frozen.
        evidence_kept_ms: how long frozen samples of alarms without a case are kept; with one, as long as the case.
        feed_kept_ms: how long the change feed is kept.
        storm_facilities: more facilities than that with alarms of one rule family and one supply, cell or community
            within ``storm_within_ms`` are one case (docs/alarms.md, part 8); 0: never.
        again_within_ms: an alarm that comes again so soon after the same one has cleared goes on with the case of that,
            if the case ended with it; 0: never.
        storm_quiet_ms: a storm that nobody has begun to work on ends when none of its alarms has been on for so long.
        drill_ms: a test case that nobody confirms ends by itself after so long.
        look_every_ms: how often the readings of an observation are looked at (docs/closure.md).
        blind_ms: so long a sensor that is observed may be out of sight before a person looks: a gateway that comes back
            delivers what it kept.
        near_m: open cases of one family within so many metres may have one cause.
        together_ms: cases of different families beneath one supply may have one cause if they opened so close.
        recurring_cases, recurring_ms: so many cases of a facility and family within that time propose a lasting repair.
        relapse_ms: a case that is opened so soon after one of the same facility and family was closed names it.
        limits: limits of stages by class and event.
        ladder: who hears of a stage that takes long, after which share of its time; proposals, like the 7 days of an
            appeal.
        extensions_most: how often a limit is extended; each time by at most one original limit.
        answer: by when a supervision must be answered.
        appeal_within_ms: how long after the closing an appeal is heard.
        suspended_most_ms: a suspension ends by itself after so long.
        modes: how tasks are given out, by severity; assigned where nothing is said.
        classes: what single classes ask in their place.
        offer_ms: work time for which a task is offered before it is assigned.
        turn_ms: turns are counted over so long.
        job_ms: how long somebody is believed to be at an urgent task.
        pace_m: metres of the straight line that somebody is believed to get on in a minute: a pedal or electric
            bicycle through lanes; a city on foot says 60.
        sooner_ms: what is urgent goes to somebody farther by rung if they are there sooner by more than so long;
            what is high has two hours, and who is fetched for it is missing where they come from.
        spare_ms: so much later may somebody with room be there than somebody who has been told of as much within the
            hour or the day as one person should be: then what is urgent goes to them, else to a supervisor with room.
            A quarter of the two hours of what is high; what is critical goes to whoever is there first all the same.
        intake: what can be reported or handed down, and whose duty it is.
        admit_per_person: so many open tasks a head, and the gate holds back what is handed down: a day's work.
        department_most, department_within_ms: so many tasks a department may hand down to a community within that time
            before the gate holds them back; 0: any number.
    """

    calendar: WorkCalendar = field(default_factory=WorkCalendar)
    handle: Mapping[Severity, Deadline] = field(default_factory=lambda: _HANDLE)
    look: Mapping[Severity, Deadline] = field(default_factory=lambda: _LOOK)
    verify: Mapping[Severity, Deadline] = field(default_factory=lambda: _VERIFY)
    accept_ms: Mapping[Severity, int] = field(default_factory=lambda: _ACCEPT_MS)
    channels: Mapping[Severity, tuple[str, ...]] = field(default_factory=lambda: _CHANNELS)
    low_after_ms: int = 30 * MINUTE_MS
    most_a_day: int = 12
    most_an_hour: int = 3
    kept_a_day: int = 2
    kept_an_hour: int = 1
    announce_share: float = 0.5
    shelve_most_ms: Mapping[Severity, int] = field(
        default_factory=lambda: {
            Severity.INFO: 8 * HOUR_MS,
            Severity.LOW: 8 * HOUR_MS,
            Severity.MEDIUM: 8 * HOUR_MS,
            Severity.HIGH: HOUR_MS,
        }
    )
    out_of_service_most_ms: int = 30 * 24 * HOUR_MS
    remind_every_ms: int = 24 * HOUR_MS
    evidence_before_ms: int = 10 * MINUTE_MS
    evidence_after_ms: int = 5 * MINUTE_MS
    evidence_kept_ms: int = 90 * 24 * HOUR_MS
    feed_kept_ms: int = 7 * 24 * HOUR_MS
    storm_facilities: int = 10
    storm_within_ms: int = 10 * MINUTE_MS
    again_within_ms: int = 10 * MINUTE_MS
    storm_quiet_ms: int = 10 * MINUTE_MS
    drill_ms: int = 30 * MINUTE_MS
    look_every_ms: int = 10 * MINUTE_MS
    blind_ms: int = 30 * MINUTE_MS
    near_m: float = 100.0
    together_ms: int = 24 * HOUR_MS
    recurring_cases: int = 3
    recurring_ms: int = 90 * 24 * HOUR_MS
    relapse_ms: int = 7 * 24 * HOUR_MS
    limits: LimitBook = field(default_factory=load_limits)
    ladder: Mapping[Severity, Ladder] = field(default_factory=lambda: PROPOSED_LADDER)
    extensions_most: int = 2
    answer: Mapping[SupervisionLevel, StageLimit] = field(default_factory=lambda: _ANSWER)
    appeal_within_ms: int = 7 * 24 * HOUR_MS
    suspended_most_ms: int = 365 * 24 * HOUR_MS
    modes: Mapping[Severity, Mode] = field(default_factory=dict)
    classes: Mapping[str, ClassWishes] = field(default_factory=dict)
    offer_ms: int = 30 * MINUTE_MS
    turn_ms: int = 30 * 24 * HOUR_MS
    job_ms: Mapping[TaskKind, int] = field(
        default_factory=lambda: {TaskKind.HANDLE: 40 * MINUTE_MS, TaskKind.VERIFY: 15 * MINUTE_MS}
    )
    pace_m: float = 100.0
    sooner_ms: Mapping[Severity, int] = field(
        default_factory=lambda: {Severity.CRITICAL: 0, Severity.HIGH: 20 * MINUTE_MS}
    )
    spare_ms: Mapping[Severity, int] = field(
        default_factory=lambda: {Severity.CRITICAL: 0, Severity.HIGH: 30 * MINUTE_MS}
    )
    intake: IntakeBook = field(default_factory=load_intake)
    admit_per_person: int = 12
    department_most: int = 0
    department_within_ms: int = 30 * 24 * HOUR_MS

    def wishes(self, class_id: str) -> ClassWishes:
        """What a class asks."""
        return self.classes.get(class_id, NO_WISHES)

    def mode(self, class_id: str, severity: Severity) -> Mode:
        """How a task is given out; what is urgent is assigned at once."""
        if not self.rests_at_night(severity):
            return Mode.ASSIGN
        return self.wishes(class_id).modes.get(severity, self.modes.get(severity, Mode.ASSIGN))

    def rests_at_night(self, severity: Severity) -> bool:
        """Whether a task of this severity waits for working hours."""
        return severity < Severity.HIGH

    def accept_clock(self, severity: Severity) -> DeadlineClock:
        """The clock of ``accept_ms``."""
        return DeadlineClock.WORK if self.rests_at_night(severity) else DeadlineClock.CONTINUOUS


def limits_in_force(policy: Policy) -> LimitsInForce:
    """Which table of limits a policy goes by, and what of it is no more than proposed."""
    book = policy.limits
    return LimitsInForce(
        file=book.file,
        own=book.file != SHIPPED,
        version=book.version,
        source=book.source,
        rows=len(book.rows),
        ladder=policy.ladder,
        proposed=frozenset(policy.ladder) - frozenset(book.ladder),
        appeal_days=policy.appeal_within_ms / 86_400_000,
        appeal_proposed=book.appeal_days is None,
    )
