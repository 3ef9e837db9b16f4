"""A rule on the last day: one facility whole, then as many others as the time allows; what was left out is said.

The engine's replay decides, through ``app.backtest``. Facilities go by in pieces that grow, so that the first answer is
there early and the time is kept; rules that reach across facilities are judged over all of them at once.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from app.backtest import Answer, Backtest, Question
from app.backtest_report import past_alarms
from app.backtest_scope import cut
from core.alarms import Severity
from core.calendar import SiteCalendar
from core.places import ClassMembers, FacilityClass
from core.ports.registry import Roster
from core.ports.rule_editing import Preview, PreviewAlarm, PreviewAsk
from core.ports.store import PastReadings
from dispatch.foreseen import Crew
from dispatch.foresight import foresee
from dispatch.policy import Policy
from rules.engine.replay import FoundAlarm
from rules.language.load import load_rules
from rules.rule_set import RuleSet

MINUTE_MS = 60_000
_FIRST_PIECE = 8
_MOST = 10
_ALARMS_TOLD = 500
_CREW = Crew(accept_ms=15 * MINUTE_MS, work_ms=60 * MINUTE_MS)


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewGrounds:
    """What a preview is read against.

    Attributes:
        classes: facility classes.
        members: all facilities by class.
        communities: code of each community to its number.
        roster: people and places.
        policy: the city's numbers.
        calendar: of the sites.
        in_force: the rules in force.
    """

    classes: Mapping[str, FacilityClass]
    members: Mapping[str, ClassMembers]
    communities: Mapping[str, int]
    roster: Roster
    policy: Policy
    calendar: SiteCalendar
    in_force: RuleSet


@dataclass
class _Sum:
    """What was found so far."""

    alarms: list[FoundAlarm] = field(default_factory=list)
    before: list[FoundAlarm] = field(default_factory=list)
    looked_at: int = 0
    readings: int = 0

    def add(self, answer: Answer, from_ms: int) -> None:
        self.alarms += [one for one in answer.alarms if _touches(one, from_ms)]
        self.before += [one for one in answer.in_force if _touches(one, from_ms)]
        self.looked_at += answer.facilities
        self.readings += answer.readings


def preview(ask: PreviewAsk, grounds: PreviewGrounds, past: PastReadings, limit_s: float) -> Preview:
    """Look at a rule.

    Args:
        ask: the question.
        grounds: what it is read against.
        past: the readings.
        limit_s: seconds after which no other piece is begun or finished.

    Raises:
        Invalid: if the rule is wrong.
        Unavailable: if the store does not answer.
    """
    began_s = time.monotonic()
    whole = load_rules({"rule": ask.text}, grounds.classes)
    rules = RuleSet(tuple(one for one in whole.rules if one.id == ask.member) or whole.rules[:1], whole.units)
    old = [grounds.in_force.by_id[rule.id] for rule in rules.rules if rule.id in grounds.in_force.by_id]
    in_force = RuleSet(tuple(old), rules.units) if old else None
    if in_force is not None and in_force.version == rules.version:
        in_force = None
    class_id = next((rule.class_id for rule in rules.rules), "")
    group = _in_sight(grounds, class_id, ask.communities)
    blank = Preview(facility=0, from_ms=ask.from_ms, to_ms=ask.to_ms, has_before=in_force is not None)
    if group is None or not len(group):
        return blank
    first = ask.facility if ask.facility in set(group.facility.tolist()) else int(group.facility[0])
    found = _Sum()
    reaches = any(rule.relations for rule in (*rules.rules, *old))
    for piece in _pieces(group, first, reaches, lambda: found.looked_at, began_s, limit_s):
        members = {class_id: cut(group, frozenset(piece))}
        question = Question(
            rules=rules,
            in_force=in_force,
            members=members,
            from_ms=ask.from_ms,
            to_ms=ask.to_ms,
            calendar=grounds.calendar,
            whole=grounds.members,
        )
        # The facility that is looked at gets its answer, if that takes three times as long.
        answer = _run(Backtest(question, past), (limit_s if found.looked_at else 3 * limit_s) - _since(began_s))
        if not answer.whole:
            break
        found.add(answer, ask.from_ms)
    return _told(blank, first, len(group), found, grounds, _since(began_s))


def _since(began_s: float) -> float:
    return time.monotonic() - began_s


def _run(run: Backtest, left_s: float) -> Answer:
    timer = threading.Timer(max(0.0, left_s), run.stop)
    timer.daemon = True
    timer.start()
    try:
        return run.run(lambda progress: None)
    finally:
        timer.cancel()


def _in_sight(grounds: PreviewGrounds, class_id: str, communities: Iterable[str]) -> ClassMembers | None:
    """The facilities of a class in some communities; all without any."""
    group, codes = grounds.members.get(class_id), tuple(communities)
    if group is None or not codes:
        return group
    numbers = {grounds.communities[code] for code in codes if code in grounds.communities}
    places = grounds.roster.places
    seen = {n for n in group.facility.tolist() if n in places and places[n].community in numbers}
    return cut(group, frozenset(seen))


def _pieces(
    group: ClassMembers, first: int, reaches: bool, done: Callable[[], int], began_s: float, limit_s: float
) -> Iterator[list[int]]:
    """The first facility, then growing pieces of the others while there is time for them."""
    others = [number for number in group.facility.tolist() if number != first]
    if reaches:
        yield [first, *others]
        return
    yield [first]
    size, at = _FIRST_PIECE, 0
    while at < len(others):
        left_s = limit_s - _since(began_s)
        if left_s <= 0:
            return
        yield others[at : at + size]
        if done() < 1 + min(at + size, len(others)):  # it was not finished
            return
        at += size
        pace = done() / max(1e-3, _since(began_s))
        size = max(_FIRST_PIECE, min(8 * size, int(pace * (limit_s - _since(began_s)) / 2)))


def _touches(alarm: FoundAlarm, from_ms: int) -> bool:
    stop_ms = alarm.interval.stop_ms
    return stop_ms is None or stop_ms > from_ms


def _told(blank: Preview, first: int, facilities: int, found: _Sum, grounds: PreviewGrounds, spent_s: float) -> Preview:
    played = foresee(past_alarms(found.alarms), grounds.roster, grounds.policy, _CREW, blank.from_ms, blank.to_ms)
    by_facility = Counter(alarm.facility for alarm in found.alarms)
    return Preview(
        facility=first,
        from_ms=blank.from_ms,
        to_ms=blank.to_ms,
        alarms=_of(found.alarms, first),
        before=_of(found.before, first),
        has_before=blank.has_before,
        looked_at=found.looked_at,
        facilities=facilities,
        complete=found.looked_at >= facilities,
        total=len(found.alarms),
        before_total=len(found.before),
        cases=len(played.cases),
        affected=len(by_facility),
        most=tuple(by_facility.most_common(_MOST)),
        readings=found.readings,
        spent_s=round(spent_s, 2),
    )


def _of(alarms: Iterable[FoundAlarm], facility: int) -> tuple[PreviewAlarm, ...]:
    mine = [alarm for alarm in alarms if alarm.facility == facility]
    mine.sort(key=lambda alarm: alarm.interval.start_ms)
    return tuple(
        PreviewAlarm(
            facility=facility,
            since_ms=alarm.interval.since_ms,
            start_ms=alarm.interval.start_ms,
            stop_ms=alarm.interval.stop_ms,
            severity=_worst(alarm),
        )
        for alarm in mine[-_ALARMS_TOLD:]
    )


def _worst(alarm: FoundAlarm) -> Severity:
    steps = alarm.interval.steps
    return max((step.severity for step in steps), default=alarm.rule.info.severity)
