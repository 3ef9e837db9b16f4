"""One record of a registry file, read field by field.

Every wrong field becomes a finding with file, line and column, and reading goes on, so that a person sees all of them
at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from itertools import pairwise
from math import isfinite
from typing import TypeVar

from core.findings import Finding, Kind, Said, Sentence
from core.people import Certificate, Leave, Shift
from core.places import Text
from core.sparkplug.topics import is_own_id
from registry import findings as kinds
from registry.columns import column, rounded
from registry.sources import MAX_FIELD, Field, Heading, Row

E = TypeVar("E", bound=StrEnum)

_WORD = re.compile(r"[a-z][a-z0-9_]{0,63}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_SHIFT = re.compile(r"(?P<days>[a-z,-]+)\s+(?P<times>\d\d?:\d\d-\d\d?:\d\d(\s+\d\d?:\d\d-\d\d?:\d\d)*)")
_BUILT = re.compile(r"(\d{4})(-\d\d)?(-\d\d)?")
_LEAVE = re.compile(r"(\d{4}-\d\d-\d\d)(?:\s*\.\.\s*(\d{4}-\d\d-\d\d))?")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONGEST = 100
ALL = "*"
"""In a list: everywhere, or all measurements."""


_PLAIN = (".csv", ".yaml", ".geojson")
"""Files whose columns are called by the names of the fields."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stood, and what the columns are called there."""

    file: str
    line: int
    headings: Mapping[str, Heading] = field(default_factory=dict, compare=False, repr=False)

    def called(self, name: str) -> str | Sentence:
        """A field as the file calls it; where a sheet or a form has no such heading, in the reader's language."""
        heading = self.headings.get(name)
        if heading is not None:
            return heading.text
        if self.file.endswith(_PLAIN):
            return name
        try:
            return Sentence(column(name).zh, name)
        except KeyError:
            return name

    def listed(self, names: Iterable[str]) -> Sentence:
        """Fields as such a file may call them, whatever its own headings are."""
        plain = Place(self.file, 0)
        called = [(name, plain.called(name)) for name in names]
        zh = [name if isinstance(said, str) else said.zh for name, said in called]
        return Sentence(", ".join(zh), ", ".join(name for name, _ in called))

    def note(self, kind: Kind, name: str, /, **values: object) -> Finding:
        """What is wrong in the field ``name`` of the entry, at its column."""
        heading = self.headings.get(name)
        at = 0 if heading is None else heading.column
        return kind.at(self.file, self.line, at, **({"name": self.called(name), "field": name} | values))


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
        self.place = Place(row.file, row.line, row.headings)

    @property
    def sound(self) -> bool:
        """Whether nothing was wrong so far."""
        return len(self._findings) == self._before

    def complain(self, name: str, kind: Kind, /, **values: object) -> None:
        """Note that the field ``name`` is wrong; the finding names it itself, as the file calls it."""
        found, at = self.place.note(kind, name, **values), self._row.fields.get(name)
        self._findings.append(found if at is None else replace(found, line=at.line, column=at.column))

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
        """A finite number in [low, high], with the digits of its column; ``None`` when it is missing or wrong."""
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
        return rounded(name, number)

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

    def built(self, name: str) -> str:
        """A year, a month or a day in which something was built (``1998``, ``1998-06``, ``1998-06-15``), or empty."""
        value = self.text(name, longest=64)
        if not value:
            return ""
        match = _BUILT.fullmatch(value)
        try:
            if match is None:
                raise ValueError(value)
            year, month, day = match.groups()
            date(int(year), int((month or "-1")[1:]), int((day or "-1")[1:]))
        except ValueError:
            self.complain(name, kinds.NOT_BUILT, value=value)
            return ""
        return value

    def certificates(self, name: str) -> tuple[Certificate, ...]:
        """``name | number | valid until`` separated by semicolons; number and date may be missing."""
        found: list[Certificate] = []
        for part in self._parts(name):
            title, *rest = (piece.strip() for piece in part.split("|"))
            number, valid_to = (*rest, "", "")[:2]
            if not title or len(rest) > 2 or max(len(title), len(number)) > _LONGEST or not _is_day(valid_to):
                self.complain(name, kinds.NO_CERTIFICATE, value=part[:80])
                continue
            found.append(Certificate(name=title, number=number, valid_to=valid_to))
        if len({(one.name, one.number) for one in found}) != len(found):
            self.complain(name, kinds.CERTIFICATE_TWICE)
        return tuple(sorted(found, key=lambda one: (one.name, one.number)))

    def leave(self, name: str) -> tuple[Leave, ...]:
        """``2026-12-01..2026-12-05`` or a single day, separated by semicolons; first and last day belong to it."""
        found: list[Leave] = []
        for part in self._parts(name):
            match = _LEAVE.fullmatch(part)
            first, last = (match[1], match[2] or match[1]) if match else ("", "")
            if not first or not _is_day(first) or not _is_day(last) or last < first:
                self.complain(name, kinds.NO_LEAVE, value=part[:80])
                continue
            found.append(Leave(first_day=first, last_day=last))
        found.sort(key=lambda one: one.first_day)
        if any(one.last_day >= following.first_day for one, following in pairwise(found)):
            self.complain(name, kinds.LEAVES_OVERLAP)
        return tuple(found)

    def _parts(self, name: str) -> list[str]:
        """What stands between semicolons, or the items of a YAML list."""
        at = self._row.fields.get(name)
        self.text(name, longest=MAX_FIELD)
        items = () if at is None else at.items if at.items is not None else at.text.replace("；", ";").split(";")
        return [item.strip() for item in items if item.strip()]

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


def _is_day(text: str) -> bool:
    """Whether it is an ISO date, or empty."""
    try:
        return not text or date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


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
