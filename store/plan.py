"""Which tier answers which stretch of a roll-up query.

Roll-ups of two sources add up only if no reading is in both, and two sources of one day may hold the same millisecond
of the same point (a late copy, a second spool). So time is cut, at whole buckets, into stretches. Where one source
alone has readings, its roll-ups are right; where several overlap, their readings are merged first. Sources written
one after the other overlap by seconds, so nearly all of a day is answered from roll-ups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Stretch:
    """[from_ms, to_ms) and the indices of the sources with readings in it, ascending."""

    from_ms: int
    to_ms: int
    sources: tuple[int, ...]


def cut(from_ms: int, to_ms: int, spans: Sequence[tuple[int, int]], grid_ms: int) -> list[Stretch]:
    """Cut [from_ms, to_ms) where the set of sources changes.

    Args:
        from_ms: begin, a multiple of ``grid_ms``.
        to_ms: end, a multiple of ``grid_ms``.
        spans: (oldest, newest) event time of each source, both inclusive.
        grid_ms: stretches begin and end at multiples of this.

    Returns:
        Stretches with at least one source, ascending, neighbours with the same sources joined.
    """
    widened = [
        (max(oldest // grid_ms * grid_ms, from_ms), min((newest // grid_ms + 1) * grid_ms, to_ms))
        for oldest, newest in spans
    ]
    edges = sorted({edge for span in widened if span[0] < span[1] for edge in span})
    stretches: list[Stretch] = []
    for begin, end in pairwise(edges):
        sources = tuple(index for index, (first, stop) in enumerate(widened) if first <= begin and end <= stop)
        if not sources:
            continue
        if stretches and stretches[-1].sources == sources and stretches[-1].to_ms == begin:
            begin = stretches.pop().from_ms
        stretches.append(Stretch(begin, end, sources))
    return stretches
