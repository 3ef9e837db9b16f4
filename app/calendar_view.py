"""The site calendar for the pages: ``core.ports.calendar_view`` over the calendar in force."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta

from core.calendar import season_term, term_name
from core.holidays import DayKind, by_weekday
from core.places import Text
from core.ports.calendar_view import CalendarDay, CalendarLine, CalendarYear, EntryKind
from registry.calendar_entries import CalendarItem, Minutes, Opening, PlannedWork, Season, Where
from registry.site_calendar import RegistryCalendar

_DAY_MINUTES = 1440
_SHOWN = frozenset({DayKind.HOLIDAY, DayKind.MAKEUP})


class RegistryCalendarBook:
    """``CalendarBook``; looks at the calendar that is in force when it is asked."""

    def __init__(self, now: Callable[[], RegistryCalendar]) -> None:
        """Take what gives the calendar in force."""
        self._now = now

    def year(self, year: int) -> CalendarYear:
        """How it is in a year."""
        calendar = self._now()
        holidays = calendar.holidays
        return CalendarYear(
            zone=calendar.zone.key,
            year=year,
            known=year in holidays.years,
            by_week=holidays.by_week,
            night=_period(calendar.night),
            days=tuple(_days(calendar, year)),
            lines=tuple(line for item in calendar.items if (line := _line(item, calendar)) is not None),
        )


def _days(calendar: RegistryCalendar, year: int) -> Iterator[CalendarDay]:
    """Days that are otherwise than their weekday says."""
    holidays, day = calendar.holidays, date(year, 1, 1)
    while day.year == year:
        kind, own = holidays.kind(day), day in holidays.own
        if kind in _SHOWN or (own and kind is not by_weekday(day)):
            yield CalendarDay(day=day.isoformat(), kind=kind, own=own)
        if day == date.max:
            return
        day += timedelta(days=1)


def _line(item: CalendarItem, calendar: RegistryCalendar) -> CalendarLine | None:
    match item:
        case Opening(where=where, hours=hours):
            periods = {word: tuple(_period(one) for one in of) for word, of in hours.items()}
            found = CalendarLine(kind=EntryKind.OPENING, hours=periods, first=item.valid_from, last=item.valid_to)
        case Season(where=where, name=name):
            said = term_name(season_term(name)) or Text(zh=name, en=name)
            found = CalendarLine(kind=EntryKind.SEASON, name=said, first=item.first, last=item.last)
        case PlannedWork(where=where):
            begin_ms, end_ms = calendar.span(item)
            found = CalendarLine(kind=EntryKind.WORK, code=item.code, name=item.name, begin_ms=begin_ms, end_ms=end_ms)
        case _:
            return None
    return _placed(found, where, calendar)


def _placed(line: CalendarLine, where: Where, calendar: RegistryCalendar) -> CalendarLine:
    return replace(
        line,
        facilities=calendar.facilities_in(where),
        communities=where.community,
        cells=where.cell,
        codes=where.facility,
        classes=where.facility_class,
    )


def _period(period: Minutes) -> str:
    begin, end = period
    return f"{_clock(begin)}-{_clock(end - _DAY_MINUTES if end > _DAY_MINUTES else end)}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
