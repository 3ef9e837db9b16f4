"""Days of the site calendar fixed by people, one or a run of them, as a page changes them.

The records are those that the file ``calendar`` holds as ``entry: day``, so an export has them and imports again.
Stricter than the file in one thing: what a day becomes must fit its weekday, since a run is written in one stroke.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import sqlalchemy as sa

from core.cases import Conflict
from core.errors import Invalid
from core.findings import Finding, Kind
from core.holidays import DayKind, Holidays
from core.ports.calendar_days import MAX_DAYS, DayChange, DaysWish
from core.ports.registry import ChangeKind
from registry import edit_findings as edits
from registry import history, rows
from registry.calendar_entries import OwnDay, from_text, to_text
from registry.database import reading, record, writing
from registry.history import Change
from registry.importer import carry_out, difference
from registry.record import Place
from registry.rows import Key, RowValues
from registry.site_calendar import holidays_of

_ON_WEEKDAYS = frozenset({DayKind.WORKDAY, DayKind.HOLIDAY})
_ON_WEEKENDS = frozenset({DayKind.MAKEUP, DayKind.WEEKEND, DayKind.HOLIDAY})
_FIRST_YEAR, _LAST_YEAR = 2000, 2200


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A run of days as it is and as it becomes.

    Attributes:
        mark: of what is shown.
        shown: days that change for people.
        written: days that change in the registry: one that is fixed to what it is anyway, too.
        before, after: the public holidays as they are and become.
    """

    mark: str
    shown: Sequence[DayChange]
    written: Sequence[Change]
    before: Holidays
    after: Holidays


class SqlCalendarDays:
    """The days; safe to use from several threads and processes."""

    def __init__(self, engine: sa.Engine, table: Holidays) -> None:
        """Write to ``engine``; ``table`` are the public holidays as they are published."""
        self._engine = engine
        self._table = table

    def run(self, wish: DaysWish) -> Run:
        """What a wish would do.

        Raises:
            Invalid: with everything that is wrong.
        """
        days = _days(wish)
        with reading(self._engine) as connection:
            return self._run(connection, wish, days)

    def apply(self, wish: DaysWish, mark: str, actor: str, now_ms: int) -> int:
        """Write it and return how many days changed.

        Raises:
            Invalid: with everything that is wrong.
            Conflict: if a day is not what ``mark`` stands for.
        """
        days = _days(wish)
        with writing(self._engine) as connection:
            run = self._run(connection, wish, days)
            if run.mark != mark:
                raise Conflict("changed", edits.DAYS_EDITED_MEANWHILE())
            if run.written:
                carry_out(connection, run.written, now_ms)
                ref = f"calendar {wish.first}..{wish.last}"
                record(connection, actor=actor, what="days", ref=ref, detail=str(len(run.written)), now_ms=now_ms)
                history.remember(connection, run.written, actor, now_ms)
            return len(run.written)

    def _run(self, connection: sa.Connection, wish: DaysWish, days: Sequence[date]) -> Run:
        present = rows.present(connection, {"calendar"})["calendar"]
        items = [from_text(key[0], str(values["item"])) for key, values in present.items() if values["active"]]
        before = holidays_of(items, self._table)
        own = {day: kind for day, kind in before.own.items() if day not in set(days)}
        if wish.kind is not None:
            own |= dict.fromkeys(days, wish.kind)
        after = replace(before, own=own)
        changes = [
            DayChange(day=day.isoformat(), before=before.kind(day), after=after.kind(day), own_before=day in before.own)
            for day in days
        ]
        text = "\n".join(f"{one.day} {one.before.value} {one.own_before}" for one in changes)
        written = [one for day in days if (one := _written(day, wish.kind, present)) is not None]
        touched = {change.key[1] for change in written}
        return Run(
            mark=hashlib.sha256(text.encode("ascii")).hexdigest()[:16],
            shown=[one for one in changes if one.day in touched],
            written=written,
            before=before,
            after=after,
        )


def _written(day: date, kind: DayKind | None, present: Mapping[Key, RowValues]) -> Change | None:
    key = ("day", day.isoformat())
    before = present.get(key)
    if kind is not None:
        item = to_text(OwnDay(day=day.isoformat(), kind=kind))
        return difference("calendar", key, before, {"item": item, "active": True})
    if before is None or not before["active"]:
        return None
    return Change(
        kind=ChangeKind.RETIRE, collection="calendar", key=key, before={"active": True}, after={"active": False}
    )


def _days(wish: DaysWish) -> list[date]:
    """The days of a wish that can be had.

    Raises:
        Invalid: with everything that is wrong.
    """
    findings: list[Finding] = []
    ends = [_day(name, text, findings) for name, text in (("first", wish.first), ("last", wish.last))]
    if findings or ends[0] is None or ends[1] is None:
        raise Invalid(findings)
    first, last = ends[0], ends[1]
    if last < first:
        findings.append(_at("last", edits.DAYS_BACKWARDS, first=wish.first, last=wish.last))
    elif (last - first).days >= MAX_DAYS:
        findings.append(_at("last", edits.DAYS_TOO_MANY, most=MAX_DAYS))
    if findings:
        raise Invalid(findings)
    days = [first + timedelta(days=ahead) for ahead in range((last - first).days + 1)]
    findings += _unfit(days, wish.kind)
    if findings:
        raise Invalid(findings)
    return days


def _day(name: str, text: str, findings: list[Finding]) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or not _FIRST_YEAR <= day.year <= _LAST_YEAR or day.isoformat() != text:
        findings.append(_at(name, edits.NO_DAY, value=text[:40], first=_FIRST_YEAR, last=_LAST_YEAR))
        return None
    return day


def _unfit(days: Sequence[date], kind: DayKind | None) -> Iterator[Finding]:
    """A make-up day is a Saturday or Sunday, a working day is none."""
    if kind is None:
        return
    if kind is DayKind.UNKNOWN:
        yield _at("kind", edits.NO_UNKNOWN_DAY)
        return
    unfit = [day for day in days if kind not in (_ON_WEEKDAYS if day.weekday() < 5 else _ON_WEEKENDS)]
    if unfit:
        values = {"kind": edits.DAY_KINDS[kind.value], "count": len(unfit), "day": unfit[0].isoformat()}
        yield _at("kind", edits.WRONG_WEEKDAY, **values, weekday=edits.WEEKDAYS[unfit[0].weekday()])


def _at(name: str, kind: Kind, /, **values: object) -> Finding:
    return Place("calendar", 1).note(kind, name, **values)
