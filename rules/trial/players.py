"""The facilities of a scenario: the one under test, its parent, and those that share a group with it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.findings import Kind
from core.places import FacilityClass, Relation
from rules.language.document import Place
from rules.trial import findings as kinds
from rules.trial.fields import Fields, near, one_or_more, pace_of, span_of, text_of
from rules.trial.series import Sample, read_series

PARENT = ("class", "interval", "stale_after", "series")
MEMBER = ("name", "group", "count", "attributes", "interval", "stale_after", "series")
RELATIONS = tuple(one.value for one in Relation)
MOST_MEMBERS = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Player:
    """One facility that plays.

    Attributes:
        class_id: its class.
        attributes: numeric attributes.
        texts: text attributes.
        stale_ms: how long a reading holds, by measurement.
        series: readings by measurement, in the order of time.
        groups: what it has in common with the facility under test.
        count: how many such facilities there are.
    """

    class_id: str
    attributes: Mapping[str, float]
    texts: Mapping[str, str]
    stale_ms: Mapping[str, int]
    series: Mapping[str, tuple[Sample, ...]]
    groups: frozenset[Relation] = frozenset()
    count: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """A player as read, and when its last series ends, milliseconds after the start."""

    player: Player
    last_ms: int


@dataclass
class PlayerReader:
    """Reads the fields of one facility; what is wrong is reported and left out.

    Attributes:
        fields: where they stand.
        facility_class: gives measurements, their intervals, and attributes.
        outer: fields that stand around these and may name an interval, from the nearest on.
        alike: attributes that hold unless the fields name others.
        stale_alike: how long readings hold unless the fields say otherwise; empty: three intervals.
    """

    fields: Fields
    facility_class: FacilityClass
    outer: Sequence[Fields] = ()
    alike: Mapping[str, float | str] = field(default_factory=dict)
    stale_alike: Mapping[str, int] = field(default_factory=dict)

    def read(self, groups: frozenset[Relation] = frozenset(), count: int = 1) -> Read:
        """The facility."""
        measurements = self.facility_class.measurements
        stale = {key: round(3000 * one.interval_s) for key, one in measurements.items()} | dict(self.stale_alike)
        for key, place in self._map("stale_after").items():
            stale[key] = span_of({key: place}, key) or stale[key]
        series = {key: self._series(key, place, stale[key]) for key, place in self._map("series").items()}
        ends = [one[-1].at_ms + self._interval(key) for key, one in series.items() if one]
        attributes = {**self.facility_class.attributes, **self.alike, **read_attributes(self.fields)}
        player = Player(
            class_id=self.facility_class.id,
            attributes={name: value for name, value in attributes.items() if not isinstance(value, str)},
            texts={name: value for name, value in attributes.items() if isinstance(value, str)},
            stale_ms=stale,
            series=series,
            groups=groups,
            count=count,
        )
        return Read(player=player, last_ms=max(ends, default=0))

    def _map(self, name: str) -> dict[str, Place]:
        """A map whose keys are measurements of the class; others are reported."""
        if name not in self.fields:
            return {}
        keys = tuple(self.facility_class.measurements)
        found: dict[str, Place] = {}
        for key, key_place, place in self.fields[name].entries():
            if key in keys:
                found[key] = place
            else:
                class_id, hint = self.facility_class.id, near(key, keys)
                key_place.fault(kinds.NO_MEASUREMENT, class_id=class_id, value=key, hint=hint)
        return found

    def _interval(self, key: str) -> int:
        """The distance of two readings: of the facility, of the scenario, of the file, or of the class."""
        for fields in (self.fields, *self.outer):
            if "interval" in fields:
                return pace_of(fields) or 1000
        return round(self.facility_class.measurements[key].interval_s * 1000)

    def _series(self, key: str, place: Place, stale_ms: int) -> tuple[Sample, ...]:
        interval_ms = self._interval(key)
        if place.is_map():
            parts = place.fields(("interval", "values"), ("values",))
            interval_ms = (pace_of(parts) or interval_ms) if "interval" in parts else interval_ms
            if "values" not in parts:
                return ()
            place = parts["values"]
        text = place.text() or ""

        def report(at: int, kind: Kind, /, **values: object) -> None:
            place.fault(kind, at, **values)

        return read_series(text, interval_ms, stale_ms, report)


def read_attributes(fields: Fields) -> dict[str, float | str]:
    """The field ``attributes``: numbers, and texts such as ``PE``; what stands in quotes is a text."""
    found: dict[str, float | str] = {}
    for name, _, place in fields["attributes"].entries() if "attributes" in fields else ():
        text = text_of({name: place}, name)
        number = _number(text)
        if number is None or place.is_quoted():
            found[name] = text
            if not text:
                place.fault(kinds.NO_NUMBER, value=text)
        elif math.isfinite(number):
            found[name] = number
        else:
            place.fault(kinds.NO_NUMBER, value=text)
    return found


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def read_parent(place: Place, classes: Mapping[str, FacilityClass], outer: Sequence[Fields]) -> Read | None:
    """The facility that supplies or contains the one under test; ``None`` if its class is unknown (reported)."""
    fields = place.fields(PARENT, ("class", "series"))
    name = text_of(fields, "class")
    if "class" not in fields:
        return None
    if name not in classes:
        fields["class"].fault(kinds.NO_CLASS, value=name, hint=near(name, classes))
        return None
    return PlayerReader(fields, classes[name], outer).read()


def read_member(place: Place, facility_class: FacilityClass, outer: Sequence[Fields], like: Player) -> Read:
    """A facility of the same class that has something in common with the one under test, and is otherwise like it."""
    fields = place.fields(MEMBER, ("group", "series"))
    groups: set[Relation] = set()
    for one in one_or_more(fields, "group"):
        text = (one.text() or "").strip()
        if text in RELATIONS:
            groups.add(Relation(text))
        else:
            one.fault(kinds.NO_CHOICE, name="group", value=text, hint=near(text, RELATIONS))
    alike: dict[str, float | str] = {**like.attributes, **like.texts}
    reader = PlayerReader(fields, facility_class, outer, alike=alike, stale_alike=like.stale_ms)
    return reader.read(frozenset(groups), _count(fields))


def _count(fields: Fields) -> int:
    text = text_of(fields, "count") if "count" in fields else "1"
    if text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MOST_MEMBERS:
        return int(text)
    fields["count"].fault(kinds.NO_COUNT, value=text, most=MOST_MEMBERS)
    return 1
