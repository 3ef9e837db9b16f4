"""The calendar that people look at is the one that rules go by."""

from __future__ import annotations

from app.calendar_view import RegistryCalendarBook
from core.holidays import DayKind
from core.places import Text
from core.ports.calendar_view import EntryKind
from dispatch.holidays import mainland_china
from registry.calendar_entries import CalendarItem, General, Opening, OwnDay, PlannedWork, Season, Where
from registry.site_calendar import RegistryCalendar, Site

SITES = {
    1: Site(community="wtl", cells=frozenset({"wtl-g1"}), code="wtl-pt-01", facility_class="public_toilet"),
    2: Site(community="htn", cells=frozenset({"htn-g1"}), code="htn-sp-01", facility_class="sewage_pump"),
}
EVERY: tuple[CalendarItem, ...] = (
    General(zone="Asia/Shanghai"),
    Opening(where=Where(), hours={"workday": ((510, 720), (870, 1050)), "holiday": ()}),
    Opening(where=Where(facility_class=("public_toilet",)), hours={"daily": ((330, 1350),)}, valid_from="2026-01-01"),
    Season(where=Where(), name="flood", first="05-01", last="10-15"),
    OwnDay(day="2026-03-02", kind=DayKind.HOLIDAY),
    PlannedWork(
        where=Where(community=("htn",)),
        code="w-1",
        name=Text(zh="换阀", en="Valve"),
        begin="2026-03-02T08:00",
        end="2026-03-02T12:00",
    ),
)


def book(*items: CalendarItem) -> RegistryCalendarBook:
    calendar = RegistryCalendar(items, SITES, mainland_china(), "Europe/Berlin")
    return RegistryCalendarBook(lambda: calendar)


def test_days_are_those_that_are_otherwise_than_their_weekday() -> None:
    """Public holidays with the days worked instead, and a day of one's own; every other day is left out."""
    year = book(*EVERY).year(2026)
    assert year.known
    kinds = {one.day: (one.kind, one.own) for one in year.days}
    assert kinds["2026-10-01"] == (DayKind.HOLIDAY, False)
    assert kinds["2026-03-02"] == (DayKind.HOLIDAY, True)
    assert DayKind.MAKEUP in {kind for kind, _ in kinds.values()}
    assert "2026-03-03" not in kinds
    assert [one.day for one in year.days] == sorted(kinds)


def test_entries_name_where_they_hold_and_when() -> None:
    """All facilities are ``None``; planned work is told in instants of the calendar's zone."""
    year = book(*EVERY).year(2026)
    assert (year.zone, year.night) == ("Asia/Shanghai", "22:00-06:00")
    general, toilets, flood, work = year.lines
    assert [one.kind for one in year.lines] == [EntryKind.OPENING, EntryKind.OPENING, EntryKind.SEASON, EntryKind.WORK]
    assert general.hours == {"workday": ("08:30-12:00", "14:30-17:30"), "holiday": ()}
    assert (general.facilities, toilets.facilities, toilets.classes) == (None, frozenset({1}), ("public_toilet",))
    assert (toilets.first, flood.first, flood.name.zh) == ("2026-01-01", "05-01", "汛期")
    assert (work.facilities, work.communities) == (frozenset({2}), ("htn",))
    assert work.end_ms - work.begin_ms == 4 * 3_600_000


def test_a_year_without_a_notice_is_said_to_be_unknown() -> None:
    """No holiday is made up for it; a day of one's own stands all the same."""
    year = book(OwnDay(day="2090-05-01", kind=DayKind.HOLIDAY)).year(2090)
    assert not year.known
    assert [one.day for one in year.days] == ["2090-05-01"]
    assert (year.zone, year.lines) == ("Europe/Berlin", ())
