"""What the file ``calendar`` of a registry folder says: when sites are open, which days and seasons there are.

Each record says of what kind it is in the field ``entry``; a kind has fields of its own. Hours are written by the kind
of day, ``workday 08:30-12:00 14:00-17:30; weekend 09:00-12:00``, because a Sunday that is worked instead of a holiday
is opened like a workday, and a holiday is not, whatever weekday it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.holidays import DayKind
from core.places import Text
from registry import calendar_findings as kinds
from registry.columns import is_field
from registry.record import Place, Record

Minutes = tuple[int, int]
"""From and until, minutes after midnight; until may lie beyond 1440, on the next day."""

DAY_WORDS = ("workday", "weekend", "holiday", "daily", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIMES = re.compile(r"(\d\d?):(\d\d)-(\d\d?):(\d\d)")
_YEARLY = re.compile(r"(\d\d)-(\d\d)")
_WORD = re.compile(r"[a-z][a-z0-9_]{0,31}")
_DAY_MINUTES = 1440


class Unpublished(StrEnum):
    """What a year is taken for whose holidays are not known."""

    UNKNOWN = "unknown"
    WEEKDAYS = "weekdays"


class HolidaySource(StrEnum):
    """Where public holidays come from."""

    CHINA = "china"
    NONE = "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class Where:
    """Of which facilities something holds: those that are in every list that is not empty; of all, if all are empty."""

    community: tuple[str, ...] = ()
    cell: tuple[str, ...] = ()
    facility: tuple[str, ...] = ()
    facility_class: tuple[str, ...] = ()


EVERYWHERE = Where()


@dataclass(frozen=True, kw_only=True, slots=True)
class General:
    """Time zone (empty: that of the installation), holidays, and the hours of night."""

    zone: str = ""
    holidays: HolidaySource = HolidaySource.CHINA
    unpublished: Unpublished = Unpublished.UNKNOWN
    night: Minutes = (22 * 60, 30 * 60)


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    """Hours by day word, from one day to another (both included, empty without bounds); the last that applies holds."""

    where: Where
    hours: Mapping[str, tuple[Minutes, ...]]
    valid_from: str = ""
    valid_to: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Season:
    """A season from its first to its last day: ``MM-DD`` every year, or whole dates for one."""

    where: Where
    name: str
    first: str
    last: str


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnDay:
    """What one date is, whatever the table says."""

    day: str
    kind: DayKind


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownYear:
    """A year of which every day that is not listed is an ordinary one."""

    year: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedWork:
    """Work announced beforehand, ``from`` until before ``until`` (local time, ``2026-12-01T08:00``)."""

    where: Where
    code: str
    name: Text
    begin: str
    end: str


CalendarItem = General | Opening | Season | OwnDay | KnownYear | PlannedWork
KINDS: Mapping[str, type[CalendarItem]] = {
    "general": General,
    "opening": Opening,
    "season": Season,
    "day": OwnDay,
    "year": KnownYear,
    "work": PlannedWork,
}
_WHERE = frozenset({"community", "cell", "facility", "class"})
FIELDS: Mapping[str, frozenset[str]] = {
    "general": frozenset({"zone", "holidays", "unpublished", "night"}),
    "opening": frozenset({"hours", "valid_from", "valid_to"}) | _WHERE,
    "season": frozenset({"name", "first", "last"}) | _WHERE,
    "day": frozenset({"date", "is"}),
    "year": frozenset({"year"}),
    "work": frozenset({"code", "name_zh", "name_en", "from", "until"}) | _WHERE,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class CalendarEntry:
    """One record: its kind, what it is called within it, and what it says."""

    place: Place
    kind: str
    key: str
    item: CalendarItem


class _Wrong(Exception):
    """The record cannot be read further; what is wrong is told."""


def calendar(record: Record) -> CalendarEntry:
    """Decode a record; what is wrong is told by the record."""
    word = record.text("entry", required=True)
    place = record.place
    if word and word not in KINDS:
        record.complain("entry", kinds.NO_ENTRY_KIND, value=word, known=", ".join(KINDS))
    if word not in KINDS:
        return CalendarEntry(place=place, kind="general", key="", item=General())
    for name in record.names():
        if is_field("calendar", name) and name not in FIELDS[word] | {"entry"}:
            record.complain(name, kinds.FIELD_OF_ANOTHER, entry=word, known=place.listed(sorted(FIELDS[word])))
    try:
        item, key = _DECODERS[word](record)
    except _Wrong:
        item, key = General(), ""
    return CalendarEntry(place=place, kind=word, key=key, item=item)


def _where(record: Record) -> Where:
    return Where(
        community=record.words("community"),
        cell=record.words("cell"),
        facility=record.words("facility"),
        facility_class=record.words("class"),
    )


def _general(record: Record) -> tuple[CalendarItem, str]:
    zone, night = record.text("zone"), record.text("night")
    if zone:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            record.complain("zone", kinds.NO_ZONE, value=zone)
    given = General()
    return (
        General(
            zone=zone,
            holidays=record.choice("holidays", HolidaySource, given.holidays) or given.holidays,
            unpublished=record.choice("unpublished", Unpublished, given.unpublished) or given.unpublished,
            night=_period(record, "night", night) if night else given.night,
        ),
        "",
    )


def _opening(record: Record) -> tuple[CalendarItem, str]:
    first, last = record.day("valid_from"), record.day("valid_to")
    if first and last and last < first:
        record.complain("valid_to", kinds.BACKWARDS, first=first, last=last)
    hours = hours_of(record, record.text("hours", required=True, longest=1000))
    return Opening(where=_where(record), hours=hours, valid_from=first, valid_to=last), ""


def hours_of(record: Record, text: str) -> dict[str, tuple[Minutes, ...]]:
    """``workday 08:30-12:00 14:00-17:30; weekend 09:00-12:00`` by day word; ``closed`` for no hours at all."""
    found: dict[str, tuple[Minutes, ...]] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        days, *times = part.split()
        if not times:
            record.complain("hours", kinds.NO_HOURS, value=part, known=", ".join(DAY_WORDS))
            raise _Wrong
        periods = () if times == ["closed"] else tuple(sorted(_period(record, "hours", one) for one in times))
        for word in _day_words(record, days):
            if word in found:
                record.complain("hours", kinds.DAY_TWICE, value=word)
                raise _Wrong
            found[word] = periods
    weekdays = {"mon", "tue", "wed", "thu", "fri"} & found.keys()
    if weekdays and not {"workday", "daily"} & found.keys():
        record.complain("hours", kinds.NO_MAKEUP_HOURS)
        raise _Wrong
    return found


def _day_words(record: Record, text: str) -> list[str]:
    words: list[str] = []
    week = DAY_WORDS[4:]
    for part in text.split(","):
        first, _, last = part.partition("-")
        if last and first in week and last in week and week.index(first) <= week.index(last):
            words += week[week.index(first) : week.index(last) + 1]
        elif not last and part in DAY_WORDS:
            words.append(part)
        else:
            record.complain("hours", kinds.NO_HOURS, value=part, known=", ".join(DAY_WORDS))
            raise _Wrong
    return words


def _period(record: Record, field: str, text: str) -> Minutes:
    match = _TIMES.fullmatch(text.strip())
    if match is None:
        record.complain(field, kinds.NO_PERIOD, value=text)
        raise _Wrong
    hour, minute, until_hour, until_minute = map(int, match.groups())
    begin, end = hour * 60 + minute, until_hour * 60 + until_minute
    if minute > 59 or until_minute > 59 or begin >= _DAY_MINUTES or end > _DAY_MINUTES or begin == end:
        record.complain(field, kinds.NO_PERIOD, value=text)
        raise _Wrong
    return begin, end if end > begin else end + _DAY_MINUTES


def _season(record: Record) -> tuple[CalendarItem, str]:
    name = record.text("name", required=True)
    if name and not _WORD.fullmatch(name):
        record.complain("name", kinds.NO_SEASON_NAME, value=name)
        raise _Wrong
    first, last = record.text("first", required=True), record.text("last", required=True)
    yearly = [_yearly(record, field, text) for field, text in (("first", first), ("last", last))]
    if yearly[0] != yearly[1]:
        record.complain("last", kinds.MIXED_DATES)
        raise _Wrong
    if not yearly[0] and last < first:
        record.complain("last", kinds.BACKWARDS, first=first, last=last)
        raise _Wrong
    return Season(where=_where(record), name=name, first=first, last=last), ""


def _yearly(record: Record, field: str, text: str) -> bool:
    """Whether a date is one of every year."""
    match = _YEARLY.fullmatch(text)
    try:
        if match is not None:
            date(2000, int(match[1]), int(match[2]))
            return True
        date.fromisoformat(text)
    except ValueError:
        record.complain(field, kinds.NO_SEASON_DAY, value=text)
        raise _Wrong from None
    return False


def _day(record: Record) -> tuple[CalendarItem, str]:
    day = record.day("date", required=True)
    words = {kind.value: kind for kind in DayKind if kind is not DayKind.UNKNOWN}
    word = record.text("is", required=True)
    if word not in words:
        record.complain("is", kinds.NO_DAY_KIND, value=word, known=", ".join(words))
        raise _Wrong
    return OwnDay(day=day, kind=words[word]), day


def _year(record: Record) -> tuple[CalendarItem, str]:
    year = record.number("year", 2000, 2200) or 0.0
    return KnownYear(year=int(year)), str(int(year))


def _work(record: Record) -> tuple[CalendarItem, str]:
    code, where = record.code("code"), _where(record)
    if where == EVERYWHERE:
        record.complain("code", kinds.WORK_EVERYWHERE)
    begin, end = (_moment(record, name, record.text(name, required=True)) for name in ("from", "until"))
    if begin and end and end <= begin:
        record.complain("until", kinds.BACKWARDS, first=begin, last=end)
    return PlannedWork(where=where, code=code, name=record.both("name", required=True), begin=begin, end=end), code


def _moment(record: Record, field: str, text: str) -> str:
    """A local moment without a zone, as ISO text of one length, so that texts compare like moments."""
    if not text:
        return ""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        record.complain(field, kinds.NO_MOMENT, value=text)
        raise _Wrong from None
    if moment.tzinfo is not None:
        record.complain(field, kinds.NO_MOMENT, value=text)
        raise _Wrong
    return moment.isoformat(timespec="seconds")


_DECODERS = {
    "general": _general,
    "opening": _opening,
    "season": _season,
    "day": _day,
    "year": _year,
    "work": _work,
}


# --- how it is stored -----------------------------------------------------------------------------------------------


def to_text(item: CalendarItem) -> str:
    """An item as JSON, always the same for the same item."""
    return json.dumps(asdict(item), ensure_ascii=False, sort_keys=True)


def from_text(kind: str, text: str) -> CalendarItem:
    """The item that ``to_text`` wrote."""
    values = json.loads(text)
    if "where" in values:
        values["where"] = Where(**{name: tuple(codes) for name, codes in values["where"].items()})
    match kind:
        case "general":
            return General(
                zone=values["zone"],
                holidays=HolidaySource(values["holidays"]),
                unpublished=Unpublished(values["unpublished"]),
                night=_minutes(values["night"]),
            )
        case "opening":
            hours = {word: tuple(_minutes(one) for one in times) for word, times in values["hours"].items()}
            return Opening(**{**values, "hours": hours})
        case "day":
            return OwnDay(day=values["day"], kind=DayKind(values["kind"]))
        case "work":
            return PlannedWork(**{**values, "name": Text(**values["name"])})
        case _:
            return Season(**values) if kind == "season" else KnownYear(**values)


def _minutes(pair: list[int]) -> Minutes:
    return pair[0], pair[1]
