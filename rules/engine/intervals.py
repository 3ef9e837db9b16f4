"""The alarm intervals computed so far, by machine, and which of them may differ from what was announced."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence

from core.alarms import Interval
from rules.columns import BEGINNING_MS, Indices
from rules.engine.machines import Switches


class IntervalBook:
    """Intervals of each machine in time order; the last may be on."""

    def __init__(self) -> None:
        """No alarms."""
        self._of: dict[int, list[Interval]] = {}
        self._changed: dict[int, int] = {}

    def of(self, machine: int) -> Sequence[Interval]:
        """The intervals of one machine."""
        return self._of.get(machine, ())

    def machines(self) -> Iterable[int]:
        """All machines that have intervals."""
        return self._of.keys()

    def record(self, switches: Iterable[Switches], index: Indices | None = None) -> None:
        """Write down what has switched; ``index`` leads from the machines named there to those of this book."""
        for part in switches:
            machine = part.machine if index is None else index[part.machine]
            rows = zip(machine.tolist(), part.at_ms.tolist(), part.since_ms.tolist(), part.on.tolist(), strict=True)
            for number, at_ms, since_ms, on in rows:
                if on:
                    self.begin(number, Interval(start_ms=at_ms, stop_ms=None, since_ms=since_ms))
                else:
                    self._end(number, at_ms)

    def begin(self, machine: int, interval: Interval) -> None:
        """One more interval, later than all others of the machine."""
        self._of.setdefault(machine, []).append(interval)
        self.touch(machine, interval.start_ms)

    def _end(self, machine: int, stop_ms: int) -> None:
        last = self._of[machine][-1]
        self.touch(machine, stop_ms)
        if stop_ms <= last.start_ms:
            # Only where a saved state was taken before a late reading of that very moment: the alarm never was.
            self._of[machine].pop()
            return
        self._of[machine][-1] = Interval(start_ms=last.start_ms, stop_ms=stop_ms, since_ms=last.since_ms)

    def cut(self, machine: int, at_ms: int) -> None:
        """Forget what was not over at ``at_ms``: it is computed anew."""
        kept = [interval for interval in self._of.get(machine, ()) if _over(interval, at_ms)]
        self.touch(machine, at_ms)
        if kept:
            self._of[machine] = kept
        else:
            self._of.pop(machine, None)

    def put(self, machine: int, intervals: list[Interval]) -> None:
        """Keep others in the place of a machine's intervals that say the same; at least one."""
        self._of[machine] = intervals

    def drop_before(self, oldest_ms: int, needed: Mapping[int, Container[int]]) -> None:
        """Forget intervals that were over before ``oldest_ms``: nothing can change them any more.

        Those whose starts are ``needed``, by machine, stay.
        """
        for machine, intervals in list(self._of.items()):
            wanted = needed.get(machine, ())
            kept = [interval for interval in intervals if not _over(interval, oldest_ms) or interval.start_ms in wanted]
            if len(kept) < len(intervals):
                if kept:
                    self._of[machine] = kept
                else:
                    del self._of[machine]

    def touch(self, machine: int, from_ms: int = BEGINNING_MS) -> None:
        """Have a machine compared with what was announced; nothing is different before ``from_ms``."""
        self._changed[machine] = min(from_ms, self._changed.get(machine, from_ms))

    def take_changed(self) -> Mapping[int, int]:
        """Machines whose intervals may differ from what was announced, ascending, and from when on."""
        changed, self._changed = dict(sorted(self._changed.items())), {}
        return changed


def _over(interval: Interval, at_ms: int) -> bool:
    return interval.stop_ms is not None and interval.stop_ms <= at_ms
