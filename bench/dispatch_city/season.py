"""One season: the same city and the same script, given out by dispatch and by its rivals."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bench.dispatch_city.counting import Figures, figures
from bench.dispatch_city.naive import by_turns, nearest, ours
from bench.dispatch_city.script import DAY_MS, write
from bench.dispatch_city.town import FIRST_DAY, LIFT_PAPER, SEASON_DAYS, Size, found
from bench.dispatch_city.work import Begin, CityPlay
from core.alarms import Severity
from core.ports.cases import Mode
from dispatch.modes import ClassWishes
from dispatch.policy import Policy
from dispatch.worktime import SHANGHAI

POLICY = Policy(classes={"elevator": ClassWishes(certificate=LIFT_PAPER)})
TURNING = replace(POLICY, modes=dict.fromkeys(Severity, Mode.ROTATE))
WAYS: Mapping[str, tuple[Begin, Policy]] = {
    "dispatch": (ours, POLICY),
    "dispatch, rotating": (ours, TURNING),
    "nearest": (nearest, POLICY),
    "round robin": (by_turns, POLICY),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What is to be simulated; ``rate``: times the usual number of alarms and reports."""

    size: Size = field(default_factory=Size)
    days: int = SEASON_DAYS
    seed: int = 1
    rate: float = 1.0
    ways: Sequence[str] = tuple(WAYS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Season:
    """What came out: the script's numbers, and the figures of each way."""

    wish: Wish
    facilities: int
    posts: int
    vacant: int
    people: int
    alarms: int
    reports: int
    storms: int
    ways: Sequence[Figures]


def season(wish: Wish) -> Season:
    """Draw the city and the script, and let each way give out its tasks."""
    town = found(wish.size, wish.seed)
    begin_ms = int(datetime.combine(FIRST_DAY, datetime.min.time(), SHANGHAI).timestamp() * 1000)
    script = write(town, begin_ms, wish.days, wish.seed, wish.rate)
    ways = []
    for name in wish.ways:
        began_s = time.process_time()
        begin, policy = WAYS[name]
        play = CityPlay(town, policy, script, wish.seed, begin)
        came = play.run(script.alarms, begin_ms, begin_ms + wish.days * DAY_MS)
        ways.append(figures(name, play, came, script, policy, time.process_time() - began_s))
    posts = town.roster.posts
    return Season(
        wish=wish,
        facilities=len(town.roster.places),
        posts=len(posts),
        vacant=sum(post.holder is None for post in posts),
        people=sum(one.grid is not None and not one.supervisor for one in town.roster.people.values()),
        alarms=len(script.alarms) - script.reports,
        reports=script.reports,
        storms=len(script.storms),
        ways=ways,
    )
