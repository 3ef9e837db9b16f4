"""When each boot began whose readings wait for a date."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gateway.chunk import Chunk


def boot_starts(
    chunks: Sequence[Chunk], boot: str, boot_wall_ms: int, newest_before: Callable[[int], int]
) -> dict[str, int]:
    """Wall-clock time at which each boot began: known for this one, bounded by the neighbours for earlier ones.

    A boot that never saw a set clock ended before the next one began; it is placed as late as that allows, but after
    what was dated before it.

    Args:
        chunks: those that wait for a date, in the order in which they were read.
        boot: this boot.
        boot_wall_ms: when this boot began.
        newest_before: newest event time of dated chunks below an offset; 0 if there is none.
    """
    starts = {boot: boot_wall_ms}
    latest_ms = boot_wall_ms
    for earlier in reversed(list(dict.fromkeys(chunk.boot for chunk in chunks))):
        if earlier == boot:
            continue
        its = [chunk for chunk in chunks if chunk.boot == earlier]
        begin_ms = latest_ms - max(chunk.to_ms for chunk in its)
        after_ms = newest_before(its[0].span.first)
        if after_ms:
            begin_ms = max(begin_ms, after_ms + 1 - min(chunk.from_ms for chunk in its))
        starts[earlier] = latest_ms = begin_ms
    return starts
