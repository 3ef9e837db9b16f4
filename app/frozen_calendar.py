"""What the site calendar said at a facility when an alarm opened, as the engine's operands were told it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

import numpy as np

from core.calendar import WORDS, Schedule, season_term, term_name
from core.evidence import FrozenCalendar, FrozenTerm, FrozenWork
from core.places import Text
from dispatch.worktime import WorkCalendar
from registry.site_calendar import RegistryCalendar

_STRETCH_MS = 3_600_000
"""Schedules are computed for so much time at once: the alarms of a storm ask for one hour again and again."""
_MOST_KEPT = 20_000
_MOST_WORKS = 8


class SiteClock:
    """Answers for one calendar, from memory once a facility and hour have been asked for."""

    def __init__(self, calendar: RegistryCalendar) -> None:
        """Ask ``calendar``, which never changes."""
        self.calendar = calendar
        self.terms = (*WORDS, *(season_term(name) for name in sorted(calendar.seasons)))
        self._schedules = lru_cache(_MOST_KEPT)(self._found)
        self._steps = lru_cache(_MOST_KEPT)(self._computed)

    def holds(self, term: str, facility: int, at_ms: int) -> bool | None:
        """Whether a term holds; ``None`` if nobody knows."""
        begin, time_ms, value = self._steps(term, facility, at_ms // _STRETCH_MS)
        at = int(np.searchsorted(time_ms, at_ms, side="right")) if len(time_ms) else 0
        said = begin if at == 0 else float(value[at - 1])
        return None if np.isnan(said) else said == 1.0

    def planned(self, facility: int, at_ms: int) -> tuple[FrozenWork, ...]:
        """The planned work that goes on at a facility."""
        mine = [one for one in self.calendar.works(at_ms) if facility in one.facilities]
        return tuple(FrozenWork(code=one.code, name=one.name, until_ms=one.end_ms) for one in mine[:_MOST_WORKS])

    def _found(self, term: str, facility: int) -> Schedule:
        table = self.calendar.timetable(term, np.array([facility], np.int32))
        return table.schedules[int(table.of[0])]

    def _computed(self, term: str, facility: int, stretch: int) -> tuple[float, np.ndarray, np.ndarray]:
        return self._schedules(term, facility).steps(stretch * _STRETCH_MS, (stretch + 1) * _STRETCH_MS)


class FrozenTimes:
    """Freezes what time it was; safe to use from several threads."""

    def __init__(self, working: WorkCalendar, site: Callable[[], RegistryCalendar]) -> None:
        """Join the working time of people with the calendar of the sites in force."""
        self._working = working
        self._site = site
        self._clock = SiteClock(site())

    def calendar(self, facility: int, at_ms: int, asked: frozenset[str]) -> FrozenCalendar:
        """The calendar at a facility and moment; the terms that are ``asked`` for come first."""
        working, now, clock = self._working, self._site(), self._clock
        if clock.calendar is not now:
            clock = self._clock = SiteClock(now)
        local = datetime.fromtimestamp(at_ms / 1000, working.zone)
        here = datetime.fromtimestamp(at_ms / 1000, now.zone)
        terms = [*sorted(asked), *(term for term in clock.terms if term not in asked)]
        return FrozenCalendar(
            zone=str(working.zone),
            local=local.isoformat(timespec="milliseconds"),
            workday=working.is_workday(working.day_of(at_ms)),
            works=working.works_at(at_ms),
            windows=working.windows,
            day=now.holidays.kind(here.date()).value,
            terms=tuple(
                FrozenTerm(
                    term=term,
                    name=term_name(term) or Text(zh=term, en=term),
                    holds=clock.holds(term, facility, at_ms),
                    read=term in asked,
                )
                for term in terms
            ),
            planned=clock.planned(facility, at_ms),
        )
