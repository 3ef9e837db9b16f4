"""What a day has changed: counts of alarms and cases over a span, and for how long facilities could not be seen.

Everything is decided over columns; ``STILL`` stands for an end that has not come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from core.ports.changes import CommunityChanges

STILL: Final = np.iinfo(np.int64).max

Longs = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True)
class Spells:
    """Stretches [start, stop) of facilities of communities; ``stop_ms`` is ``STILL`` while it goes on."""

    community: Longs
    facility: Longs
    start_ms: Longs
    stop_ms: Longs

    def at(self, moment_ms: int) -> Flags:
        """Which stand at a moment."""
        return (self.start_ms <= moment_ms) & (moment_ms < self.stop_ms)

    def began(self, from_ms: int, to_ms: int) -> Flags:
        """Which begin in [from, to)."""
        return (from_ms <= self.start_ms) & (self.start_ms < to_ms)

    def ended(self, from_ms: int, to_ms: int) -> Flags:
        """Which end in [from, to)."""
        return (from_ms <= self.stop_ms) & (self.stop_ms < to_ms)


def union_ms(spells: Spells, from_ms: int, to_ms: int) -> dict[int, int]:
    """Time within [from, to) in which a facility has any spell, added up over the facilities of each community.

    Spells of one facility that overlap count once.
    """
    start, stop = np.maximum(spells.start_ms, from_ms), np.minimum(spells.stop_ms, to_ms)
    kept = np.flatnonzero(start < stop)
    order = kept[np.lexsort((start[kept], spells.facility[kept]))]
    total: dict[int, int] = {}
    facility, reached = -1, from_ms
    for at in order:
        if spells.facility[at] != facility:
            facility, reached = int(spells.facility[at]), from_ms
        begin = max(int(start[at]), reached)
        if stop[at] > begin:
            community = int(spells.community[at])
            total[community] = total.get(community, 0) + int(stop[at]) - begin
            reached = int(stop[at])
    return total


def _tally(communities: Longs, which: Flags) -> dict[int, int]:
    found, counts = np.unique(communities[which], return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


def _facilities(spells: Spells, which: Flags) -> dict[int, int]:
    """Different facilities per community."""
    pairs = np.unique(np.stack([spells.community[which], spells.facility[which]]), axis=1)
    found, counts = np.unique(pairs[0], return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


def changes(
    *, conditions: Spells, sight: Spells, cases: Spells, late_ms: Longs, from_ms: int, to_ms: int
) -> Sequence[CommunityChanges]:
    """The figures of every community that any spell names, by number.

    Args:
        conditions: alarms of conditions above information, in event time.
        sight: what could not be seen, from the beginning of the span before.
        cases: from opening to closing.
        late_ms: per case the limit it is past while it is open; ``STILL`` where it is not.
        from_ms: where the span begins.
        to_ms: where it ends, itself not in it; the span before is of equal length.
    """
    before_ms = 2 * from_ms - to_ms
    unseen, unseen_before = union_ms(sight, from_ms, to_ms), union_ms(sight, before_ms, from_ms)
    alarmed = _facilities(conditions, conditions.at(from_ms))
    opened = _tally(conditions.community, conditions.began(from_ms, to_ms))
    ended = _tally(conditions.community, conditions.ended(from_ms, to_ms))
    stood = _tally(cases.community, cases.at(from_ms) & (cases.start_ms < from_ms))
    new = _tally(cases.community, cases.began(from_ms, to_ms))
    closed = _tally(cases.community, cases.ended(from_ms, to_ms))
    late = _tally(cases.community, (from_ms <= late_ms) & (late_ms < to_ms))
    known = np.unique(np.concatenate([conditions.community, sight.community, cases.community])).tolist()
    return [
        CommunityChanges(
            community=one,
            alarmed_before=alarmed.get(one, 0),
            alarms_opened=opened.get(one, 0),
            alarms_ended=ended.get(one, 0),
            cases_before=stood.get(one, 0),
            cases_opened=new.get(one, 0),
            cases_closed=closed.get(one, 0),
            overdue_new=late.get(one, 0),
            unseen_ms=unseen.get(one, 0),
            unseen_before_ms=unseen_before.get(one, 0),
        )
        for one in known
    ]
