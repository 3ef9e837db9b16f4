"""The evaluation of a span: facts of cases in, counts by community, cell, worker and department out. Pure.

Everything is counted once, in the span in which it was decided: what has a limit is decided when it is done in time, or
when its limit passes. So the counts of months add up to those of the year, and those of the parts to the whole
(``docs/evaluation.md``). What appeals have excused stays in the counts and stands beside them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from core.cases import Action
from core.intake import SourceKind
from core.ports.evaluation import (
    CONTENT_FROM,
    LESS_IS_BETTER,
    SCORES,
    CaseFact,
    Evaluation,
    Facts,
    Indicator,
    Line,
    Part,
    RevisitFact,
    Share,
    StageFact,
    Tally,
)
from core.stages import Stage
from dispatch.peers import Bounds, Counted, shares
from dispatch.training import trainings

EMPLOYED_BY_COMMUNITY = "@community"
"""Key of the department of those whom no department employs; no code of a department begins so."""

_DONE_BY: Mapping[Stage, frozenset[str]] = {
    Stage.ACCEPT: frozenset({Action.ACCEPT.value, Action.HANDLE.value}),
    Stage.ARRIVE: frozenset({Action.ARRIVE.value, Action.HANDLE.value}),
    Stage.HANDLE: frozenset({Action.HANDLE.value}),
    Stage.VERIFY: frozenset({Action.VERIFY.value, Action.REJECT.value}),
}
"""What does what a stage's clock waits for; whatever else ends it lets nobody be in time."""

_IN_TIME = {
    Stage.ACCEPT: Indicator.ACCEPTED_IN_TIME,
    Stage.ARRIVE: Indicator.ARRIVED_IN_TIME,
    Stage.HANDLE: Indicator.HANDLED_IN_TIME,
    Stage.VERIFY: Indicator.VERIFIED_IN_TIME,
}


_NOTHING = Tally()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    """Something counted, and where it belongs."""

    community: int
    cell: str
    person: int | None = None
    indicator: Indicator | None = None
    tally: Tally = _NOTHING
    amounts: Mapping[str, int] = field(default_factory=dict)
    owner: int | None = None


class _Spot(NamedTuple):
    """Where an entry belongs, in all respects at once: everything is counted here first, and only then by part."""

    community: int
    cell: str
    person: int | None


@dataclass(slots=True)
class _Account:
    """Everything counted of one part."""

    tallies: dict[Indicator, Tally] = field(default_factory=dict)
    amounts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    owners: set[int] = field(default_factory=set)

    def add(self, entry: _Entry) -> None:
        if entry.indicator is not None:
            self.tallies[entry.indicator] = self.tallies.get(entry.indicator, _NOTHING) + entry.tally
        for name, amount in entry.amounts.items():
            self.amounts[name] += amount
        if entry.owner is not None:
            self.owners.add(entry.owner)

    def take(self, other: _Account) -> None:
        """What was counted of a part of it."""
        for indicator, tally in other.tallies.items():
            self.tallies[indicator] = self.tallies.get(indicator, _NOTHING) + tally
        for name, amount in other.amounts.items():
            self.amounts[name] += amount
        self.owners |= other.owners

    @property
    def load(self) -> float:
        return self.amounts["tasks"] / len(self.owners) if self.owners else 0.0


def evaluate(facts: Facts, bounds: Bounds | None = None) -> Evaluation:
    """The evaluation of a span.

    Args:
        facts: with every case that anything else of it names.
        bounds: what is in time, and from how many on something is said.

    Raises:
        KeyError: if a case is named that is not among the cases.
    """
    bounds = bounds or Bounds()
    spots: dict[_Spot, _Account] = {}
    for entry in _entries(facts, bounds):
        spots.setdefault(_Spot(entry.community, entry.cell, entry.person), _Account()).add(entry)
    keys: Mapping[Part, Callable[[_Spot], str]] = {
        Part.COMMUNITY: lambda spot: str(spot.community),
        Part.CELL: lambda spot: spot.cell,
        Part.WORKER: lambda spot: "" if spot.person is None else str(spot.person),
        Part.DEPARTMENT: lambda spot: _department(facts, spot.person),
    }
    whole = _grouped(spots, lambda _: "").get("", _Account())
    return Evaluation(
        from_ms=facts.from_ms,
        to_ms=facts.to_ms,
        known_ms=facts.known_ms,
        whole=_lines({"": whole}, bounds, facts, None)[0],
        parts={part: _lines(_grouped(spots, key), bounds, facts, part) for part, key in keys.items()},
        trainings=trainings(facts, bounds),
    )


def decided(limit_ms: int, done_ms: int | None) -> tuple[int, bool]:
    """When it was decided whether something was in time, and whether it was; met in the last millisecond is met."""
    return (done_ms, True) if done_ms is not None and done_ms <= limit_ms else (limit_ms + 1, False)


def stage_decided(fact: StageFact) -> tuple[int, bool] | None:
    """When a run of a clock was decided, and whether in time; ``None`` if it never was, or stands still.

    A run that ends in time by something else (given back, cancelled, merged) is nobody's merit and nobody's fault.
    """
    if fact.ended_ms is None:
        stands = fact.paused_ms is not None and fact.paused_ms <= fact.limit_ms
        return None if stands else decided(fact.limit_ms, None)
    if fact.ended_ms <= fact.limit_ms and fact.ended_by not in _DONE_BY[fact.stage]:
        return None
    return decided(fact.limit_ms, fact.ended_ms)


# --- what is counted --------------------------------------------------------------------------------------------------


def _entries(facts: Facts, bounds: Bounds) -> Iterator[_Entry]:
    cases = {case.number: case for case in facts.cases}
    for case in facts.cases:
        yield from _of_case(case, facts, bounds)
    for stage in facts.stages:
        found = stage_decided(stage)
        if found is not None and _inside(found[0], facts):
            excused = int(cases[stage.case].excused and not found[1])
            tally = Tally(int(found[1]), 1, excused)
            yield _entry(cases[stage.case], stage.person, _IN_TIME[stage.stage], tally)
    yield from _of_steps(facts, cases)
    yield from _of_reports(facts, cases)
    for task in facts.tasks:
        if _inside(task.told_ms, facts):
            case = cases[task.case]
            yield _Entry(
                community=case.community, cell=case.cell, person=task.owner, amounts={"tasks": 1}, owner=task.owner
            )
    for blind in facts.blind:
        gone = _overlap(blind.from_ms, blind.to_ms, facts)
        yield _Entry(community=blind.community, cell=blind.cell, amounts={"blind_ms": gone})
    for revisit in facts.revisits:
        if _inside(revisit.at_ms, facts):
            yield from _of_revisit(revisit)


def _of_case(case: CaseFact, facts: Facts, bounds: Bounds) -> Iterator[_Entry]:
    opened = int(_inside(case.opened_ms, facts))
    ended = int(case.ended_ms is not None and _inside(case.ended_ms, facts))
    waited = 0
    if case.begun_ms is not None:
        seen = [moment for moment in (case.looked_ms, case.ended_ms) if moment is not None]
        waited = _overlap(case.begun_ms, min(seen, default=None), facts)
    amounts = {"cases": opened, "ended": ended, "waited_ms": waited}
    yield _Entry(community=case.community, cell=case.cell, amounts=amounts)
    if case.begun_ms is not None and opened:
        soon = case.opened_ms - case.begun_ms <= bounds.filing_ms
        yield _entry(case, None, Indicator.FILED_IN_TIME, Tally(int(soon), 1))
    if case.wanted_ms is not None:
        limit_ms = case.wanted_ms + bounds.dispatch_ms
        over = case.told_ms is None and case.ended_ms is not None and case.ended_ms <= limit_ms
        at_ms, in_time = decided(limit_ms, case.told_ms)
        if not over and _inside(at_ms, facts):
            yield _entry(case, None, Indicator.DISPATCHED_IN_TIME, Tally(int(in_time), 1))


def _of_steps(facts: Facts, cases: Mapping[int, CaseFact]) -> Iterator[_Entry]:
    for step in facts.steps:
        if not _inside(step.at_ms, facts):
            continue
        case = cases[step.case]
        if step.action in {Action.VERIFY, Action.REJECT}:
            rejected = int(step.action is Action.REJECT)
            excused = int(case.excused and bool(rejected))
            yield _entry(case, step.person, Indicator.REWORK, Tally(rejected, 1, excused))
        elif step.action in {Action.ACCEPT, Action.RETURN}:
            yield _entry(case, step.person, Indicator.RETURNED, Tally(int(step.action is Action.RETURN), 1))


def _of_reports(facts: Facts, cases: Mapping[int, CaseFact]) -> Iterator[_Entry]:
    for report in facts.reports:
        if not _inside(report.at_ms, facts):
            continue
        case = cases[report.case]
        spent = {"labour_min": report.labour_min, "spent_fen": report.spent_fen}
        yield _Entry(community=case.community, cell=case.cell, person=report.person, amounts=spent)
        yield _entry(case, None, Indicator.DISPATCHED_RIGHT, Tally(int(not report.passed_on), 1))
        if case.source is SourceKind.ALARM:
            yield _entry(case, None, Indicator.FALSE_ALARM, Tally(int(report.false_alarm), 1))


def _of_revisit(revisit: RevisitFact) -> Iterator[_Entry]:
    """That somebody answers is no merit of whoever repaired; what they say is theirs."""
    said, place = revisit.answer, _Entry(community=revisit.community, cell=revisit.cell)
    tally = Tally(int(said is not None), 1)
    yield replace(place, indicator=Indicator.REVISITED, tally=tally)
    if said is None:
        return
    theirs = replace(place, person=revisit.person)
    yield replace(theirs, indicator=Indicator.SOLVED, tally=Tally(int(said.solved), 1))
    content = int(said.satisfaction >= CONTENT_FROM)
    yield replace(
        theirs, indicator=Indicator.SATISFIED, tally=Tally(content, 1), amounts={_score(said.satisfaction): 1}
    )


def _score(score: int) -> str:
    """Name of the amount of answers with that score."""
    return f"score_{score}"


def _entry(case: CaseFact, person: int | None, indicator: Indicator, tally: Tally) -> _Entry:
    return _Entry(community=case.community, cell=case.cell, person=person, indicator=indicator, tally=tally)


def _inside(at_ms: int, facts: Facts) -> bool:
    return facts.from_ms <= at_ms < facts.to_ms and at_ms <= facts.known_ms


def _overlap(from_ms: int, to_ms: int | None, facts: Facts) -> int:
    """How much of [from, to) lies in the span, as far as it is known."""
    end_ms = min(facts.known_ms if to_ms is None else to_ms, facts.to_ms, facts.known_ms)
    return max(0, end_ms - max(from_ms, facts.from_ms))


def _department(facts: Facts, person: int | None) -> str:
    worker = None if person is None else facts.workers.get(person)
    return "" if worker is None else worker.department or EMPLOYED_BY_COMMUNITY


# --- by part ----------------------------------------------------------------------------------------------------------


def _grouped(spots: Mapping[_Spot, _Account], key: Callable[[_Spot], str]) -> dict[str, _Account]:
    accounts: dict[str, _Account] = {}
    for spot, counted in spots.items():
        accounts.setdefault(key(spot), _Account()).take(counted)
    return accounts


def _lines(accounts: Mapping[str, _Account], bounds: Bounds, facts: Facts, part: Part | None) -> list[Line]:
    """The lines of a part, the most tasks first; each compared with those of its kind that have a like load."""
    keys = sorted(accounts, key=lambda key: (-accounts[key].amounts["tasks"], key))
    counted = [
        Counted(key=key, kind=_kind(part, key, facts), load=accounts[key].load, tallies=accounts[key].tallies)
        for key in keys
    ]
    judged = shares(counted, bounds, LESS_IS_BETTER)
    return [_line(key, accounts[key], judged[key]) for key in keys]


def _kind(part: Part | None, key: str, facts: Facts) -> str:
    """What is compared with what; empty: with nothing."""
    if part is None or not key or key == EMPLOYED_BY_COMMUNITY:
        return ""
    if part is not Part.WORKER:
        return part.value
    worker = facts.workers.get(int(key))
    return "" if worker is None else f"worker {'' if worker.grid is None else worker.grid.value}"


def _line(key: str, account: _Account, judged: Sequence[Share]) -> Line:
    amounts = account.amounts
    return Line(
        key=key,
        cases=amounts["cases"],
        ended=amounts["ended"],
        tasks=amounts["tasks"],
        load=account.load,
        labour_min=amounts["labour_min"],
        spent_fen=amounts["spent_fen"],
        waited_ms=amounts["waited_ms"],
        blind_ms=amounts["blind_ms"],
        shares=judged,
        scores=tuple(amounts[_score(score)] for score in range(1, SCORES + 1)),
    )
