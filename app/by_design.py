"""Suppression by design: planned work of the site calendar, and supplies that have failed (``docs/alarms.md``, part 7).

A journal around the journal: it says what is to be silent before the changes that it explains are recorded, so that
none of them opens a case in between. What it has said last is remembered only to spare the database the question.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.alarms import AlarmChange, AnnouncedAlarm
from core.flags import Cause, Suppression, SuppressionBook
from core.ports.journal import AlarmJournal
from core.ports.registry import RosterSource
from dispatch.designed import PLANNED_WORST, Silence
from dispatch.explained import Explained
from registry.site_calendar import RegistryCalendar


def of_planned_work(calendar: RegistryCalendar, now_ms: int) -> list[Suppression]:
    """What planned work keeps silent: all its facilities say except what is critical."""
    wanted: dict[tuple[int, str], Suppression] = {}
    for work in calendar.works(now_ms):
        for facility in work.facilities:
            wanted[facility, work.code] = Suppression(
                facility=facility,
                ref=work.code[:200],
                reason=f"{work.name.zh} / {work.name.en}",
                until_ms=work.end_ms,
                severity=PLANNED_WORST,
            )
    return list(wanted.values())


def planned_silence(calendar: RegistryCalendar, from_ms: int, until_ms: int) -> dict[int, list[Silence]]:
    """What planned work has kept silent, by facility, wherever it reaches into [from, until)."""
    found: dict[int, list[Silence]] = {}
    for begin_ms, work in calendar.works_between(from_ms, until_ms):
        for facility in work.facilities:
            found.setdefault(facility, []).append(Silence(begin_ms, work.end_ms, PLANNED_WORST))
    return found


class DesignedJournal:
    """Records through another journal; owned by the judge's thread."""

    def __init__(
        self,
        journal: AlarmJournal,
        book: SuppressionBook,
        explained: Explained,
        source: RosterSource,
        calendar: Callable[[], RegistryCalendar],
    ) -> None:
        """Nothing has been said yet."""
        self._journal = journal
        self._book = book
        self._explained = explained
        self._source = source
        self._calendar = calendar
        self._said: dict[Cause, list[Suppression]] = {}

    def announced(self, since_ms: int) -> Sequence[AnnouncedAlarm]:
        """See the port; what is on is remembered."""
        alarms = self._journal.announced(since_ms)
        self._explained.announce(alarms)
        return alarms

    def apply(self, changes: Sequence[AlarmChange], now_ms: int) -> None:
        """See the port."""
        self._explained.learn(changes, now_ms)
        self._suppress(now_ms)
        self._journal.apply(changes, now_ms)

    def tick(self, now_ms: int) -> None:
        """See the port."""
        self._suppress(now_ms)
        self._journal.tick(now_ms)

    def _suppress(self, now_ms: int) -> None:
        self._hold(Cause.PLANNED_WORK, of_planned_work(self._calendar(), now_ms), now_ms)
        self._hold(Cause.TOPOLOGY, self._explained.wanted(self._source.roster().places, now_ms), now_ms)

    def _hold(self, cause: Cause, wanted: list[Suppression], now_ms: int) -> None:
        if self._said.get(cause) != wanted:
            self._book.hold(cause, wanted, now_ms)
            self._said[cause] = wanted
