"""What a rule read of parents and groups when an alarm opened, read once more from the store and frozen."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from core.calendar import SiteCalendar
from core.errors import Refused
from core.evidence import MOST_MEMBERS, FrozenAround, FrozenMember
from core.places import ClassMembers, FacilityClass, Text
from core.ports.evidence import AroundRequest
from core.ports.store import TimeSeriesStore
from core.readings import Float64s, Int32s
from registry.queries import Registry
from rules.expression import OfParent, form, measured
from rules.moment import lookback_ms
from rules.neighbours import Heard, Neighbours, hear, judges, neighbours
from rules.operand_kinds import kind_of
from rules.rule_set import Rule, RuleSet

logger = logging.getLogger(__name__)

MOST_ROWS = 1_000_000
"""Of a group with more readings than about so many in the time the rule looks back only the size is kept."""
_READINGS_A_HOLD = 3
"""A value holds as long as three readings are apart, unless its point says otherwise."""


class _Asked(NamedTuple):
    """One request with what it is about."""

    rule: Rule
    found: tuple[Neighbours, ...]
    row: int
    at_ms: int

    @property
    def key(self) -> tuple[str, int, tuple[tuple[str, str], ...]]:
        """The same for all that read the same neighbours by the same rule at the same moment."""
        return self.rule.fingerprint, self.at_ms, tuple((form(one.operand), one.name) for one in self.found)


class Surroundings:
    """Reads parents and groups anew, with the rules, facilities and calendar in force."""

    def __init__(
        self,
        store: TimeSeriesStore,
        registry: Registry,
        rules: Callable[[], RuleSet],
        members: Callable[[], Mapping[str, ClassMembers]],
        calendar: Callable[[], SiteCalendar],
    ) -> None:
        """Join the rooms."""
        self._store = store
        self._registry = registry
        self._rules = rules
        self._members = members
        self._calendar = calendar

    def around(self, requests: Sequence[AroundRequest]) -> list[tuple[FrozenAround, ...]]:
        """One answer a request; the alarms of one group at one moment are answered in one go."""
        rules, members = self._rules(), self._members()
        known: dict[object, tuple[FrozenAround, ...]] = {}
        answers: list[tuple[FrozenAround, ...]] = []
        for request in requests:
            asked = _asked(rules.by_id.get(request.rule_id), members, request)
            if asked is None:
                answers.append(())
                continue
            if asked.key not in known:
                known[asked.key] = self._answered(asked, members, rules)
            answers.append(known[asked.key])
        return answers

    def _answered(self, asked: _Asked, members: Mapping[str, ClassMembers], rules: RuleSet) -> tuple[FrozenAround, ...]:
        heard = self._heard(asked, members, rules)
        known = self._registry.classes().get(asked.rule.class_id)
        if known is None:
            return ()
        if heard is None:
            return tuple(_told(one, known, left_out=len(one.row), kept=False) for one in asked.found)
        return tuple(self._frozen(one, known) for one in heard)

    def _heard(self, asked: _Asked, members: Mapping[str, ClassMembers], rules: RuleSet) -> tuple[Heard, ...] | None:
        """What was read there; ``None`` if it is too much, or does not fit."""
        points, stale_ms = _points(asked.found, members)
        back_ms = lookback_ms(asked.rule, int(stale_ms.max(initial=0)))
        if float((_READINGS_A_HOLD * back_ms / np.maximum(stale_ms, 1)).sum()) > MOST_ROWS:
            return None
        batch = self._store.read(np.unique(points), max(0, asked.at_ms - back_ms), asked.at_ms + 1)
        try:
            return hear(asked.rule, asked.found, members, asked.row, batch, asked.at_ms, rules.units, self._calendar())
        except Refused as error:  # registry and rules are of two versions for a moment
            logger.warning("evidence without parent and group", extra={"rule": asked.rule.id, "why": str(error)})
            return None

    def _frozen(self, one: Heard, facility_class: FacilityClass) -> FrozenAround:
        order = _order(one)[:MOST_MEMBERS]
        places = self._registry.roster().places
        kept = []
        for at in order.tolist():
            place, value = places.get(int(one.facility[at])), float(one.member[at])
            name = Text(zh="", en="") if place is None else place.name
            code = str(one.facility[at]) if place is None else place.code
            kept.append(FrozenMember(code=code, name=name, value=None if np.isnan(value) else value))
        left_out = len(one.facility) - len(kept)
        return _told(one.of, facility_class, value=one.value, members=tuple(kept), left_out=left_out)


def _asked(rule: Rule | None, members: Mapping[str, ClassMembers], request: AroundRequest) -> _Asked | None:
    if rule is None or not rule.relations or rule.class_id not in members:
        return None
    (at,) = np.nonzero(members[rule.class_id].facility == request.facility)
    if not len(at):
        return None
    return _Asked(rule, neighbours(rule, members, int(at[0])), int(at[0]), request.at_ms)


def _points(found: Sequence[Neighbours], members: Mapping[str, ClassMembers]) -> tuple[Int32s, Float64s]:
    """The points of all neighbours that the rule reads, and how long each holds."""
    points, stale = [np.empty(0, np.int32)], [np.empty(0)]
    for one in found:
        if not one.class_id:
            continue
        group = members[one.class_id]
        for key in sorted(_keys(one)):
            column = group.point[key][one.row]
            points.append(column[column >= 0])
            stale.append(group.stale_after_ms[key][one.row][column >= 0].astype(np.float64))
    return np.concatenate(points), np.concatenate(stale)


def _keys(one: Neighbours) -> frozenset[str]:
    return measured(one.operand.operand if isinstance(one.operand, OfParent) else one.operand)


def _order(one: Heard) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Rows of members, those that decide first: where it held, then unknown ones; the greatest, of ``min`` least."""
    value = one.member
    if judges(one.of.operand):
        rank = np.where(value == 1.0, 0.0, np.where(np.isnan(value), 1.0, 2.0))
    else:
        least = not isinstance(one.of.operand, OfParent) and one.of.operand.aggregate.word == "min"
        rank = np.where(np.isnan(value), np.inf, value if least else -value)
    return np.argsort(rank, kind="stable")


def _told(
    of: Neighbours,
    facility_class: FacilityClass,
    *,
    value: float | None = None,
    members: tuple[FrozenMember, ...] = (),
    left_out: int = 0,
    kept: bool = True,
) -> FrozenAround:
    operand = of.operand
    return FrozenAround(
        name=Text.of(kind_of(operand).name(operand, facility_class)),
        written=form(operand),
        relation="" if isinstance(operand, OfParent) else operand.relation.value,
        group=of.name,
        value=value,
        unit=kind_of(operand).unit(operand, facility_class),
        condition=judges(operand),
        members=members,
        left_out=left_out,
        kept=kept,
    )
