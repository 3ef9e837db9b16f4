"""Records of facilities and the completeness of communities; nobody reaches one outside their communities."""

from __future__ import annotations

import json
from collections import Counter

from api.access import Caller
from api.models.base import Bilingual
from api.models.records import (
    Completeness,
    CompletenessItem,
    FacilityRecord,
    FieldChangeView,
    OwnerView,
    PositionView,
)
from api.places import PlaceBook
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError
from api.today import today_of
from core.amenities import NO_NOTE, Evaluated, evaluate
from core.coordinates import PositionSystem, shown_in
from core.ports.registry import ChangeKind, Facility, FieldChange

_SHOWN = 100


class RecordDesk:
    """What the registry says of things, apart from what they measure."""

    def __init__(self, ports: ApiPorts, places: PlaceBook) -> None:
        """Join the registry and its book."""
        self._ports = ports
        self._places = places

    def facility(self, caller: Caller, number: int) -> FacilityRecord:
        """Owner, age, positions and changes of one facility.

        Raises:
            ProblemError: ``NOT_FOUND`` for a facility out of sight.
        """
        found = self._ports.registry.facility(number)
        if found is None or not caller.sees(found.facility.community):
            raise ProblemError(Problems.NOT_FOUND)
        one, book = found.facility, self._ports.book
        changes = book.changes("facilities", one.code, limit=_SHOWN + 1)
        today = today_of(self._ports)
        owner = one.owner
        return FacilityRecord(
            built=one.built,
            age_years=one.age_years(today),
            owner=None
            if owner is None
            else OwnerView(kind=owner.kind, code=owner.code, name=Bilingual.of(book.owner_name(owner))),
            cost_book=one.cost_book,
            component_code=one.component_code,
            positions=positions(one),
            changes=[self._change(change) for change in changes[:_SHOWN]],
            more=len(changes) > _SHOWN,
        )

    def completeness(self, caller: Caller, number: int) -> Completeness:
        """One community against the standard.

        Raises:
            ProblemError: ``NOT_FOUND`` for a community out of sight.
        """
        places, book = self._places.now(), self._ports.book
        if not caller.sees(number) or number not in places.communities:
            raise ProblemError(Problems.NOT_FOUND)
        title, source, items = book.standard()
        counts = Counter(one.class_id for one in places.facilities.values() if one.community == number)
        found = evaluate(items, book.amenities(number), counts)
        return Completeness(title=Bilingual.of(title), source=Bilingual.of(source), items=[_item(one) for one in found])

    def _change(self, one: FieldChange) -> FieldChangeView:
        came = one.kind is ChangeKind.ADD
        return FieldChangeView(
            id=one.number,
            time_ms=one.at_ms,
            by=one.actor,
            kind=one.kind,
            field=None if came else Bilingual.of(self._ports.book.field_name(one.field)),
            before="" if came else shown_value(one.before),
            after="" if came else shown_value(one.after),
        )


def positions(one: Facility) -> list[PositionView]:
    """Where a facility stands, in the three systems that people ask for."""
    places = {system: shown_in(system, one.longitude, one.latitude) for system in PositionSystem}
    return [
        PositionView(system=system, latitude=latitude, longitude=longitude)
        for system, (longitude, latitude) in places.items()
    ]


def _item(one: Evaluated) -> CompletenessItem:
    item, amenity = one.item, one.amenity
    return CompletenessItem(
        id=item.id,
        goal=Bilingual.of(item.goal),
        name=Bilingual.of(item.name),
        standing=one.standing,
        at_least=item.at_least,
        unit=item.unit,
        of=None if item.of is None else Bilingual.of(item.of),
        checked=item.checked,
        amount=None if amenity is None else amenity.amount,
        note=Bilingual.of(NO_NOTE if amenity is None else amenity.note),
        checked_on="" if amenity is None else amenity.checked_on,
        facilities=one.facilities,
    )


def shown_value(text: str) -> str:
    """A value of the history as people read it: JSON that holds JSON is unpacked once more, lists are joined."""
    value = json.loads(text) if text else ""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
