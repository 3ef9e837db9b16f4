"""The judge: committed readings in, alarm changes into the journal, on one thread.

``rules`` decides and has no I/O; this loop gives it readings, the time and its memory. It takes everything that waits,
lets the engine digest it, and writes what changed in one transaction of the journal. When the database does not
answer, the changes are kept and written later, in order; the readings go on being judged.

Recovery: the engine's snapshot stands for a commit number. At start the readings committed since are judged again, and
the result is compared with what the journal has announced, so a crash at any place opens nothing twice. If the store
no longer keeps that history, the engine starts from the readings of the last hours.

What the host holds is bounded: when more readings wait than ``max_waiting``, ``submit`` blocks the committer, which
stops acknowledging, which stops the gateways. The spools are the buffer.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from app.snapshot import write_snapshot
from core.alarms import AlarmChange, AnnouncedAlarm
from core.clock import Clock
from core.errors import Refused, Unavailable
from core.faultpoints import hit
from core.ports.journal import AlarmJournal
from core.ports.store import TimeSeriesStore
from core.readings import Readings, concat

log = logging.getLogger(__name__)


class Judging(Protocol):
    """The rules engine as the loop uses it; no I/O, no clock."""

    def ingest(self, batch: Readings, now_ms: int) -> None:
        """Judge committed readings, in any order."""
        ...

    def advance(self, now_ms: int) -> None:
        """Let time pass: timers, staleness, window slots, re-evaluations that have waited long enough."""
        ...

    def changes(self, now_ms: int) -> Sequence[AlarmChange]:
        """What differs from what was announced; it counts as announced from now on."""
        ...

    def announce(self, alarms: Sequence[AnnouncedAlarm]) -> None:
        """Replace what counts as announced by what the journal holds."""
        ...

    def snapshot(self) -> bytes:
        """The whole state."""
        ...


class Watching(Protocol):
    """Whoever sees what cannot be seen: "no data" and "gateway down" follow arrival and the wall clock."""

    def announce(self, alarms: Sequence[AnnouncedAlarm]) -> None:
        """What the journal holds."""
        ...

    def succeed(self, before: Any, now_ms: int) -> None:
        """Go on where another one of its kind stands."""
        ...

    def see(self, batch: Readings, now_ms: int) -> None:
        """Readings have arrived."""
        ...

    def learn(self, changes: Sequence[AlarmChange]) -> None:
        """The rules have announced something."""
        ...

    def changes(self, now_ms: int) -> Sequence[AlarmChange]:
        """What is to be announced now."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgeSettings:
    """Pace of the loop.

    Attributes:
        snapshot_path: where the engine's state is kept.
        snapshot_every_s: least time between two snapshots.
        sweep_every_s: how often time passes when nothing arrives.
        tick_every_s: how often the journal's own clocks are looked at.
        horizon_ms: how far back announced alarms are compared.
        warm_ms: how far back readings are judged when there is no history by commits.
        max_waiting: readings that may wait before the committer is held.
    """

    snapshot_path: Path
    snapshot_every_s: float = 30.0
    sweep_every_s: float = 0.25
    tick_every_s: float = 1.0
    horizon_ms: int = 7 * 86_400_000
    warm_ms: int = 6 * 3_600_000
    max_waiting: int = 4_000_000


class Judge:
    """The loop; a context manager that owns its thread."""

    def __init__(
        self, settings: JudgeSettings, *, engine: Judging, journal: AlarmJournal, store: TimeSeriesStore, clock: Clock
    ) -> None:
        """Prepare; ``recover`` and the context start it."""
        self._settings = settings
        self._engine = engine
        self._journal = journal
        self._store = store
        self._clock = clock
        self._waiting: deque[tuple[int, Readings]] = deque()
        self._size = 0
        self._room = threading.Condition()
        self._stopping = False
        self._unwritten: list[AlarmChange] = []
        self._renewal: Callable[[bytes], Judging] | None = None
        self._relief: Watching | None = None
        self._watchman: Watching | None = None
        self._judged = 0
        self._snapshot_at = 0.0
        self._tick_at = 0.0
        self._thread = threading.Thread(target=self._run, name="judge", daemon=True)
        self.counts: Counter[str] = Counter()
        self.failure: BaseException | None = None

    def recover(self, commit_number: int) -> None:
        """Judge again what was committed after ``commit_number`` (the snapshot's), and compare with the journal.

        Raises:
            core.errors.Unavailable: if journal or store do not answer.
        """
        now_ms = self._clock.now_ms()
        self._judged = commit_number
        self._engine.announce(self._journal.announced(now_ms - self._settings.horizon_ms))
        try:
            for number, readings in self._store.since(commit_number):
                self._replay(number, readings, now_ms)
        except Refused:
            log.warning("the store no longer keeps what followed the snapshot", extra={"commit": commit_number})
            points = self._store.latest().point
            recent = self._store.read(points, now_ms - self._settings.warm_ms, now_ms + 1)
            self._replay(self._store.durable(), recent, now_ms)
        self._engine.advance(now_ms)
        self._write(now_ms)

    def _replay(self, number: int, readings: Readings, now_ms: int) -> None:
        self._engine.ingest(readings, now_ms)
        self._judged = number
        self.counts["replayed_readings"] += len(readings)

    def submit(self, number: int, readings: Readings) -> None:
        """Hand over a commit, in commit order; blocks while too much waits."""
        with self._room:
            while self._size > self._settings.max_waiting and not self._stopping and self.failure is None:
                self.counts["pushed_back"] += 1
                self._room.wait(0.1)
            self._waiting.append((number, readings))
            self._size += len(readings)
            self._room.notify_all()

    def renew(self, make: Callable[[bytes], Judging]) -> None:
        """Let another engine go on where this one stands: the facilities have changed.

        Args:
            make: an engine from a snapshot; called by the loop between two rounds.
        """
        with self._room:
            self._renewal = make
            self._room.notify_all()

    def look_out(self, watchman: Watching) -> None:
        """Let this watchman see from the next round on: the first begins with what the journal holds."""
        with self._room:
            self._relief = watchman
            self._room.notify_all()

    @property
    def waiting(self) -> int:
        """Readings not judged yet."""
        return self._size

    @property
    def unwritten(self) -> int:
        """Alarm changes that wait for the database."""
        return len(self._unwritten)

    def __enter__(self) -> Judge:
        """Start the thread."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Judge what waits, write it down, keep the state, stop."""
        with self._room:
            self._stopping = True
            self._room.notify_all()
        self._thread.join(timeout=20)

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._round(self._take())
            self._round(self._take())
            self._keep()
        except BaseException as error:
            self.failure = error
            log.critical("the judge stopped", exc_info=error)
            raise

    def _take(self) -> list[tuple[int, Readings]]:
        with self._room:
            if not self._waiting and not self._stopping:
                self._room.wait(self._settings.sweep_every_s)
            taken = list(self._waiting)
            self._waiting.clear()
            self._size = 0
            self._room.notify_all()
            return taken

    def _round(self, taken: Sequence[tuple[int, Readings]]) -> None:
        now_ms = self._clock.now_ms()
        self._renew(now_ms)
        self._relieve(now_ms)
        if taken:
            batch = concat(readings for _, readings in taken)
            self._engine.ingest(batch, now_ms)
            if self._watchman is not None:
                self._watchman.see(batch, now_ms)
            self._judged = taken[-1][0]
            self.counts["readings"] += len(batch)
        self._engine.advance(now_ms)
        self._write(now_ms)
        self._pass_time(now_ms)

    def _renew(self, now_ms: int) -> None:
        if self._renewal is None or self._unwritten:
            return
        try:
            announced = self._journal.announced(now_ms - self._settings.horizon_ms)
        except Unavailable:  # the next round tries again
            self.counts["journal_failed"] += 1
            return
        make, self._renewal = self._renewal, None
        self._engine = make(self._engine.snapshot())
        self._engine.announce(announced)
        self.counts["renewals"] += 1

    def _relieve(self, now_ms: int) -> None:
        if self._relief is None or self._unwritten:
            return
        try:
            announced = self._journal.announced(now_ms - self._settings.horizon_ms)
        except Unavailable:  # the next round tries again
            self.counts["journal_failed"] += 1
            return
        before, self._watchman, self._relief = self._watchman, self._relief, None
        if before is None:
            self._watchman.announce(announced)
        else:
            self._watchman.succeed(before, now_ms)

    def _write(self, now_ms: int) -> None:
        changes = self._engine.changes(now_ms)
        if changes and self._watchman is not None:
            self._watchman.learn(changes)
        self._unwritten += changes
        if not self._unwritten:
            return
        hit("judge.before_journal")
        try:
            self._journal.apply(self._unwritten, now_ms)
        except Unavailable as error:
            self.counts["journal_failed"] += 1
            log.error(
                "alarm changes wait for the database", extra={"reason": str(error), "waiting": len(self._unwritten)}
            )
            time.sleep(0.2)
            return
        hit("judge.after_journal")
        self.counts["changes"] += len(self._unwritten)
        self._unwritten = []

    def _pass_time(self, now_ms: int) -> None:
        now_s = self._clock.monotonic_s()
        if now_s - self._tick_at >= self._settings.tick_every_s:
            self._tick_at = now_s
            if self._watchman is not None:
                self._unwritten += self._watchman.changes(now_ms)
            try:
                self._journal.tick(now_ms)
            except Unavailable as error:
                self.counts["journal_failed"] += 1
                log.error("the journal's clocks wait for the database", extra={"reason": str(error)})
        if now_s - self._snapshot_at >= self._settings.snapshot_every_s and not self._unwritten:
            self._snapshot_at = now_s
            self._keep()

    def _keep(self) -> None:
        """Write the snapshot; a failure costs a longer replay, nothing else."""
        if self._unwritten:
            return
        try:
            write_snapshot(self._settings.snapshot_path, self._judged, self._engine.snapshot())
            self.counts["snapshots"] += 1
        except OSError as error:
            self.counts["snapshots_failed"] += 1
            log.error("the rules' snapshot could not be written", extra={"reason": str(error)})
