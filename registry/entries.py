"""What the records of a registry folder mean: typed entries, decoded field by field.

A ``Record`` reads one row; every wrong field becomes a finding with file, line and column, and reading goes on, so
that a person sees all of them at once. An entry is only made when all its fields are right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import isfinite
from typing import TypeVar

from core.findings import Finding, Kind, Said
from core.people import Role, Shift
from core.places import Grid, Text
from core.ports.registry import Provenance
from core.sparkplug.topics import is_own_id
from registry import findings as kinds
from registry.sources import MAX_FIELD, Field, Row

E = TypeVar("E", bound=StrEnum)

_WORD = re.compile(r"[a-z][a-z0-9_]{0,63}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_SHIFT = re.compile(r"(?P<days>[a-z,-]+)\s+(?P<times>\d\d?:\d\d-\d\d?:\d\d(\s+\d\d?:\d\d-\d\d?:\d\d)*)")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ALL = "*"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stood."""

    file: str
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class StreetEntry:
    """A street office (街道)."""

    place: Place
    code: str
    name: Text


@dataclass(frozen=True, kw_only=True, slots=True)
class CommunityEntry:
    """A community with its dates."""

    place: Place
    code: str
    name: Text
    street: str
    valid_from: str
    valid_to: str
    latitude: float
    longitude: float


@dataclass(frozen=True, kw_only=True, slots=True)
class CellEntry:
    """A cell of one grid; ``polygon`` holds (longitude, latitude), not closed."""

    place: Place
    code: str
    grid: Grid
    community: str
    name: Text
    polygon: tuple[tuple[float, float], ...]
    valid_from: str
    valid_to: str


@dataclass(frozen=True, kw_only=True, slots=True)
class GatewayEntry:
    """A gateway to let in."""

    place: Place
    group: str
    node: str
    name: Text
    community: str
    facility: str

    @property
    def key(self) -> str:
        """``group/node``."""
        return f"{self.group}/{self.node}"


@dataclass(frozen=True, kw_only=True, slots=True)
class FacilityEntry:
    """A facility; ``measurements`` with ``gateway`` are points in short form."""

    place: Place
    code: str
    name: Text
    class_id: str
    community: str
    latitude: float
    longitude: float
    address: Text
    provenance: Provenance
    provenance_note: Text
    attributes: Mapping[str, float | str]
    gateway: str
    bus: str
    measurements: tuple[str, ...]
    parent: str
    redundant_set: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PointEntry:
    """One point, where the short form does not do."""

    place: Place
    facility: str
    key: str
    gateway: str
    bus: str
    interval_s: float | None
    stale_after_s: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonEntry:
    """Somebody who works."""

    place: Place
    code: str
    name: Text
    role: Role
    communities: tuple[str, ...]
    everywhere: bool
    skills: tuple[str, ...]
    cells: tuple[str, ...]
    shifts: tuple[Shift, ...]
    supervisor: bool


class _Wrong(Exception):
    """A part of a field that cannot be read."""

    def __init__(self, reason: Said) -> None:
        super().__init__(str(reason))
        self.reason = reason


class Record:
    """Decodes the fields of one row and notes what is wrong with them."""

    def __init__(self, row: Row, findings: list[Finding]) -> None:
        """Read ``row``; findings are appended to ``findings``."""
        self._row = row
        self._findings = findings
        self._before = len(findings)
        self.place = Place(row.file, row.line)

    @property
    def sound(self) -> bool:
        """Whether nothing was wrong so far."""
        return len(self._findings) == self._before

    def complain(self, field: str, kind: Kind, /, **values: object) -> None:
        """Note that ``field`` is wrong; the finding names it itself."""
        at = self._row.fields.get(field)
        line, column = (at.line, at.column) if at else (self._row.line, 0)
        self._findings.append(kind.at(self._row.file, line, column, name=field, **values))

    def names(self) -> tuple[str, ...]:
        """The fields that are there."""
        return tuple(self._row.fields)

    def text(self, name: str, *, required: bool = False, longest: int = 200) -> str:
        """Free text: anything printable. It stays text wherever it goes."""
        at = self._row.fields.get(name)
        if at is None:
            if required:
                self.complain(name, kinds.MISSING)
            return ""
        if len(at.text) > longest:
            self.complain(name, kinds.TOO_LONG, length=len(at.text), longest=longest)
        elif _CONTROL.search(at.text):
            self.complain(name, kinds.CONTROL_CHARACTERS)
        return at.text

    def both(self, name: str, *, required: bool = False, longest: int = 200) -> Text:
        """A text in both languages."""
        return Text(
            zh=self.text(f"{name}_zh", required=required, longest=longest),
            en=self.text(f"{name}_en", required=required, longest=longest),
        )

    def code(self, name: str, *, required: bool = True) -> str:
        """An id of ours: 1 to 64 of ``[A-Za-z0-9._-]``, because it travels in topics, file names and URLs."""
        value = self.text(name, required=required, longest=MAX_FIELD)
        if value and not is_own_id(value):
            shown = value if len(value) <= 80 else value[:77] + "..."
            self.complain(name, kinds.NO_CODE, value=shown)
        return value

    def number(self, name: str, low: float, high: float, *, required: bool = True) -> float | None:
        """A finite number in [low, high]; ``None`` when it is missing or wrong."""
        value = self.text(name, required=required, longest=64)
        if not value:
            return None
        try:
            number = float(value)
        except ValueError:
            self.complain(name, kinds.NO_NUMBER, value=value)
            return None
        if not (isfinite(number) and low <= number <= high):
            self.complain(name, kinds.OUT_OF_RANGE, value=value, low=low, high=high)
            return None
        return number

    def day(self, name: str, *, required: bool = False) -> str:
        """An ISO date, or empty."""
        value = self.text(name, required=required, longest=64)
        if not value:
            return ""
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            self.complain(name, kinds.NO_DATE, value=value)
            return ""

    def choice(self, name: str, kind: type[E], default: E | None = None) -> E | None:
        """One word of a closed list."""
        value = self.text(name, required=default is None, longest=64)
        if not value:
            return default
        try:
            return kind(value)
        except ValueError:
            self.complain(name, kinds.NOT_A_CHOICE, value=value, known=", ".join(kind))
            return None

    def flag(self, name: str) -> bool:
        """``true`` or ``false``; missing is false."""
        value = self.text(name, longest=64).lower()
        if value not in {"", "true", "false", "yes", "no", "1", "0"}:
            self.complain(name, kinds.NOT_A_FLAG, value=value)
        return value in {"true", "yes", "1"}

    def words(self, name: str) -> tuple[str, ...]:
        """A list: YAML list, or words separated by spaces."""
        at = self._row.fields.get(name)
        if at is None:
            return ()
        items = at.items if at.items is not None else tuple(at.text.replace(";", " ").split())
        for item in items:
            if item != ALL and not is_own_id(item):
                self.complain(name, kinds.NO_CODE_IN_LIST, value=item[:80])
        return items

    def attributes(self) -> dict[str, float | str]:
        """Fields named ``attributes.x``: numbers where they read as numbers, else text."""
        found: dict[str, float | str] = {}
        for name in self._row.fields:
            _, dot, key = name.partition(".")
            if not (dot and name.startswith("attributes.")):
                continue
            if not _WORD.fullmatch(key):
                self.complain(name, kinds.NO_ATTRIBUTE_NAME)
            found[key] = _as_number(self.text(name))
        return found

    def polygon(self, name: str) -> tuple[tuple[float, float], ...]:
        """A ring of ``longitude latitude`` pairs, separated by commas in CSV."""
        at = self._row.fields.get(name)
        if at is None:
            self.complain(name, kinds.POLYGON_MISSING)
            return ()
        try:
            ring = [_pair(part) for part in (at.items if at.items is not None else at.text.split(","))]
        except _Wrong as error:
            self.complain(name, kinds.NO_CORNERS, reason=error.reason)
            return ()
        if len(ring) > 1 and ring[0] == ring[-1]:
            ring.pop()
        if len(set(ring)) < 3:
            self.complain(name, kinds.NO_AREA, count=len(set(ring)))
            return ()
        return tuple(ring)

    def shifts(self, name: str) -> tuple[Shift, ...]:
        """A week such as ``mon-fri 08:00-12:00 14:00-18:00; sat 20:00-08:00``."""
        at: Field | None = self._row.fields.get(name)
        if at is None:
            return ()
        found: list[Shift] = []
        for part in at.items if at.items is not None else at.text.split(";"):
            match = _SHIFT.fullmatch(part.strip().lower())
            try:
                if match is None:
                    raise _Wrong(kinds.NOT_A_SHIFT(value=part.strip()[:80]))
                days = _weekdays(match["days"])
                found += [_shift(day, times) for times in match["times"].split() for day in days]
            except _Wrong as error:
                self.complain(name, kinds.NO_SHIFT, reason=error.reason)
        if len({(shift.weekday, shift.from_minute) for shift in found}) != len(found):
            self.complain(name, kinds.SHIFTS_COLLIDE)
        return tuple(sorted(found, key=lambda shift: (shift.weekday, shift.from_minute)))


def _as_number(text: str) -> float | str:
    try:
        number = float(text)
    except ValueError:
        return text
    return number if isfinite(number) else text


def _pair(text: str) -> tuple[float, float]:
    parts = text.split()
    if len(parts) != 2:
        raise _Wrong(kinds.NO_PAIR(value=text.strip()[:60]))
    try:
        longitude, latitude = float(parts[0]), float(parts[1])
    except ValueError:
        raise _Wrong(kinds.NO_PAIR(value=text.strip()[:60])) from None
    if not (-180 <= longitude <= 180 and -85 <= latitude <= 85):
        raise _Wrong(kinds.NO_PLACE(value=text.strip()[:60]))
    return longitude, latitude


def _weekdays(text: str) -> list[int]:
    days: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first not in _DAYS or (last and last not in _DAYS):
            raise _Wrong(kinds.NO_WEEKDAY(value=part))
        begin, end = _DAYS.index(first), _DAYS.index(last or first)
        days += [day % 7 for day in range(begin, end + 1 if end >= begin else end + 8)]
    return days


def _shift(weekday: int, times: str) -> Shift:
    begin, end = (_minutes(part) for part in times.split("-"))
    try:
        return Shift(weekday=weekday, from_minute=begin, to_minute=end if end > begin else end + 1440)
    except ValueError:
        raise _Wrong(kinds.NOT_A_SHIFT(value=times)) from None


def _minutes(text: str) -> int:
    hours, minutes = (int(part) for part in text.split(":"))
    if hours > 24 or minutes > 59 or (hours == 24 and minutes):
        raise _Wrong(kinds.NO_CLOCK_TIME(value=text))
    return hours * 60 + minutes


def street(record: Record) -> StreetEntry:
    """Decode a street."""
    return StreetEntry(place=record.place, code=record.code("code"), name=record.both("name", required=True))


def community(record: Record) -> CommunityEntry:
    """Decode a community."""
    entry = CommunityEntry(
        place=record.place,
        code=record.code("code"),
        name=record.both("name", required=True),
        street=record.code("street"),
        valid_from=record.day("valid_from", required=True),
        valid_to=record.day("valid_to"),
        latitude=record.number("latitude", -85, 85) or 0.0,
        longitude=record.number("longitude", -180, 180) or 0.0,
    )
    _check_dates(record, entry.valid_from, entry.valid_to)
    return entry


def cell(record: Record) -> CellEntry:
    """Decode a cell."""
    entry = CellEntry(
        place=record.place,
        code=record.code("code"),
        grid=record.choice("grid", Grid) or Grid.GOVERNANCE,
        community=record.code("community"),
        name=record.both("name", required=True),
        polygon=record.polygon("polygon"),
        valid_from=record.day("valid_from", required=True),
        valid_to=record.day("valid_to"),
    )
    _check_dates(record, entry.valid_from, entry.valid_to)
    return entry


def gateway(record: Record) -> GatewayEntry:
    """Decode a gateway."""
    return GatewayEntry(
        place=record.place,
        group=record.code("group"),
        node=record.code("node"),
        name=record.both("name", required=True),
        community=record.code("community"),
        facility=record.code("facility", required=False),
    )


def facility(record: Record) -> FacilityEntry:
    """Decode a facility."""
    return FacilityEntry(
        place=record.place,
        code=record.code("code"),
        name=record.both("name", required=True),
        class_id=record.code("class"),
        community=record.code("community"),
        latitude=record.number("latitude", -85, 85) or 0.0,
        longitude=record.number("longitude", -180, 180) or 0.0,
        address=record.both("address"),
        provenance=record.choice("provenance", Provenance, Provenance.MEASURED) or Provenance.MEASURED,
        provenance_note=record.both("provenance_note", longest=1000),
        attributes=record.attributes(),
        gateway=record.text("gateway"),
        bus=record.code("bus", required=False),
        measurements=record.words("measurements"),
        parent=record.code("parent", required=False),
        redundant_set=record.code("redundant_set", required=False),
    )


def point(record: Record) -> PointEntry:
    """Decode a point."""
    return PointEntry(
        place=record.place,
        facility=record.code("facility"),
        key=record.code("measurement"),
        gateway=record.text("gateway", required=True),
        bus=record.code("bus", required=False),
        interval_s=record.number("interval_s", 0.1, 86400 * 31, required=False),
        stale_after_s=record.number("stale_after_s", 0.1, 86400 * 93, required=False),
    )


def person(record: Record) -> PersonEntry:
    """Decode a person."""
    communities = record.words("communities")
    entry = PersonEntry(
        place=record.place,
        code=record.code("code"),
        name=record.both("name", required=True),
        role=record.choice("role", Role) or Role.GRID_WORKER,
        communities=tuple(code for code in communities if code != ALL),
        everywhere=ALL in communities,
        skills=record.words("skills"),
        cells=record.words("cells"),
        shifts=record.shifts("shifts"),
        supervisor=record.flag("supervisor"),
    )
    if not communities:
        record.complain("communities", kinds.COMMUNITIES_MISSING)
    return entry


def _check_dates(record: Record, valid_from: str, valid_to: str) -> None:
    if valid_from and valid_to and valid_to <= valid_from:
        record.complain("valid_to", kinds.ENDS_BEFORE_START, end=valid_to, start=valid_from)


_TEXT = ("name_zh", "name_en")
COLUMNS: Mapping[str, frozenset[str]] = {
    "streets": frozenset({"code", *_TEXT}),
    "communities": frozenset({"code", *_TEXT, "street", "valid_from", "valid_to", "latitude", "longitude"}),
    "cells": frozenset({"code", "grid", "community", *_TEXT, "polygon", "valid_from", "valid_to"}),
    "gateways": frozenset({"group", "node", *_TEXT, "community", "facility"}),
    "facilities": frozenset(
        {"code", "class", "community", *_TEXT, "latitude", "longitude", "address_zh", "address_en", "provenance"}
        | {"provenance_note_zh", "provenance_note_en", "gateway", "bus", "measurements", "parent", "redundant_set"}
    ),
    "points": frozenset({"facility", "measurement", "gateway", "bus", "interval_s", "stale_after_s"}),
    "people": frozenset({"code", *_TEXT, "role", "communities", "skills", "cells", "shifts", "supervisor"}),
}
"""Columns that a collection may have; anything else is reported, since a misspelt column would be lost silently."""

Decoder = Callable[[Record], object]
