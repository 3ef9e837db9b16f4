"""Fair across load: what is counted of somebody beside what is counted of those with a like load. Pure.

Who has many tasks is late more often than who has few, and says nothing about either. So a share is compared with that
of all peers together whose load is at most half as much again, or at least two thirds. The intervals hold for all
comparisons of an indicator at once: of 250 workers who are all alike, in 19 reports of 20 not one is named.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.ports.evaluation import Indicator, Share, Standing, Tally
from core.readings import Int64s
from dispatch.proportions import LEVEL, difference, wilson, z_of

MINUTE_MS = 60_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """What is in time, and from how many on something is said. The figures are this project's proposals.

    Attributes:
        filing_ms: from the beginning until a case is filed.
        dispatch_ms: by how much telling its worker may be put off.
        enough: of what a share is judged; enough_skill: of one person's cases of one skill.
        enough_lacking: times that somebody was passed over for lack of a skill.
        like_load: a load is like another that is at most so many times as big, or as small.
        peers: that there must be.
    """

    filing_ms: int = 15 * MINUTE_MS
    dispatch_ms: int = 15 * MINUTE_MS
    enough: int = 20
    enough_skill: int = 10
    enough_lacking: int = 5
    like_load: float = 1.5
    peers: int = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """What was counted of one; compared with others of the same ``kind``, with nobody if it is empty."""

    key: str
    kind: str
    load: float
    tallies: Mapping[Indicator, Tally]


def shares(counted: Sequence[Counted], bounds: Bounds, less_is_better: Collection[Indicator]) -> dict[str, list[Share]]:
    """The shares of each, by key, in the order of the indicators."""
    made: dict[str, list[Share]] = {one.key: [] for one in counted}
    for indicator in Indicator:
        peers = _peers(counted, indicator, bounds)
        tallies = {one.key: one.tallies.get(indicator, Tally()) for one in counted}
        compared = sum(1 for key, other in peers.items() if min(tallies[key].whole, other.whole) >= bounds.enough)
        z = z_of(LEVEL, max(compared, 1))
        for key, tally in tallies.items():
            standing = _standing(tally, peers.get(key), bounds, z, indicator in less_is_better)
            made[key].append(share_of(indicator, tally, standing, peers.get(key)))
    return made


def share_of(indicator: Indicator, tally: Tally, standing: Standing, peers: Tally | None) -> Share:
    """A tally as a share with its interval."""
    low, high = wilson(tally.part, tally.whole)
    value = tally.part / tally.whole if tally.whole else None
    return Share(indicator=indicator, tally=tally, value=value, low=low, high=high, standing=standing, peers=peers)


def _peers(counted: Sequence[Counted], indicator: Indicator, bounds: Bounds) -> dict[str, Tally]:
    """What was counted of all peers together, by key; those with too few peers have no entry."""
    found: dict[str, Tally] = {}
    for kind in {one.kind for one in counted if one.kind}:
        some = sorted((one for one in counted if one.kind == kind and one.load > 0), key=lambda one: one.load)
        load = np.array([one.load for one in some])
        own = [one.tallies.get(indicator, Tally()) for one in some]
        part, whole, excused = (_sums([getattr(one, name) for one in own]) for name in ("part", "whole", "excused"))
        first = np.searchsorted(load, load / bounds.like_load * (1 - 1e-9), side="left").tolist()
        last = np.searchsorted(load, load * bounds.like_load * (1 + 1e-9), side="right").tolist()
        for one, mine, begin, end in zip(some, own, first, last, strict=True):
            if end - begin - 1 >= bounds.peers:
                found[one.key] = Tally(
                    int(part[end] - part[begin]) - mine.part,
                    int(whole[end] - whole[begin]) - mine.whole,
                    int(excused[end] - excused[begin]) - mine.excused,
                )
    return found


def _sums(counts: Sequence[int]) -> Int64s:
    """Sums of the first 0, 1, … n counts: int64[n + 1]."""
    made: Int64s = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.array(counts, np.int64))])
    return made


def _standing(tally: Tally, peers: Tally | None, bounds: Bounds, z: float, less: bool) -> Standing:
    if tally.whole < bounds.enough:
        return Standing.FEW
    if peers is None or peers.whole < bounds.enough:
        return Standing.ALONE
    low, high = difference((tally.part, tally.whole), (peers.part, peers.whole), z)
    if low <= 0 <= high:
        return Standing.LIKE
    return Standing.BETTER if (low > 0) != less else Standing.WORSE
