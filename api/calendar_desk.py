"""The site calendar for pages: what it says of the facilities that a login sees."""

from __future__ import annotations

from api.access import Caller
from api.models.base import Bilingual
from api.models.calendars import CalendarDay, CalendarHours, CalendarLine, CalendarYear
from api.places import PlaceBook, Places
from api.ports import ApiPorts
from core.ports import calendar_view as port


class CalendarDesk:
    """What people see of the calendar; it is changed in the registry folder."""

    def __init__(self, ports: ApiPorts, book: PlaceBook) -> None:
        """Join the calendar and the names of places."""
        self._ports, self._book = ports, book

    def year(self, caller: Caller, year: int) -> CalendarYear:
        """The calendar in a year; entries for facilities out of sight are left out."""
        found, book = self._ports.calendars.year(year), self._book.now()
        numbers = {number for number, one in book.facilities.items() if caller.sees(one.community)}
        lines = [_line(one, book, numbers, caller) for one in found.lines]
        return CalendarYear(
            zone=found.zone,
            year=found.year,
            known=found.known,
            by_week=found.by_week,
            night=found.night,
            days=[CalendarDay(day=one.day, kind=one.kind, own=one.own) for one in found.days],
            lines=[one for one in lines if one.everywhere or one.facilities or caller.login.everywhere],
        )


def _line(one: port.CalendarLine, book: Places, seen: set[int], caller: Caller) -> CalendarLine:
    work = one.kind is port.EntryKind.WORK
    return CalendarLine(
        kind=one.kind,
        code=one.code,
        name=Bilingual.of(one.name),
        everywhere=one.facilities is None,
        facilities=len(seen if one.facilities is None else one.facilities & seen),
        where=_where(one, book, seen, caller),
        hours=[CalendarHours(on=word, periods=list(periods)) for word, periods in (one.hours or {}).items()],
        first=one.first,
        last=one.last,
        begin_ms=one.begin_ms if work else None,
        end_ms=one.end_ms if work else None,
    )


def _where(one: port.CalendarLine, book: Places, seen: set[int], caller: Caller) -> list[Bilingual]:
    """What an entry names, by name; communities and facilities out of sight are left out."""
    communities = {found.code: found for found in book.communities.values() if caller.sees(found.number)}
    wanted = set(one.codes)
    named = [Bilingual.of(communities[code].name) for code in one.communities if code in communities]
    named += [Bilingual(zh=cell, en=cell) for cell in one.cells]
    named += [book.class_name(class_id) for class_id in one.classes]
    named += [Bilingual.of(book.facilities[n].name) for n in sorted(seen) if book.facilities[n].code in wanted]
    return named
