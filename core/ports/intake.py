"""What comes in without an alarm, as ``api`` sees it: filed, decided, looked at, counted as burden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.alarms import Severity
from core.cases import Actor, CaseState
from core.intake import Decider, Event, Reason, SourceKind, Verdict
from core.places import Text
from core.ports.registry import Page, PageRequest


@dataclass(frozen=True, kw_only=True, slots=True)
class IntakeAsk:
    """A report or a task, as somebody hands it in.

    Attributes:
        key: idempotency key of the sender, 1 to 64 characters; the same (actor, key) again answers as the first time.
        actor: who; of residents a login that nobody has (``core.intake``: they have none).
        community: registry number; 0: that of the facility.
        facility: registry number; 0: none.
        longitude, latitude: WGS-84 degrees; ``None``: not known.
        words: what there is to see or to be done.
        department, ref: of what is handed down: code, and the number of its paper.
        minutes: work it asks for, as whoever hands it down says; 0: nobody knows.
        from_ms, to_ms: the time an inspection asks about; ``None``: the last 30 days.
    """

    key: str
    actor: Actor
    source: SourceKind
    event: str
    words: str
    community: int = 0
    facility: int = 0
    longitude: float | None = None
    latitude: float | None = None
    department: str = ""
    ref: str = ""
    minutes: int = 0
    from_ms: int | None = None
    to_ms: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LogAnswer:
    """What the case log says of a community over a time: what an inspection asks for, with the counts behind it.

    Attributes:
        from_ms, to_ms: of the moment of filing.
        filed: cases; by_family, by_source: the same, apart.
        closed, cancelled, still_open: of those.
        in_time: of those that were handled or closed, how many met every limit; late: how many did not, open ones
            included.
        rework: how many were sent back at least once.
        labour_min: minutes of work that were reported.
    """

    community: int
    from_ms: int
    to_ms: int
    filed: int
    closed: int
    cancelled: int
    still_open: int
    in_time: int
    late: int
    rework: int
    labour_min: int
    by_family: Mapping[str, int]
    by_source: Mapping[SourceKind, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Photo:
    """A photo of an intake, by the hash of its bytes."""

    position: int
    sha256: str
    media_type: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class IntakeStep:
    """One decision of an intake, never changed.

    Attributes:
        before: ``None`` for what the gate said when it was handed in.
        department: to which it was referred, or by which it was answered; empty: none.
        words: the reason.
    """

    at_ms: int
    actor: str
    person: int | None
    before: Verdict | None
    after: Verdict
    department: str
    words: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseNow:
    """How far the case of an intake is; of one that was merged, the case that took it in.

    Attributes:
        closed_ms: when it ended; ``None``: it is open.
        late: a limit has passed before it was met.
    """

    number: int
    code: str
    state: CaseState
    closed_ms: int | None
    late: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class IntakeRow:
    """One intake.

    Attributes:
        verdict: what became of it; ``WAIT`` while a gatekeeper has to decide.
        reasons: of the gate; figures: the load it was decided by, by name.
        case, case_code: of the case it became or joined.
        candidates: open cases that may be about the same.
        decided_ms, decided_by, decider: of the last decision; ruling: the words of whoever took it.
        answer: from the case log, frozen when it was given.
        referred: code of the department that has it or took it; empty: none.
        steps: every decision, the first one first.
        case_now: how far that case is.
    """

    number: int
    code: str
    source: SourceKind
    event: str
    say: Text
    severity: Severity
    verdict: Verdict
    reasons: tuple[Reason, ...]
    community: int
    facility: int
    longitude: float | None
    latitude: float | None
    words: str
    department: str
    ref: str
    minutes: int
    at_ms: int
    actor: str
    person: int | None
    case: int | None
    case_code: str
    candidates: tuple[int, ...]
    figures: Mapping[str, int]
    decided_ms: int
    decided_by: str
    decider: int | None
    ruling: str
    answer: LogAnswer | None
    photos: tuple[Photo, ...] = ()
    referred: str = ""
    steps: tuple[IntakeStep, ...] = ()
    case_now: CaseNow | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """An open case that a report may be about.

    Attributes:
        same: it would join that case; else it may be about the same.
        distance_m: from where it is reported; ``None``: one of the two has no place.
    """

    case: int
    same: bool
    distance_m: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class IntakeFilter:
    """Which intakes; empty fields do not restrict.

    Attributes:
        department: that handed it down; referred: to which it was referred and that has not given it back.
        concerns: of one of the two.
    """

    communities: frozenset[int] | None = None
    sources: frozenset[SourceKind] = frozenset()
    verdicts: frozenset[Verdict] = frozenset()
    department: str = ""
    case: int | None = None
    referred: str = ""
    concerns: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ruling:
    """What somebody decides of one, by the table ``core.intake.RULINGS``.

    Attributes:
        verdict: what it becomes.
        case: which case it joins.
        event, facility: what and where it is, if the report had that wrong; empty and ``None``: as reported.
        words: needed where the table says so.
        department: of a gatekeeper: to which it is referred; of somebody of a department: their own.
        decider: as what the actor decides.
    """

    number: int
    verdict: Verdict
    actor: Actor
    words: str = ""
    case: int | None = None
    event: str = ""
    facility: int | None = None
    department: str = ""
    decider: Decider = Decider.GATEKEEPER


@dataclass(frozen=True, kw_only=True, slots=True)
class Burden:
    """What one department asked of one community in a time, and what it cost.

    Attributes:
        asked: how often; of these admitted, joined, returned, answered, waiting, referred (they add up) and
            inspections. Referred: to another department, taken or not.
        asked_min: minutes of work, as the department said.
        cases: that were filed for it; tasks: given for them; done: tasks that were done.
        labour_min: minutes of work that were reported for its cases.
        late: cases that missed a limit.
        people: who work in the community now, volunteers left out.
    """

    department: str
    community: int
    asked: int
    admitted: int
    joined: int
    returned: int
    answered: int
    waiting: int
    referred: int
    inspections: int
    asked_min: int
    cases: int
    tasks: int
    done: int
    labour_min: int
    late: int
    people: int


class IntakeQueries(Protocol):
    """Reading. Methods raise ``core.errors.Unavailable`` if the database does not answer now."""

    def events(self, source: SourceKind, class_id: str | None = None) -> Sequence[Event]:
        """What a source may report or ask for, at a facility of a class if one is named."""
        ...

    def intakes(self, where: IntakeFilter, page: PageRequest) -> Page[IntakeRow]:
        """Intakes, newest number first.

        Raises:
            core.errors.Refused: if the cursor or the limit is not valid.
        """
        ...

    def intake(self, number: int, communities: frozenset[int] | None = None) -> IntakeRow | None:
        """One intake."""
        ...

    def known(self, ask: IntakeAsk, now_ms: int) -> Sequence[Known]:
        """Open cases that this would join or may be about, the likeliest first; nothing is handed in.

        Raises:
            core.errors.Invalid: if there is no such event.
        """
        ...

    def sent(self, actor: Actor, key: str) -> IntakeRow | None:
        """What somebody has handed in with this key."""
        ...

    def burden(
        self, from_ms: int, to_ms: int, communities: frozenset[int] | None = None, department: str = ""
    ) -> Sequence[Burden]:
        """What departments (or one of them) asked of communities in [from, to), the most first."""
        ...

    def log(self, community: int, from_ms: int, to_ms: int) -> LogAnswer:
        """What the case log says of a community."""
        ...


class Intakes(IntakeQueries, Protocol):
    """Reading, and writing by people; one transaction each."""

    def file(self, ask: IntakeAsk, now_ms: int) -> IntakeRow:
        """Hand something in; what became of it.

        Raises:
            core.errors.Invalid: with everything that is wrong in it.
        """
        ...

    def rule(self, ruling: Ruling, now_ms: int) -> IntakeRow:
        """Decide of one that waits, or that was referred.

        Raises:
            core.cases.UnknownItem: if there is no such intake, or the actor's department has not got it.
            core.cases.NotPermitted: if the actor decides as a gatekeeper and does not supervise.
            core.cases.Conflict: ``wrong_state`` if the table has no such decision of it.
            core.errors.Invalid: if words, the event, the case or the department are missing or wrong.
        """
        ...


class Photos(Protocol):
    """Photos of intakes."""

    def awaits(self, number: int, key: str, actor: Actor, now_ms: int) -> None:
        """Nothing, if the same actor handed the intake in with this key within the last day.

        Raises:
            core.cases.UnknownItem: if not.
        """
        ...

    def attach(self, number: int, key: str, actor: Actor, data: bytes, now_ms: int) -> Photo:
        """Add a photo; the same once more answers as the first time.

        Raises:
            core.cases.UnknownItem: if there is no such intake, or it is somebody else's or too old.
            core.errors.Invalid: if it is no photo, too large, one too many, or there is no more room.
            core.errors.Unavailable: if it cannot be written now.
        """
        ...

    def photo(self, number: int, position: int, communities: frozenset[int] | None = None) -> tuple[str, bytes] | None:
        """Media type and bytes; ``None`` if there is none that these communities show."""
        ...
