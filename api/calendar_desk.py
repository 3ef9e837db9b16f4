"""The site calendar for pages: what it says of the facilities that a login sees."""

from __future__ import annotations

from api import findings as words
from api.access import Caller
from api.models.base import Bilingual
from api.models.calendars import (
    CalendarDay,
    CalendarHours,
    CalendarLine,
    CalendarYear,
    DayChangeView,
    DaysChange,
    DaysPreviewView,
    DaysWish,
    DaysWritten,
    TouchedLimitView,
)
from api.places import PlaceBook, Places
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError
from api.registry_desk import told_at
from core.errors import Invalid
from core.ports import calendar_days
from core.ports import calendar_view as port
from core.stages import Stage


class CalendarDesk:
    """What people see of the calendar, and the days that they fix; the rest of it is changed by import."""

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

    def preview(self, caller: Caller, body: DaysWish) -> DaysPreviewView:
        """What a change of days would do to them and to limits that run.

        Raises:
            ProblemError: ``REFUSED`` for who does not see all communities, ``INVALID`` with everything wrong.
        """
        _check(caller)
        try:
            found = self._ports.calendar_days.preview(_wish(body), self._ports.clock.now_ms())
        except Invalid as error:
            raise told_at("body", error) from error
        limits, places = found.limits, self._book.now()
        return DaysPreviewView(
            mark=found.mark,
            days=[
                DayChangeView(day=one.day, before=one.before, after=one.after, own_before=one.own_before)
                for one in found.days
            ],
            less=limits.less,
            more=limits.more,
            limits=[_touched(one, places) for one in limits.first],
        )

    def change(self, caller: Caller, body: DaysChange) -> DaysWritten:
        """Write what was shown.

        Raises:
            ProblemError: as ``preview``.
            Conflict: if the days are not what was shown.
        """
        _check(caller)
        now_ms = self._ports.clock.now_ms()
        try:
            days = self._ports.calendar_days.apply(_wish(body), body.mark, caller.login.username, now_ms)
        except Invalid as error:
            raise told_at("body", error) from error
        return DaysWritten(days=days)


def _check(caller: Caller) -> None:
    if not caller.login.everywhere:
        raise ProblemError(Problems.REFUSED, words.CALENDAR_OF_ALL)


def _wish(body: DaysWish) -> calendar_days.DaysWish:
    return calendar_days.DaysWish(first=body.first, last=body.last, kind=body.kind)


def _touched(one: calendar_days.TouchedLimit, places: Places) -> TouchedLimitView:
    facility = places.facilities.get(one.facility)
    return TouchedLimitView(
        case=one.case,
        facility=Bilingual(zh="", en="") if facility is None else Bilingual.of(facility.name),
        stage=Stage(one.stage),
        limit_ms=one.limit_ms,
        change_ms=one.change_ms,
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
