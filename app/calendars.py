"""The site calendar of a process: read from the registry, renewed when that changes, shared by rules and clocks.

One value serves both sides: what rules ask is a step function, and the working time of cases goes by the same public
holidays. A limit needs a date even in a year whose holidays are not published; there it goes by the week, rules do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from app import findings as kinds
from app.settings import Settings
from core.calendar import season_of
from core.findings import Said
from core.holidays import Holidays
from dispatch.holidays import mainland_china
from dispatch.policy import Policy
from dispatch.worktime import WorkCalendar
from registry.classbook import load_classes
from registry.content import read_folder
from registry.queries import Registry
from registry.site_calendar import RegistryCalendar
from rules.rule_set import RuleSet

WARN_DAYS = 45
"""So many days before the table of public holidays ends people are told; the notice comes in November as a rule."""


def local_day(now_ms: int, zone: str) -> str:
    """ISO date of that moment in a time zone."""
    return datetime.fromtimestamp(now_ms / 1000, ZoneInfo(zone)).date().isoformat()


class Calendars:
    """Holds the calendar in force."""

    def __init__(self, registry: Registry, zone: str) -> None:
        """Read it; ``zone`` is that of the installation."""
        self._registry = registry
        self._zone = zone
        self.now: RegistryCalendar = registry.calendar(mainland_china(), zone)

    def refresh(self) -> None:
        """Read it anew."""
        self.now = self._registry.calendar(mainland_china(), self._zone)

    def is_workday(self, day: date) -> bool:
        """Whether a date is worked, by the calendar in force."""
        return self.now.holidays.is_workday(day)

    def policy(self, settings: Settings) -> Policy:
        """The policy of dispatch as the settings have it, its working time by this calendar.

        Raises:
            core.errors.Invalid: if a table that the settings name is wrong.
        """
        working = WorkCalendar(is_workday=self.is_workday, zone=self.now.zone)
        wishes = settings.dispatch.of_policy()
        return Policy(calendar=working, storm_facilities=settings.rules.storm_facilities, **wishes)


def unknown_from(holidays: Holidays, today: date) -> date | None:
    """The first day within ``WARN_DAYS`` of which nobody knows whether it is worked; None if all are known."""
    days = (today + timedelta(days=ahead) for ahead in range(WARN_DAYS))
    return next((day for day in days if holidays.kind(day).is_worked is None), None)


def unknown_seasons(rules: RuleSet, calendar: RegistryCalendar) -> dict[str, list[str]]:
    """Seasons that rules ask for and no entry defines, with the ids of those rules."""
    found: dict[str, list[str]] = {}
    for rule in rules.rules:
        for term in sorted(rule.terms):
            season = season_of(term)
            if season is not None and season not in calendar.seasons:
                found.setdefault(season, []).append(rule.id)
    return found


def notices(rules: RuleSet, calendar: RegistryCalendar, today: date) -> Iterator[Said]:
    """What the calendar does not know and somebody asks, or soon will."""
    day = unknown_from(calendar.holidays, today)
    if day is not None:
        yield kinds.HOLIDAYS_END(day=day.isoformat())
    for season, asked_by in unknown_seasons(rules, calendar).items():
        yield kinds.NO_SEASON(season=season, rules=", ".join(sorted(asked_by)))


def of_folder(folder: Path, zone: str, day: str) -> RegistryCalendar:
    """The calendar of a registry folder that was not imported; it knows no facilities.

    Raises:
        core.errors.Invalid: if the folder is wrong.
    """
    items = [entry.item for entry in read_folder(folder, load_classes(), day).calendar]
    return RegistryCalendar(items, {}, mainland_china(), zone)
