"""What the store decides without touching a disk: settings, merges, closing, retention."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import Invalid, Refused
from store.aggregates import DAY_MS
from store.catalog import CLOSED, Catalog, Change, Segment
from store.maintenance import closable_days, due_merges
from store.retention import expire
from store.segments import FooterCache, SegmentFile
from store.settings import StoreSettings
from store.vm_client import retention_days

TODAY = 20_400
NOW_MS = TODAY * DAY_MS + DAY_MS // 2
SETTINGS = StoreSettings(fan_in=3)
FILE = SegmentFile(Path("/nowhere"), FooterCache())


def segment(number: int, day: int, *, level: int = 0, raw: bool = True, written_ms: int = NOW_MS) -> Segment:
    return Segment(
        number=number,
        day=day,
        level=level,
        sequence=number,
        rows=10,
        from_ms=day * DAY_MS,
        to_ms=day * DAY_MS + 5,
        written_ms=written_ms,
        raw=FILE if raw else None,
        minute=FILE,
        raw_bytes=100 if raw else 0,
        minute_bytes=10,
    )


def catalog(*segments: Segment, closed: tuple[int, ...] = ()) -> Catalog:
    return Catalog((), (), frozenset(closed)).changed(Change(added=segments))


def test_all_wrong_settings_are_reported_at_once() -> None:
    """Five wrong values give five findings, each with what to do."""
    with pytest.raises(Invalid) as caught:
        StoreSettings(hot_rows_max=0, history_s=-1, fan_in=1, disk_budget_bytes=-5, minute_days=3)
    assert [finding.code for finding in caught.value.findings] == [
        "TG-0301",
        "TG-0301",
        "TG-0302",
        "TG-0303",
        "TG-0304",
    ]


def test_small_segments_of_today_merge_when_there_are_enough() -> None:
    """Today's segments of one level merge at ``fan_in``; two levels never mix."""
    two = catalog(segment(1, TODAY), segment(2, TODAY))
    assert due_merges(two, NOW_MS, SETTINGS) == []
    three = catalog(segment(1, TODAY), segment(2, TODAY, level=1), segment(3, TODAY), segment(4, TODAY))
    (job,) = due_merges(three, NOW_MS, SETTINGS)
    assert ([one.number for one in job.segments], job.level) == ([1, 3, 4], 1)


def test_a_day_that_is_over_becomes_one_segment() -> None:
    """Yesterday's segments all merge, as soon as the grace after midnight has passed."""
    yesterday = catalog(segment(1, TODAY - 1, level=1), segment(2, TODAY - 1))
    (job,) = due_merges(yesterday, NOW_MS, SETTINGS)
    assert ([one.number for one in job.segments], job.level) == ([1, 2], CLOSED)
    assert due_merges(yesterday, TODAY * DAY_MS + 1000, SETTINGS) == []
    assert closable_days(yesterday, NOW_MS, SETTINGS) == set(), "two segments cannot be closed"
    assert closable_days(catalog(segment(1, TODAY - 1)), NOW_MS, SETTINGS) == {TODAY - 1}
    assert closable_days(catalog(segment(1, TODAY)), NOW_MS, SETTINGS) == set()


def test_late_readings_wait_until_a_rewrite_is_worth_it() -> None:
    """An overlay on a closed day is merged when it is old, or when there are many."""
    main = segment(1, TODAY - 9, level=CLOSED, written_ms=0)
    young, old = segment(2, TODAY - 9), segment(3, TODAY - 9, written_ms=NOW_MS - 7 * 3_600_000)
    assert due_merges(catalog(main, young), NOW_MS, SETTINGS) == []
    assert len(due_merges(catalog(main, old), NOW_MS, SETTINGS)) == 1
    many = [segment(number, TODAY - 9) for number in (5, 6, 7)]
    assert len(due_merges(catalog(main, *many), NOW_MS, SETTINGS)) == 1


def test_tiers_end_by_age() -> None:
    """Readings go after 90 days, minutes after 365, and only from days whose hours are written."""
    ages = {1: 89, 2: 90, 3: 91, 4: 365, 5: 366, 6: 366}
    segments = [segment(number, TODAY - age, raw=age < 100) for number, age in ages.items()]
    change = expire(catalog(*segments, closed=(TODAY - 366,)), NOW_MS, SETTINGS, 0)
    assert [one.number for one in change.removed] == [3, 5, 6]
    assert [(one.number, one.raw) for one in change.added] == [(3, None)]
    unclosed = expire(catalog(segment(5, TODAY - 366, raw=False)), NOW_MS, SETTINGS, 0)
    assert unclosed.removed == ()


def test_the_budget_takes_the_oldest_readings_first() -> None:
    """Over budget, readings go from the oldest day on, then minutes; today's never."""
    segments = [segment(number, TODAY - number) for number in range(4)]
    full = catalog(*segments, closed=tuple(TODAY - number for number in range(1, 4)))
    some = expire(full, NOW_MS, StoreSettings(disk_budget_bytes=300), 0)
    assert sorted(one.number for one in some.added) == [2, 3]
    assert all(one.raw is None for one in some.added)
    everything = expire(full, NOW_MS, StoreSettings(disk_budget_bytes=200), 85)
    assert sorted(one.number for one in everything.removed) == [1, 2, 3]
    assert everything.added == ()
    assert expire(full, NOW_MS, StoreSettings(), 10**12).removed == ()


@pytest.mark.parametrize(("text", "days"), [("12", 372), ("100d", 100), ("2w", 14), ("1y", 365), ("48h", 2)])
def test_retention_periods_of_victoriametrics(text: str, days: float) -> None:
    """Months without a letter, and h, d, w, y."""
    assert retention_days(text) == days


def test_an_unreadable_retention_period_is_refused() -> None:
    """Nobody guesses how long samples are kept."""
    with pytest.raises(Refused):
        retention_days("soon")
