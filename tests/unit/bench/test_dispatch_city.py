"""The simulated season of dispatch: repeatable, nothing without an owner, everything explained."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from bench.dispatch_city.page import page
from bench.dispatch_city.script import DAY_MS, write
from bench.dispatch_city.season import Season, Wish, season
from bench.dispatch_city.town import Size, Town, found
from core.places import Grid
from dispatch.policy import Policy
from dispatch.routing import on_shift
from dispatch.worktime import HOUR_MS

SMALL = Size(communities=2, street=2, cells=6, workers=30, scale=0.3)
MONDAY = 1_756_051_200_000


@cache
def small() -> Season:
    """Ten days of a small city."""
    return season(Wish(size=SMALL, days=10, rate=2.0))


def town(seed: int = 1) -> Town:
    return found(SMALL, seed)


def test_the_same_seed_is_the_same_season() -> None:
    """City, script and outcome are functions of the seed; another seed is another season."""
    again = season(Wish(size=SMALL, days=10, rate=2.0))
    assert [replace(way, spent_s=0) for way in again.ways] == [replace(way, spent_s=0) for way in small().ways]
    assert season(Wish(size=SMALL, days=10, rate=2.0, seed=2, ways=["dispatch"])).alarms != small().alarms


def test_every_task_has_an_owner() -> None:
    """However it is given out, nothing is without an owner, and most cases are closed."""
    for way in small().ways:
        assert way.unowned == 0
        assert way.tasks > 100
        assert way.endings["closed"] > way.endings.get("open", 0)


def test_the_ways_differ_in_routing_alone() -> None:
    """The script is one: each way has about the same cases."""
    counts = [sum(way.endings.values()) for way in small().ways]
    assert max(counts) < 1.05 * min(counts)


def test_cells_cover_the_ground_and_posts_are_vacant() -> None:
    """Every facility has a cell of each grid that exists; the named share of the posts has no holder."""
    made = town()
    codes = {post.cell for post in made.roster.posts}
    assert len(codes) == len(made.roster.posts) == SMALL.communities * SMALL.cells * 2
    assert all(place.cells[grid] in codes for place in made.roster.places.values() for grid in Grid)
    assert sum(post.holder is None for post in made.roster.posts) == round(SMALL.vacant * len(codes))
    assert set(made.roster.neighbours) == codes


def test_somebody_is_on_duty_at_every_hour() -> None:
    """One duty worker of each street and grid is on shift at any hour of a week."""
    made, policy = town(), Policy()
    for grid in Grid:
        crew = [made.roster.people[one] for one in sorted(made.duty) if made.roster.people[one].grid is grid]
        for hour in range(7 * 24):
            assert sum(on_shift(one, policy.calendar, MONDAY + hour * HOUR_MS) for one in crew) == 1, hour


def test_the_script_keeps_to_its_days() -> None:
    """Everything begins within the days asked for, storms included, in the order of time."""
    script = write(town(), MONDAY, 10, 1)
    starts = [alarm.start_ms for alarm in script.alarms]
    assert starts == sorted(starts)
    assert starts[0] >= MONDAY
    assert starts[-1] < MONDAY + 11 * DAY_MS
    assert 0 < script.reports < len(script.alarms)


def test_the_page_names_every_way() -> None:
    """The page has a column for each way, and a line for everybody above twice the median."""
    text = page([small()])
    for way in small().ways:
        assert way.name in text
    for much in small().ways[0].much:
        assert f"| {much.code} | {much.tasks} |" in text
