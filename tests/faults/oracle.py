"""The oracle: what was served against what is stored, reading by reading.

Three witnesses are compared. The *ledger* of the simulated devices says which value was served when; every value names
its device, its place and its counter. The *store* says which reading it holds under which offset. The *offsets* say
what reached the spool: a spool numbers its readings without holes, so a hole among stored, quarantined and evicted
offsets is a reading that was promised and lost.

* **altered**: a stored value that was never served, or was served by another device or register.
* **dup**: one served value stored under two readings, or one offset stored twice.
* **lost**: a hole in the offsets, or a served value that is not stored although its gateway lived to commit it. Only
  what a gateway had read and not yet committed when it was killed is excused, and only the last reads before the kill.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Served:
    """The ledger, one row a value: key = device * 2**48 + index * 2**40 + counter."""

    key: Int64s
    value: NDArray[np.float64]
    device: Int64s
    served_ms: Int64s


@dataclass(frozen=True, kw_only=True, eq=False)
class Stored:
    """The store, one row a reading, with the key that its point and its value claim."""

    key: Int64s
    value: NDArray[np.float64]
    epoch: Int64s
    offset: Int64s
    node: Int64s


@dataclass(frozen=True, kw_only=True)
class Excuse:
    """Reads between these instants of these devices may be missing: their gateway died holding them."""

    from_ms: int
    to_ms: int
    devices: frozenset[int]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The count, and the first few culprits for the person who has to find the reason."""

    served: int
    stored: int
    lost: int
    dup: int
    altered: int
    excused: int
    evicted: int = 0
    culprits: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """Nothing lost, nothing twice, nothing altered."""
        return not (self.lost or self.dup or self.altered)

    def __str__(self) -> str:
        """One line."""
        line = f"lost={self.lost} dup={self.dup} altered={self.altered} gaps={self.evicted}"
        return f"{line} (served={self.served} stored={self.stored} excused={self.excused})"


def judge(
    served: Served,
    stored: Stored,
    *,
    excuses: Sequence[Excuse] = (),
    settled: Mapping[tuple[int, int], Sequence[tuple[int, int]]] | None = None,
) -> Verdict:
    """Compare the witnesses.

    Args:
        served: the ledger.
        stored: every reading in the store.
        excuses: kills of gateways.
        settled: (node, epoch) to offset ranges [first, stop) that ended in quarantine or in a gap record.
    """
    known = {int(key): position for position, key in enumerate(served.key.tolist())}
    position = np.array([known.get(key, -1) for key in stored.key.tolist()], np.int64)
    strange = position < 0
    wrong = ~strange & (served.value[np.maximum(position, 0)] != stored.value) if len(served.key) else strange
    altered = stored.key[strange | wrong]
    honest = stored.key[~(strange | wrong)]
    unique, counts = np.unique(honest, return_counts=True)
    holes, twice, hole_at = _offsets(stored, settled or {})
    missing = np.flatnonzero(~np.isin(served.key, unique))
    excused = _excused(served, missing, excuses)
    unexcused = served.key[missing[~excused]]
    return Verdict(
        served=len(served.key),
        stored=len(stored.key),
        lost=holes + len(unexcused),
        dup=int((counts - 1).sum()) + twice,
        altered=len(altered),
        excused=int(np.count_nonzero(excused)),
        evicted=sum(stop - first for ranges in (settled or {}).values() for first, stop in ranges),
        culprits={
            "lost": unexcused[:5].tolist(),
            "dup": unique[counts > 1][:5].tolist(),
            "altered": altered[:5].tolist(),
            "first hole (node, epoch, offset)": hole_at,
        },
    )


def _offsets(
    stored: Stored, settled: Mapping[tuple[int, int], Sequence[tuple[int, int]]]
) -> tuple[int, int, Sequence[int]]:
    """(holes, offsets stored twice, where the first hole is) over all spools.

    An epoch that begins above 0 is a hole, too: a kill takes nothing from a disk, so nothing was to be numbered anew.
    """
    holes = twice = 0
    where: Sequence[int] = ()
    for node, epoch in np.unique(np.stack([stored.node, stored.epoch]), axis=1).T.tolist():
        offsets = stored.offset[(stored.node == node) & (stored.epoch == epoch)]
        unique, counts = np.unique(offsets, return_counts=True)
        twice += int((counts - 1).sum())
        ranges = settled.get((node, epoch), ())
        end = max([int(unique[-1]) + 1, *(stop for _, stop in ranges)])
        covered = np.zeros(end, np.bool_)
        covered[unique] = True
        for first, stop in ranges:
            covered[first:stop] = True
        holes += int(np.count_nonzero(~covered))
        if not where and not covered.all():
            where = (node, epoch, int(np.argmin(covered)))
    return holes, twice, where


def _excused(served: Served, missing: NDArray[np.intp], excuses: Sequence[Excuse]) -> NDArray[np.bool_]:
    """Mask over ``missing``: served while a gateway that was about to die held it."""
    mask = np.zeros(len(missing), np.bool_)
    for excuse in excuses:
        at = served.served_ms[missing]
        theirs = np.isin(served.device[missing], list(excuse.devices))
        mask |= theirs & (at >= excuse.from_ms) & (at <= excuse.to_ms)
    return mask
