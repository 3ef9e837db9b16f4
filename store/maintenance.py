"""When to flush, merge, close and forget; the rounds that keep the store small and quick.

A round may be killed anywhere: files become visible in one transaction (``StoreState.switch``), and files that are
not in the manifest are deleted at the next start. The background thread flushes when the hot table is full and merges
the smallest segments; merging is left to ``maintain``, which the owner calls in its quiet moments.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core import faultpoints
from core.clock import Clock
from core.errors import Unavailable
from core.ports.store import Maintenance
from store.aggregates import DAY_MS
from store.catalog import CLOSED, Catalog, Change, Segment
from store.compaction import Compacted, Compactor, window_of
from store.database import translated
from store.retention import expire
from store.settings import StoreSettings
from store.state import StoreState

_LOG = logging.getLogger(__name__)
_RETRY_S = 5.0


@dataclass(frozen=True, slots=True)
class _Merge:
    segments: tuple[Segment, ...]
    level: int


class Maintainer:
    """Owns the background thread; one round at a time."""

    def __init__(self, state: StoreState, settings: StoreSettings, clock: Clock) -> None:
        """Start the thread; ``close`` ends it."""
        self._state, self._settings, self._clock = state, settings, clock
        self._round = threading.Lock()
        self._wake = threading.Event()
        self._stop = False
        self.failures = 0
        self._compactor = Compactor(state.folder, settings, state.database.meta("next_number", 1))
        self._thread = threading.Thread(target=self._run, name="store-flush", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """The hot table is full."""
        self._wake.set()

    def close(self) -> None:
        """End the thread after the round it is in."""
        self._stop = True
        self._wake.set()
        self._thread.join()

    def maintain(self, now_ms: int) -> Maintenance:
        """One round: flush, merge, close days, retention, history."""
        with self._round, translated("compact"):
            done = Maintenance()
            if self._flush_is_due(now_ms):
                done = self._flush(now_ms)
            for job in due_merges(self._state.view().catalog, now_ms, self._settings):
                done = self._merge(job, now_ms, done)
            self._close_days(now_ms)
            done = self._forget(now_ms, done)
            with self._state.commits:
                self._state.drop_history(now_ms)
            return done

    def flush(self, now_ms: int) -> Maintenance:
        """Write the hot readings to segments, whatever their number."""
        with self._round, translated("write segments"):
            done = self._flush(now_ms)
            with self._state.commits:
                self._state.drop_history(now_ms)
            return done

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            if self._stop:
                return
            try:
                self.flush(self._clock.now_ms())
                self._merge_small(self._clock.now_ms())
            except Unavailable as error:
                self.failures += 1
                _LOG.error("hot readings could not be written to segments", extra={"error": str(error)})
                if not self._stop:
                    self._wake.wait(_RETRY_S)
                    self._wake.set()

    def _merge_small(self, now_ms: int) -> None:
        """Merge what several flushes have left of one day, so that a query meets few segments at any rate of ingest."""
        with self._round, translated("compact"):
            for job in due_merges(self._state.view().catalog, now_ms, self._settings):
                if job.level == 1 and not self._stop:
                    self._merge(job, now_ms, Maintenance())

    def _flush_is_due(self, now_ms: int) -> bool:
        with self._state.commits:
            age_ms = now_ms - self._state.generations[-1].created_ms
        rows = self._state.hot_rows()
        return rows > 0 and (rows >= self._settings.hot_rows_max or age_ms >= self._settings.hot_age_s * 1000)

    def _flush(self, now_ms: int) -> Maintenance:
        with self._state.commits:
            self._state.require_sound()
            blocks = self._state.rotate()
        if not blocks:
            return Maintenance()
        sequence = self._state.generations[-1].number - 1
        with self._state.breaking():  # what a failure leaves on the disk is deleted when the store is read anew
            compacted = self._compactor.flush(blocks, sequence, now_ms)
        days = frozenset(segment.day for segment in compacted.segments)
        self._switch(Change(added=compacted.segments, reopened=days), compacted, flushed=True)
        return Maintenance(segments_written=len(compacted.segments), readings_compacted=sum(map(len, blocks)))

    def _merge(self, job: _Merge, now_ms: int, done: Maintenance) -> Maintenance:
        with self._state.breaking():
            compacted = self._compactor.merge_day(job.segments, job.level, now_ms)
        self._switch(Change(added=compacted.segments, removed=job.segments), compacted)
        return replace(
            done,
            segments_written=done.segments_written + len(compacted.segments),
            readings_compacted=done.readings_compacted + sum(segment.rows for segment in job.segments),
            segments_dropped=done.segments_dropped + len(job.segments),
        )

    def _close_days(self, now_ms: int) -> None:
        """Write the hours of days that are over and in one segment."""
        catalog = self._state.view().catalog
        due = closable_days(catalog, now_ms, self._settings)
        for window in sorted({window_of(day) for day in due}):
            days = {day for day in due if window_of(day) == window}
            old = next((file for file in catalog.hours if file.window == window), None)
            segments = [segment for segment in catalog.segments if segment.day in days]
            hours = self._compactor.build_hours(window, old, segments, days)
            self._switch(
                Change(
                    hours_added=() if hours is None else (hours,),
                    hours_removed=() if old is None else (old,),
                    closed=frozenset(days),
                )
            )

    def _forget(self, now_ms: int, done: Maintenance) -> Maintenance:
        catalog = self._state.view().catalog
        change = expire(catalog, now_ms, self._settings, self._state.database.size())
        if not change.removed:
            return done
        self._switch(change)
        freed = sum(one.size for one in change.removed) - sum(one.size for one in change.added)
        return replace(
            done,
            segments_dropped=done.segments_dropped + len(change.removed),
            bytes_freed=done.bytes_freed + freed,
        )

    def _switch(self, change: Change, found: Compacted | None = None, *, flushed: bool = False) -> None:
        faultpoints.hit("store.compact.before_switch")
        with self._state.commits:
            self._state.require_sound()
            with self._state.breaking():
                self._state.switch(change, found, flushed=flushed)
            self._state.commits.notify_all()
        faultpoints.hit("store.compact.after_switch")


def due_merges(catalog: Catalog, now_ms: int, settings: StoreSettings) -> list[_Merge]:
    """Which segments of which day are to become one."""
    jobs = []
    for day in catalog.days():
        segments = catalog.of_day(day)
        if _is_over(day, now_ms, settings):
            if len(segments) > 1 and _worth_closing(segments, now_ms, settings):
                jobs.append(_Merge(tuple(segments), CLOSED))
            continue
        for level in sorted({segment.level for segment in segments}):
            same = [segment for segment in segments if segment.level == level]
            if len(same) >= settings.fan_in:
                jobs.append(_Merge(tuple(same), level + 1))
    return jobs


def closable_days(catalog: Catalog, now_ms: int, settings: StoreSettings) -> set[int]:
    """Days that are over, lie in one segment, and whose hours are not current."""
    return {
        day
        for day in catalog.days()
        if day not in catalog.closed and _is_over(day, now_ms, settings) and len(catalog.of_day(day)) == 1
    }


def _is_over(day: int, now_ms: int, settings: StoreSettings) -> bool:
    return (day + 1) * DAY_MS + settings.close_grace_s * 1000 <= now_ms


def _worth_closing(segments: Sequence[Segment], now_ms: int, settings: StoreSettings) -> bool:
    """A day that was closed before waits until its late readings are worth rewriting it."""
    overlays = [segment for segment in segments if segment.level != CLOSED]
    if len(overlays) == len(segments) or len(overlays) >= settings.fan_in:
        return True
    return any(segment.written_ms + settings.overlay_age_s * 1000 <= now_ms for segment in overlays)
