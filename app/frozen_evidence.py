"""What is frozen when an alarm opens, joined from rules, registry, calendar and store: ``core.ports.evidence``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from app.facility_memory import FacilityMemory
from app.frozen_around import Surroundings
from app.frozen_calendar import FrozenTimes
from app.frozen_place import Places
from app.rule_directory import limits_of
from core.evidence import (
    MOST_POINTS,
    FrozenAround,
    FrozenContext,
    FrozenLevel,
    FrozenLimit,
    FrozenRule,
    Samples,
)
from core.places import PointKind, Text
from core.ports.evidence import AroundRequest, SampleRequest
from core.ports.registry import FacilityDetail, Point
from core.ports.store import TimeSeriesStore
from core.readings import Readings
from registry.directory import attributes_in_force
from registry.queries import Registry
from rules.rule_set import Rule, RuleSet

_LONGEST_READ_MS = 2 * 3_600_000
"""Requests that lie within so much time are read from the store in one go."""
_STALE_MOST_MS = 3_600_000
"""A reading older than this before the window is not looked for, however long it may hold."""
_MOST_ATTRIBUTES = 40
_MOST_TOLD = 20_000


class _Point(NamedTuple):
    """A point that is kept; ``of`` is the code of the parent whose it is, empty: of the facility itself."""

    point: Point
    of: str = ""


class _Told(NamedTuple):
    """What is frozen of a rule at a facility with certain attributes."""

    rule: FrozenRule | None
    limits: tuple[FrozenLimit, ...]
    attributes: tuple[tuple[str, float | str], ...]
    measurements: frozenset[str]
    terms: frozenset[str]


_Key = tuple[str, tuple[tuple[str, float | str], ...]]
_NO_RULE = _Told(None, (), (), frozenset(), frozenset())


class EvidenceFreezer:
    """Answers dispatch with what is to be kept; safe to use from several threads."""

    def __init__(
        self,
        store: TimeSeriesStore,
        registry: Registry,
        facilities: FacilityMemory,
        rules: Callable[[], RuleSet],
        *,
        places: Places,
        times: FrozenTimes,
        surroundings: Surroundings,
        program: str,
    ) -> None:
        """Join the rooms; ``rules`` gives the rule set in force, ``program`` is the version of Twingrid."""
        self._store = store
        self._classes = registry.classes()
        self._rules = rules
        self._places = places
        self._times = times
        self._surroundings = surroundings
        self._program = program
        self._facilities = facilities
        self._told_of: tuple[RuleSet, dict[str, tuple[str, ...]], dict[_Key, _Told]] = (rules(), {}, {})

    def context(self, rule_id: str, facility: int, at_ms: int) -> str:
        """JSON of everything but the samples; from memory, once a facility has been asked for."""
        rule_set, detail = self._rules(), self._facilities.detail(facility)
        rule = rule_set.by_id.get(rule_id)
        told = _NO_RULE if rule is None else self._told(rule_set, rule, detail)
        return FrozenContext(
            rule=told.rule,
            limits=told.limits,
            do=() if rule is None else rule.info.do,
            attributes=dict(told.attributes),
            place=None if detail is None else self._places.place(detail, told.measurements),
            calendar=self._times.calendar(facility, at_ms, told.terms),
            registry_version=self._facilities.version,
            program=self._program,
        ).as_text()

    def samples(self, requests: Sequence[SampleRequest]) -> Sequence[tuple[Samples, ...]]:
        """Readings of the points that are to be kept, few reads of the store for many requests of one time."""
        chosen = [self._points(request) for request in requests]
        order = sorted(range(len(requests)), key=lambda at: requests[at].from_ms)
        found: dict[int, tuple[Samples, ...]] = {}
        while order:
            first = requests[order[0]].from_ms
            near = [at for at in order if requests[at].to_ms - first <= _LONGEST_READ_MS] or order[:1]
            taken = set(near)
            order = [at for at in order if at not in taken]
            last = max(requests[at].to_ms for at in near)
            points = [one.point for at in near for one in chosen[at]]
            numbers = np.unique(np.array([point.number for point in points], np.int32))
            before_ms = max((_held_ms(point) for point in points), default=0)
            batch = self._store.read(numbers, max(0, first - before_ms), last)
            for at in near:
                found[at] = tuple(_samples(batch, one, requests[at]) for one in chosen[at])
        return [found[at] for at in range(len(requests))]

    def around(self, requests: Sequence[AroundRequest]) -> Sequence[tuple[FrozenAround, ...]]:
        """What rules read of parents and groups; their points are read anew, a group at one moment once."""
        return self._surroundings.around(requests)

    # --- inside -------------------------------------------------------------------------------------------------

    def _points(self, request: SampleRequest) -> tuple[_Point, ...]:
        """The points that are kept: the rule's own, its parent's, then the other quantities; or those asked for."""
        detail = self._facilities.detail(request.facility)
        if detail is None:
            return ()
        if request.whole:
            return tuple(_Point(one) for one in detail.points if not request.keys or one.key in request.keys)
        rank = {key: place for place, key in enumerate(request.keys)}
        quiet = (PointKind.STATE, PointKind.EVENT)
        ordered = sorted(detail.points, key=lambda one: (rank.get(one.key, len(rank)), one.kind in quiet, one.number))
        first = [_Point(one) for one in ordered if one.key in rank]
        rest = [_Point(one) for one in ordered if one.key not in rank]
        return (*first, *self._of_parent(detail, request.of_parent), *rest)[:MOST_POINTS]

    def _of_parent(self, detail: FacilityDetail, keys: Sequence[str]) -> Iterator[_Point]:
        above = None if not keys or detail.facility.parent is None else self._facilities.detail(detail.facility.parent)
        if above is not None:
            yield from (_Point(one, above.facility.code) for one in above.points if one.key in keys)

    def _told(self, rule_set: RuleSet, rule: Rule, detail: FacilityDetail | None) -> _Told:
        """Of a rule, made once for all facilities at which it reads the same attributes."""
        if self._told_of[0] is not rule_set or len(self._told_of[1]) >= _MOST_TOLD:
            self._told_of = (rule_set, {}, {})
        _, names_of, known = self._told_of
        if rule.id not in names_of:
            names_of[rule.id] = tuple(sorted(rule.attributes))[:_MOST_ATTRIBUTES]
        has = (
            {} if detail is None else attributes_in_force(self._classes.get(detail.facility.class_id), detail.facility)
        )
        attributes = tuple((name, has[name]) for name in names_of[rule.id] if name in has)
        key = (rule.id, attributes)
        if key not in known:
            known[key] = _Told(
                rule=_frozen_rule(rule, rule_set.version),
                limits=self._limits(rule_set, rule, dict(attributes)),
                attributes=attributes,
                measurements=rule.measurements,
                terms=rule.terms,
            )
        return known[key]

    def _limits(self, rule_set: RuleSet, rule: Rule, attributes: Mapping[str, float | str]) -> tuple[FrozenLimit, ...]:
        known = self._classes.get(rule.class_id)
        names = {} if known is None else {key: one.name for key, one in known.measurements.items()}
        numeric = {name: value for name, value in attributes.items() if not isinstance(value, str)}
        return tuple(
            FrozenLimit(
                measurement=one.measurement,
                value=one.value,
                unit=one.unit,
                kind=one.kind,
                severity=one.severity.name.lower(),
                only_with=tuple(names.get(key, Text(zh=key, en=key)) for key in one.only_with),
            )
            for one in limits_of(rule, rule_set.units.get(rule.class_id, {}), numeric)
        )


def _frozen_rule(rule: Rule, set_version: str) -> FrozenRule:
    info = rule.info
    return FrozenRule(
        id=rule.id,
        version=rule.fingerprint,
        set_version=set_version,
        say=info.say,
        when=rule.when_text,
        clear=rule.clear_text,
        for_ms=rule.for_ms,
        clear_for_ms=rule.clear_for_ms,
        severity=info.severity.name.lower(),
        family=info.family,
        lead=info.lead.value,
        support=info.support.value if info.support is not None else "",
        source=rule.source.document,
        levels=tuple(
            FrozenLevel(
                severity=level.info.severity.name.lower(),
                when=level.when_text,
                clear=level.clear_text,
                for_ms=level.for_ms,
                clear_for_ms=level.clear_for_ms,
            )
            for level in rule.levels
        ),
    )


def _held_ms(point: Point) -> int:
    return min(int(point.stale_after_s * 1000), _STALE_MOST_MS)


def _samples(batch: Readings, one: _Point, request: SampleRequest) -> Samples:
    """The rows of one point in the window, and one before it that still held; batches are sorted by point and time."""
    point = one.point
    first, last = np.searchsorted(batch.point, [point.number, point.number + 1])
    begin, end = first + np.searchsorted(batch.time_ms[first:last], [request.from_ms, request.to_ms])
    if begin > first and batch.time_ms[begin - 1] > request.from_ms - _held_ms(point):
        begin -= 1
    rows = slice(int(begin), int(end))
    return Samples(
        point=point.number,
        key=point.key,
        name=point.name,
        unit=point.unit,
        stale_after_ms=int(point.stale_after_s * 1000),
        time_ms=batch.time_ms[rows],
        value=batch.value[rows],
        quality=batch.quality[rows],
        text={row - rows.start: text for row, text in batch.text.items() if rows.start <= row < rows.stop},
        of=one.of,
    )
