"""docs/alarms.md section 5, damping, read literally: piece by piece, nothing condensed, nothing left out."""

from __future__ import annotations

from collections.abc import Sequence

from core.alarms import Interval, Piece, SeverityStep

FIFTH, TEN_MIN_MS, FIVE_MIN_MS = 5, 600_000, 300_000


class _Alarm:
    """An alarm that flaps, as far as it has come."""

    def __init__(self, first: Interval, before: Sequence[Interval]) -> None:
        self.first = first
        self.pieces = [*before, first]
        self.own = [first]

    def until(self, horizon_ms: int) -> int | None:
        """When it has been quiet for long enough."""
        stop_ms = self.pieces[-1].stop_ms
        return stop_ms + FIVE_MIN_MS if stop_ms is not None and stop_ms + FIVE_MIN_MS <= horizon_ms else None

    def steps(self) -> tuple[SeverityStep, ...]:
        """Only rises, and falls of what has been on for as long as quiet would be."""
        found = list(self.first.steps)
        for piece in self.own[1:]:
            for at_ms, severity in piece.steps:
                shown = found[-1].severity
                if severity > shown or (severity < shown and at_ms - piece.start_ms >= FIVE_MIN_MS):
                    found.append(SeverityStep(at_ms, severity))
        return tuple(found)

    def announced(self, horizon_ms: int) -> Interval:
        """Told in full once it is over, in doublings while it is on."""
        every = [Piece(piece.start_ms, piece.stop_ms) for piece in self.pieces]
        stop_ms, flaps = self.until(horizon_ms), len(every)
        kept = every if flaps <= 20 else every[:10] + every[-10:]
        if stop_ms is None:
            flaps = max(count for count in (FIFTH * 2**power for power in range(40)) if count <= flaps)
            kept = every[: min(10, flaps - 1)]
        return Interval(
            start_ms=self.first.start_ms,
            stop_ms=stop_ms,
            since_ms=self.first.since_ms,
            steps=self.steps(),
            flaps=flaps,
            pieces=tuple(kept),
        )


def damped(pieces: Sequence[Interval], horizon_ms: int) -> list[Interval]:
    """The announced intervals of one rule and facility."""
    found: list[Interval] = []
    single: list[Interval] = []
    flapping: _Alarm | None = None
    for piece in pieces:
        if flapping is not None:
            before = flapping.pieces[-1].stop_ms
            assert before is not None
            if piece.start_ms - before <= FIVE_MIN_MS:
                flapping.pieces.append(piece)
                flapping.own.append(piece)
                continue
            found.append(flapping.announced(horizon_ms))
            flapping, single = None, []
        near = [one for one in single if piece.start_ms - one.start_ms <= TEN_MIN_MS]
        if len(near) + 1 >= FIFTH:
            flapping = _Alarm(piece, near)
        else:
            single.append(piece)
            found.append(piece)
    if flapping is not None:
        found.append(flapping.announced(horizon_ms))
    return found
