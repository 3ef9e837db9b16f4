"""One rule on one facility at one moment: every operand, every part of its conditions, and what its timer does.

The engine itself judges the readings until then, so what is shown is what it does. Cells that stay in their band keep
an old value; to have all of them exact the engine judges a *probe* beside the rule, whose operands have no bands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Final

import numpy as np

from core.alarms import Severity
from core.calendar import SiteCalendar
from core.findings import Sentence, Speaks
from core.places import ClassMembers, FacilityClass
from core.readings import Readings
from rules.columns import NEVER_MS
from rules.damping import HOLD_MS, episodes, held_until
from rules.engine.engine import Engine, EngineSettings
from rules.engine.history import NoHistory
from rules.engine.machines import UNSET_MS
from rules.explanation import Narrator
from rules.expression import Apply, Columns, Compare, Connect, Const, Load, Operand, Truth, truth_function
from rules.operators import ARITHMETIC, COMPARISONS, CONNECTIVES
from rules.rule_set import Rule, RuleSet

ALL_OF: Final = Sentence("以下全部成立", "all of these")
ANY_OF: Final = Sentence("以下任一成立", "any of these")
NONE_OF: Final = Sentence("以下不成立", "this is not so")
NOT_WHEN: Final = Sentence("告警条件不成立", "it is not so that raises the alarm")


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A condition or a part of one: how deep it stands, in words, and whether it holds (``None``: unknown)."""

    depth: int
    say: Speaks
    holds: bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Timer:
    """What the machine of a rule and facility does.

    Attributes:
        state: ``normal``, ``pending``, ``on`` or ``clearing``.
        since_ms: when the accumulation began that led to the state; ``None`` where none has.
        start_ms: when the alarm started; ``None`` while it is not on.
        spent_ms, needed_ms: how much of the time has passed that ``when`` or ``clear`` must hold.
        due_ms: when the running timer ends; ``None`` while none runs.
    """

    state: str
    since_ms: int | None
    start_ms: int | None
    spent_ms: int
    needed_ms: int
    due_ms: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """That something is announced as on because it flaps.

    Attributes:
        flaps: how often it has opened, in the readings that were looked at.
        start_ms: since when it is announced as one.
        until_ms: when that ends if nothing comes before; ``None`` while the condition holds.
    """

    flaps: int
    start_ms: int
    until_ms: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """One severity of a rule at a moment: the conditions, each followed by its parts, and what the machine does.

    ``held`` says that it is on because it flaps, whatever the machine does.
    """

    severity: Severity
    when: tuple[Part, ...]
    clear: tuple[Part, ...]
    timer: Timer
    held: Held | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A rule on a facility at a moment.

    Attributes:
        at_ms: the moment.
        operands: the value of each operand, in a stable order; ``None`` is unknown.
        levels: from the least to the worst severity; one where the rule has one.
    """

    at_ms: int
    operands: Mapping[Operand, float | None]
    levels: tuple[Judged, ...]

    @property
    def when(self) -> tuple[Part, ...]:
        """The condition of the least severity."""
        return self.levels[0].when

    @property
    def clear(self) -> tuple[Part, ...]:
        """What clears the least severity."""
        return self.levels[0].clear

    @property
    def timer(self) -> Timer:
        """The machine of the least severity."""
        return self.levels[0].timer


def lookback_ms(rule: Rule, stale_ms: int) -> int:
    """How far back readings tell the operands and timers of a rule: windows, times, and the longest a value holds."""
    windows = RuleSet((rule,), {}).longest_window_ms
    ages = max((getattr(operand, "limit_ms", 0) for operand in rule.operands), default=0)
    times = max(level.for_ms + level.clear_for_ms for level in rule.parts)
    return 2 * windows + ages + times + 2 * stale_ms


def picture(
    rule: Rule,
    member: ClassMembers,
    readings: Readings,
    at_ms: int,
    facility_class: FacilityClass,
    units: Mapping[str, Mapping[str, str]],
    calendar: SiteCalendar | None = None,
    around: Mapping[str, ClassMembers] | None = None,
) -> Picture:
    """Judge the readings until ``at_ms`` and look.

    Args:
        rule: the rule.
        member: its class with the one facility.
        readings: of the facility's points, from long enough before.
        at_ms: the moment; later readings are left out.
        facility_class: for the words.
        units: the units rules were checked in.
        calendar: of the site; without one its terms are unknown.
        around: the facility with all others that the rule reads, by class; ``None`` if it reads none.

    Raises:
        Refused: if the points do not fit the rule.
    """
    members = {rule.class_id: member} if around is None else around
    settings = EngineSettings(grace_ms=0, meeting_ms=0)
    engine = Engine(RuleSet((rule, _probe(rule)), units), members, NoHistory(), settings, calendar)
    row = members[rule.class_id].facility.tolist().index(int(member.facility[0]))
    engine.ingest(readings.take(readings.time_ms <= at_ms), at_ms)
    engine.advance(at_ms)
    engine.settle(at_ms)
    (one,) = engine.layout.classes
    columns = Columns(
        lambda operand: engine.live.cells.value[one.cells(one.column_of[operand])][row : row + 1],
        lambda part: one.attribute[part][row : row + 1],
    )
    narrator = Narrator(facility_class)
    values = {operand: float(columns.load(operand)[0]) for operand in sorted(rule.operands, key=repr)}
    start = {id(plan.rule): one.machines(i).start for i, plan in enumerate(one.rules)}
    return Picture(
        at_ms=at_ms,
        operands={operand: None if np.isnan(value) else value for operand, value in values.items()},
        levels=tuple(
            Judged(
                severity=level.info.severity,
                when=tuple(_parts(level.when, narrator, columns, 0)),
                clear=_clear(level, narrator, columns),
                timer=_timer(engine, row + start[id(level)], at_ms),
                held=_held(engine, row + start[id(level)], at_ms),
            )
            for level in rule.parts
        ),
    )


def _probe(rule: Rule) -> Rule:
    """A rule that reads the same and never holds; its comparisons give no bands."""
    loads = [Load(operand) for operand in sorted(rule.operands, key=repr)]
    minus, above = ARITHMETIC["-"], COMPARISONS[">"]
    parts: list[Truth] = [Compare(above, Apply(minus, (load, load)), Const(1.0)) for load in loads]
    either = CONNECTIVES["or"]
    when = reduce(lambda left, right: Connect(either, (left, right)), parts)
    return replace(
        rule, id=f"{rule.id}.probe", when=when, clear=None, fingerprint=f"{rule.fingerprint}.probe", levels=()
    )


def _clear(rule: Rule, narrator: Narrator, columns: Columns) -> tuple[Part, ...]:
    if rule.clear is not None:
        return tuple(_parts(rule.clear, narrator, columns, 0))
    raised = _holds(rule.when, columns)
    return (Part(depth=0, say=NOT_WHEN, holds=None if raised is None else not raised),)


def _parts(condition: Truth, narrator: Narrator, columns: Columns, depth: int) -> Iterator[Part]:
    """A condition and its parts; a chain of one connective is one level."""
    holds = _holds(condition, columns)
    if not isinstance(condition, Connect):
        yield Part(depth=depth, say=narrator.truth(condition), holds=holds)
        return
    word = condition.operator.word
    said = {"and": ALL_OF, "or": ANY_OF, "not": NONE_OF}.get(word)
    yield Part(depth=depth, say=narrator.truth(condition) if said is None else said, holds=holds)
    for part in _chain(condition, word) if len(condition.args) > 1 else condition.args:
        yield from _parts(part, narrator, columns, depth + 1)


def _chain(condition: Truth, word: str) -> Sequence[Truth]:
    if isinstance(condition, Connect) and condition.operator.word == word:
        return [part for arg in condition.args for part in _chain(arg, word)]
    return [condition]


def _holds(condition: Truth, columns: Columns) -> bool | None:
    true, false = (bool(np.ravel(side)[0]) for side in truth_function(condition)(columns))
    return True if true else False if false else None


def _held(engine: Engine, machine: int, at_ms: int) -> Held | None:
    _, episode = episodes(engine.book.of(machine))
    if episode is None or held_until(episode) <= at_ms:
        return None
    until_ms = None if episode.stop_ms is None else episode.stop_ms + HOLD_MS
    return Held(flaps=episode.flaps, start_ms=episode.start_ms, until_ms=until_ms)


def _timer(engine: Engine, machine: int, at_ms: int) -> Timer:
    machines, layout = engine.live.machines, engine.layout
    on = bool(machines.on[machine])
    deadline, since = int(machines.deadline_ms[machine]), int(machines.since_ms[machine])
    spent = int(machines.spent_at(np.array([machine]), np.array([at_ms]))[0])
    idle = "on" if on else "normal" if since == UNSET_MS else "pending"
    return Timer(
        state="clearing" if on and (spent > 0 or deadline < NEVER_MS) else idle,
        since_ms=None if since == UNSET_MS else since,
        start_ms=int(machines.start_ms[machine]) if on else None,
        spent_ms=spent,
        needed_ms=int((layout.clear_ms if on else layout.for_ms)[machine]),
        due_ms=deadline if deadline < NEVER_MS else None,
    )
