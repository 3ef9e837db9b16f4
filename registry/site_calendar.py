"""The calendar of the sites as step functions of time: ``core.calendar.SiteCalendar`` over checked entries.

Everything is computed from local days: a day has a kind (``core.holidays``), the kind chooses the hours, and local
clock times become instants by the time zone, so a day of 23 or 25 hours has its own length. Where the kind of a day is
not known, every kind it may be is tried, and only what is the same for all of them is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from core.calendar import (
    HOLIDAY,
    NIGHT,
    OCCUPIED,
    PLANNED_WORK,
    UNKNOWN,
    WEEKEND,
    WORKDAY,
    Always,
    Schedule,
    Steps,
    Timetable,
    season_of,
)
from core.holidays import NO_HOLIDAYS, DayKind, Holidays, by_weekday
from core.places import Text
from core.readings import Int32s
from registry.calendar_entries import (
    DAY_WORDS,
    EVERYWHERE,
    CalendarItem,
    General,
    HolidaySource,
    KnownYear,
    Minutes,
    Opening,
    OwnDay,
    PlannedWork,
    Season,
    Unpublished,
    Where,
)

_DAY = timedelta(days=1)
_DAY_MINUTES = 1440
Piece = tuple[int, float]
"""From an instant on (UTC milliseconds) a value."""


class Work(NamedTuple):
    """Planned work that goes on: until when, at which facilities (registry numbers, ascending)."""

    code: str
    name: Text
    end_ms: int
    facilities: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """What decides which entries a facility keeps."""

    community: str
    cells: frozenset[str]
    code: str
    facility_class: str

    def is_in(self, where: Where) -> bool:
        """Whether an entry is for this facility."""
        named = (
            (where.community, {self.community}),
            (where.cell, self.cells),
            (where.facility, {self.code}),
            (where.facility_class, {self.facility_class}),
        )
        return all(not wanted or not own.isdisjoint(wanted) for wanted, own in named)


def holidays_of(items: Iterable[CalendarItem], table: Holidays) -> Holidays:
    """The public holidays a calendar goes by: the table's, and the days and years of its own."""
    items = list(items)
    general = next((item for item in items if isinstance(item, General)), General())
    base = table if general.holidays is HolidaySource.CHINA else NO_HOLIDAYS
    return replace(
        base,
        own={date.fromisoformat(item.day): item.kind for item in items if isinstance(item, OwnDay)},
        years=base.years | {item.year for item in items if isinstance(item, KnownYear)},
        by_week=base.by_week or general.unpublished is Unpublished.WEEKDAYS,
    )


class RegistryCalendar:
    """The calendar of all facilities; immutable."""

    def __init__(
        self, items: Sequence[CalendarItem], sites: Mapping[int, Site], table: Holidays, default_zone: str
    ) -> None:
        """Take the entries in the order of the file.

        Args:
            items: what the folder says; nothing is a calendar, too.
            sites: the facilities by registry number.
            table: the public holidays.
            default_zone: the time zone where the entries name none.
        """
        self._items = tuple(items)
        self._sites = sites
        self._worked: dict[str, tuple[int, ...]] = {}
        self._general = next((item for item in items if isinstance(item, General)), General())
        self.holidays = holidays_of(items, table)
        self.zone = ZoneInfo(self._general.zone or default_zone)

    @property
    def seasons(self) -> frozenset[str]:
        """Names of the seasons there are."""
        return frozenset(item.name for item in self._items if isinstance(item, Season))

    @property
    def items(self) -> tuple[CalendarItem, ...]:
        """Its entries, in the order of the file."""
        return self._items

    @property
    def night(self) -> Minutes:
        """The hours of night."""
        return self._general.night

    def facilities_in(self, where: Where) -> frozenset[int] | None:
        """Numbers of the facilities that an entry is for; ``None`` where it is for all."""
        if where == EVERYWHERE:
            return None
        return frozenset(number for number, site in self._sites.items() if site.is_in(where))

    def span(self, work: PlannedWork) -> tuple[int, int]:
        """When planned work begins and ends, UTC milliseconds."""
        return self._clock.moment(work.begin), self._clock.moment(work.end)

    def timetable(self, term: str, facility: Int32s) -> Timetable:
        """How a term holds for facilities; those that keep the same entries share a schedule."""
        entries = self._entries(term)
        number: dict[tuple[CalendarItem | int, ...], int] = {}
        schedules: list[Schedule] = []
        of = np.zeros(len(facility), np.intp)
        for row, one in enumerate(facility.tolist()):
            site = self._sites.get(one)
            kept = tuple(place for place, item in enumerate(entries) if site is not None and site.is_in(item.where))
            if kept not in number:
                number[kept] = len(schedules)
                schedules.append(self._schedule(term, [entries[place] for place in kept]))
            of[row] = number[kept]
        return Timetable(of, tuple(schedules))

    def works(self, at_ms: int) -> list[Work]:
        """The planned work that goes on at a moment, in the order of the file."""
        return [work for _, work in self.works_between(at_ms, at_ms + 1)]

    def works_between(self, from_ms: int, until_ms: int) -> list[tuple[int, Work]]:
        """Beginning and planned work of all that goes on at some moment of [from, until), in the order of the file."""
        found = []
        for item in self._items:
            if not isinstance(item, PlannedWork):
                continue
            begin_ms, end_ms = self._clock.moment(item.begin), self._clock.moment(item.end)
            if begin_ms < until_ms and from_ms < end_ms:
                if item.code not in self._worked:
                    mine = (number for number, site in self._sites.items() if site.is_in(item.where))
                    self._worked[item.code] = tuple(sorted(mine))
                found.append((begin_ms, Work(item.code, item.name, end_ms, self._worked[item.code])))
        return found

    def _entries(self, term: str) -> list[Opening | Season | PlannedWork]:
        """The entries that a term asks, in the order of the file."""
        season = season_of(term)
        found: list[Opening | Season | PlannedWork] = []
        for item in self._items:
            match item:
                case Opening() if term == OCCUPIED:
                    found.append(item)
                case PlannedWork() if term == PLANNED_WORK:
                    found.append(item)
                case Season(name=name) if name == season:
                    found.append(item)
                case _:
                    pass
        return found

    def _schedule(self, term: str, kept: Sequence[Opening | Season | PlannedWork]) -> Schedule:
        if term == PLANNED_WORK:
            return _Stretches(self._clock, [(i.begin, i.end) for i in kept if isinstance(i, PlannedWork)])
        if term == OCCUPIED:
            openings = [item for item in kept if isinstance(item, Opening)]
            return _Days(self._clock, _Occupied(openings, self.holidays).of) if openings else UNKNOWN
        if season_of(term) is not None:
            seasons = [item for item in kept if isinstance(item, Season)]
            # A season that is named for other places only does not run here; one that nobody named is not known.
            if not seasons:
                return Always(0.0) if season_of(term) in self.seasons else UNKNOWN
            return _Days(self._clock, _InSeason(seasons).of)
        days: Mapping[str, Callable[[date], list[Piece]]] = {
            WORKDAY: lambda day: [(0, _truth(self.holidays.kind(day).is_worked))],
            WEEKEND: lambda day: [(0, float(by_weekday(day) is DayKind.WEEKEND))],
            HOLIDAY: lambda day: [(0, _is_holiday(self.holidays.kind(day)))],
            NIGHT: lambda _day: _night(self._general.night),
        }
        return _Days(self._clock, days[term]) if term in days else UNKNOWN

    @property
    def _clock(self) -> _Clock:
        return _Clock(self.zone)


@dataclass(frozen=True, slots=True)
class _Clock:
    """Local time."""

    zone: ZoneInfo

    def instant(self, day: date, minute: int) -> int:
        """UTC milliseconds of a minute after local midnight; an hour that comes twice is taken as the first one."""
        shifted = day + timedelta(days=minute // _DAY_MINUTES)
        local = datetime(shifted.year, shifted.month, shifted.day, minute % 1440 // 60, minute % 60, tzinfo=self.zone)
        return int(local.astimezone(UTC).timestamp() * 1000)

    def moment(self, text: str) -> int:
        """UTC milliseconds of a local ISO time."""
        return int(datetime.fromisoformat(text).replace(tzinfo=self.zone).astimezone(UTC).timestamp() * 1000)

    def day_of(self, at_ms: int) -> date:
        """The local date of an instant."""
        return datetime.fromtimestamp(at_ms / 1000, self.zone).date()


def _steps(pieces: Iterable[Piece], from_ms: int, until_ms: int, before: float) -> Steps:
    """Pieces in time order as the port wants them; ``before`` holds until the first."""
    begin, value = before, before
    times: list[int] = []
    values: list[float] = []
    for at_ms, new in pieces:
        if at_ms <= from_ms:
            begin = value = new
        elif at_ms <= until_ms and new != value and not (np.isnan(new) and np.isnan(value)):
            times.append(at_ms)
            values.append(new)
            value = new
    return Steps(begin, np.array(times, np.int64), np.array(values, np.float64))


@dataclass(frozen=True, slots=True)
class _Days:
    """A schedule made of days: ``of`` gives the pieces of one, by minutes after midnight, the first at 0."""

    clock: _Clock
    of: Callable[[date], list[Piece]]

    def steps(self, from_ms: int, until_ms: int) -> Steps:
        """See ``core.calendar.Schedule``."""
        # Two clock times of one instant (an hour that is left out in spring): the later one holds.
        pieces = dict(self._pieces(from_ms, until_ms))
        return _steps(pieces.items(), from_ms, until_ms, float("nan"))

    def _pieces(self, from_ms: int, until_ms: int) -> Iterator[Piece]:
        day, last = self.clock.day_of(from_ms), self.clock.day_of(until_ms)
        at_ms = self.clock.instant(day, 0)
        while day <= last:
            for minute, value in self.of(day):
                at_ms = max(at_ms, self.clock.instant(day, minute))
                yield at_ms, value
            day += _DAY


@dataclass(frozen=True, slots=True)
class _Stretches:
    """1 within stretches of local time, which may overlap."""

    clock: _Clock
    stretches: Sequence[tuple[str, str]]

    def steps(self, from_ms: int, until_ms: int) -> Steps:
        """See ``core.calendar.Schedule``."""
        turns = sorted(
            (self.clock.moment(text), way) for pair in self.stretches for text, way in zip(pair, (1, -1), strict=True)
        )
        pieces: dict[int, float] = {}
        inside = 0
        for at_ms, way in turns:
            inside += way
            pieces[at_ms] = float(inside > 0)
        return _steps(pieces.items(), from_ms, until_ms, 0.0)


def _truth(value: bool | None) -> float:
    return float("nan") if value is None else float(value)


def _is_holiday(kind: DayKind) -> float:
    return float("nan") if kind is DayKind.UNKNOWN else float(kind is DayKind.HOLIDAY)


def _night(period: Minutes) -> list[Piece]:
    begin, end = period
    if end > _DAY_MINUTES:
        return _joined([(0, 1.0), (end - _DAY_MINUTES, 0.0), (begin, 1.0)])
    return _joined([(0, 0.0), (begin, 1.0), *([(end, 0.0)] if end < _DAY_MINUTES else [])])


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Of two pieces at one minute the later one."""
    return list(dict(pieces).items())


@dataclass(frozen=True, slots=True)
class _InSeason:
    """Whether a day lies in one of the occurrences of a season."""

    seasons: Sequence[Season]

    def of(self, day: date) -> list[Piece]:
        """The one piece of a day."""
        return [(0, float(any(first <= day <= last for first, last in self._around(day.year))))]

    def _around(self, year: int) -> Iterator[tuple[date, date]]:
        """First and last days of what begins this year or the last; whole dates go before yearly ones."""
        dated = [(date.fromisoformat(s.first), date.fromisoformat(s.last)) for s in self.seasons if len(s.first) > 5]
        yield from dated
        fixed = {first.year for first, _ in dated}
        for season in self.seasons:
            for begins in (year - 1, year):
                if len(season.first) == len("MM-DD") and begins not in fixed:
                    ends = begins if season.first <= season.last else begins + 1
                    yield _in_year(begins, season.first), _in_year(ends, season.last)


def _in_year(year: int, text: str) -> date:
    month, day = int(text[:2]), int(text[3:])
    try:
        return date(year, month, day)
    except ValueError:  # 29 February
        return date(year, month, 28)


_FREE_OR_NOT: Mapping[bool, tuple[DayKind, ...]] = {
    True: (DayKind.WORKDAY, DayKind.HOLIDAY),
    False: (DayKind.WEEKEND, DayKind.MAKEUP, DayKind.HOLIDAY),
}
"""What a Monday to Friday may be, and what a Saturday or Sunday."""


@dataclass(frozen=True, slots=True)
class _Occupied:
    """Whether a site is open."""

    openings: Sequence[Opening]
    holidays: Holidays

    def of(self, day: date) -> list[Piece]:
        """Open, closed or not known, piece by piece; hours that began yesterday run over midnight."""
        if self._opening(day) is None:
            return [(0, float("nan"))]
        begun = [
            [[(begin - shift, end - shift) for begin, end in self._hours(one, kind)] for kind in self._kinds(one)]
            for shift, one in ((0, day), (_DAY_MINUTES, day - _DAY))
        ]
        ends = {minute for either in begun for hours in either for period in hours for minute in period}
        marks = [0, *sorted(minute for minute in ends if 0 < minute < _DAY_MINUTES), _DAY_MINUTES]
        return [(part[0], _openness(begun, part)) for part in pairwise(marks)]

    def _kinds(self, day: date) -> tuple[DayKind, ...]:
        kind = self.holidays.kind(day)
        return _FREE_OR_NOT[day.weekday() < 5] if kind is DayKind.UNKNOWN else (kind,)

    def _opening(self, day: date) -> Opening | None:
        """The last entry that holds on a day."""
        text = day.isoformat()
        for opening in reversed(self.openings):
            if opening.valid_from <= text and (not opening.valid_to or text <= opening.valid_to):
                return opening
        return None

    def _hours(self, day: date, kind: DayKind) -> tuple[Minutes, ...]:
        """The hours of a day of some kind."""
        opening = self._opening(day)
        hours = opening.hours if opening is not None else {}
        return next((hours[word] for word in _words_for(day, kind) if word in hours), ())


def _words_for(day: date, kind: DayKind) -> tuple[str, ...]:
    """The words under which the hours of a day are looked for, the nearest first."""
    weekday = DAY_WORDS[4 + day.weekday()]
    return {
        DayKind.HOLIDAY: ("holiday", "daily"),
        DayKind.MAKEUP: ("workday", "daily"),
        DayKind.WEEKEND: (weekday, "weekend", "daily"),
    }.get(kind, (weekday, "workday", "daily"))


def _openness(begun: Sequence[Sequence[Sequence[Minutes]]], part: Minutes) -> float:
    """1, 0 or unknown for a part of a day; ``begun`` holds for each day the hours of every kind that it may be."""
    if any(all(_covers(hours, part) for hours in either) for either in begun):
        return 1.0
    return float("nan") if any(_covers(hours, part) for either in begun for hours in either) else 0.0


def _covers(periods: Iterable[Minutes], part: Minutes) -> bool:
    return any(begin <= part[0] and part[1] <= end for begin, end in periods)
