"""What is frozen when an alarm opens, joined from rules, registry, calendar and store: ``core.ports.evidence``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np

from app.facility_memory import MOST_FACILITIES, FacilityMemory
from app.rule_directory import RuleBook
from core.evidence import (
    MOST_POINTS,
    FrozenCalendar,
    FrozenContext,
    FrozenLevel,
    FrozenLimit,
    FrozenPlace,
    FrozenRule,
    Samples,
)
from core.places import PointKind, Text
from core.ports.evidence import SampleRequest
from core.ports.registry import Community, FacilityDetail, Point
from core.ports.store import TimeSeriesStore
from core.readings import Readings
from dispatch.worktime import WorkCalendar
from registry.queries import Registry
from rules.rule_set import Rule, RuleSet

_LONGEST_READ_MS = 2 * 3_600_000
"""Requests that lie within so much time are read from the store in one go."""
_STALE_MOST_MS = 3_600_000
"""A reading older than this before the window is not looked for, however long it may hold."""
_MOST_ATTRIBUTES = 40
_MOST_PARENTS = 16


class _Known(NamedTuple):
    """Places of one version of the registry."""

    version: int
    places: dict[int, FrozenPlace]
    communities: Mapping[int, Community]


class EvidenceFreezer:
    """Answers dispatch with what is to be kept; safe to use from several threads."""

    def __init__(
        self,
        store: TimeSeriesStore,
        registry: Registry,
        facilities: FacilityMemory,
        rules: Callable[[], RuleSet],
        *,
        calendar: WorkCalendar,
        program: str,
    ) -> None:
        """Join the rooms; ``rules`` gives the rule set in force, ``program`` is the version of Twingrid."""
        self._store = store
        self._registry = registry
        self._rules = rules
        self._calendar = calendar
        self._program = program
        self._facilities = facilities
        self._known = _Known(-1, {}, {})
        self._book = RuleBook(rules())

    def context(self, rule_id: str, facility: int, at_ms: int) -> str:
        """JSON of everything but the samples; from memory, once a facility has been asked for."""
        rule_set, detail = self._rules(), self._facilities.detail(facility)
        rule = rule_set.by_id.get(rule_id)
        return FrozenContext(
            rule=None if rule is None else _frozen_rule(rule, rule_set.version),
            limits=() if rule is None else self._limits(rule_set, rule),
            do=() if rule is None else rule.info.do,
            attributes=_attributes(rule, detail),
            place=None if detail is None else self._placed(detail),
            calendar=self._frozen_calendar(at_ms),
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
            points = [point for at in near for point in chosen[at]]
            numbers = np.unique(np.array([point.number for point in points], np.int32))
            before_ms = max((_held_ms(point) for point in points), default=0)
            batch = self._store.read(numbers, max(0, first - before_ms), last)
            for at in near:
                found[at] = tuple(_samples(batch, point, requests[at]) for point in chosen[at])
        return [found[at] for at in range(len(requests))]

    # --- inside -------------------------------------------------------------------------------------------------

    def _points(self, request: SampleRequest) -> tuple[Point, ...]:
        """The points that are kept: those of the rule's measurements, then the other quantities; or those asked for."""
        detail = self._facilities.detail(request.facility)
        if detail is None:
            return ()
        if request.whole:
            return tuple(point for point in detail.points if not request.keys or point.key in request.keys)
        rank = {key: place for place, key in enumerate(request.keys)}
        quiet = (PointKind.STATE, PointKind.EVENT)
        ordered = sorted(detail.points, key=lambda one: (rank.get(one.key, len(rank)), one.kind in quiet, one.number))
        return tuple(ordered[:MOST_POINTS])

    def _limits(self, rule_set: RuleSet, rule: Rule) -> tuple[FrozenLimit, ...]:
        if self._book.rules is not rule_set:
            self._book = RuleBook(rule_set)
        names = {}
        known = self._registry.classes().get(rule.class_id)
        if known is not None:
            names = {key: one.name for key, one in known.measurements.items()}
        return tuple(
            FrozenLimit(
                measurement=one.measurement,
                value=one.value,
                unit=one.unit,
                kind=one.kind,
                severity=one.severity.name.lower(),
                only_with=tuple(names.get(key, Text(zh=key, en=key)) for key in one.only_with),
            )
            for one in self._book.limits(rule.class_id)
            if one.rule_id == rule.id
        )

    def _placed(self, detail: FacilityDetail) -> FrozenPlace:
        version, number, known = self._facilities.version, detail.facility.number, self._known
        if version != known.version or len(known.places) >= MOST_FACILITIES:
            communities = {one.number: one for one in self._registry.communities()}
            known = self._known = _Known(version, {}, communities)
        if number not in known.places:
            known.places[number] = self._place(detail, known.communities)
        return known.places[number]

    def _place(self, detail: FacilityDetail, communities: Mapping[int, Community]) -> FrozenPlace:
        one = detail.facility
        community = communities.get(one.community)
        known, cells = self._registry.classes().get(one.class_id), {}
        names = {cell.code: cell.name for cell in self._registry.cells(one.community)}
        for grid, code in one.cells.items():
            cells[grid.value] = (code, names.get(code, Text(zh=code, en=code)))
        nothing = Text(zh="", en="")
        return FrozenPlace(
            code=one.code,
            name=one.name,
            class_id=one.class_id,
            class_name=known.name if known is not None else nothing,
            community=community.code if community is not None else "",
            community_name=community.name if community is not None else nothing,
            street=community.street if community is not None else nothing,
            cells=cells,
            gateways=tuple(sorted({str(point.gateway) for point in detail.points if point.gateway is not None})),
            parents=self._parents(detail),
        )

    def _parents(self, detail: FacilityDetail) -> tuple[str, ...]:
        """Codes of what is above it; a chain of the registry has no rings, and is cut off all the same."""
        codes: list[str] = []
        above = detail.facility.parent
        while above is not None and len(codes) < _MOST_PARENTS:
            found = self._facilities.detail(above)
            if found is None:
                break
            codes.append(found.facility.code)
            above = found.facility.parent
        return tuple(codes)

    def _frozen_calendar(self, at_ms: int) -> FrozenCalendar:
        calendar = self._calendar
        return FrozenCalendar(
            zone=str(calendar.zone),
            local=datetime.fromtimestamp(at_ms / 1000, calendar.zone).isoformat(timespec="milliseconds"),
            workday=calendar.is_workday(calendar.day_of(at_ms)),
            works=calendar.works_at(at_ms),
            windows=calendar.windows,
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


def _attributes(rule: Rule | None, detail: FacilityDetail | None) -> Mapping[str, float | str]:
    """What the rule reads of the facility; without a rule nothing."""
    if rule is None or detail is None:
        return {}
    known = detail.facility.attributes
    return {name: known[name] for name in sorted(rule.attributes)[:_MOST_ATTRIBUTES] if name in known}


def _held_ms(point: Point) -> int:
    return min(int(point.stale_after_s * 1000), _STALE_MOST_MS)


def _samples(batch: Readings, point: Point, request: SampleRequest) -> Samples:
    """The rows of one point in the window, and one before it that still held; batches are sorted by point and time."""
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
    )
