"""Which alarms flap, what is announced of them and when they end: ``rules.damping`` beside the running engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.alarms import AnnouncedAlarm, Interval
from rules.columns import Ints
from rules.damping import FLAPS, HOLD_MS, WITHIN_MS, condensed, episodes, prolonged, shown
from rules.engine.intervals import IntervalBook
from rules.engine.layout import Layout
from rules.engine.levels import Levels
from rules.engine.saved import SavedStates

MARGIN_MS = WITHIN_MS + HOLD_MS
"""What was over so long before a moment says nothing about whether something flaps then."""
_FEW = 2 * FLAPS


class Flapping:
    """What is to be remembered of the alarms that flap; everything follows from the book and the announced alarms."""

    def __init__(self, layout: Layout, levels: Levels, book: IntervalBook) -> None:
        """Nothing flaps."""
        self._facility = layout.machine_facility
        self._levels = levels
        self._book = book
        self._ends: dict[int, int] = {}
        self._flapped: set[int] = set()
        self._episodes: dict[int, Interval] = {}
        self._believed: dict[int, Interval] = {}

    def believe(self, machine: int, told: Interval) -> None:
        """What was announced of a level, for which no journal speaks later; if it flaps it goes on to."""
        if told.flaps and self._levels.among(machine):
            self._believed[machine] = told

    def wake(self, horizon_ms: Ints) -> None:
        """Have those compared that have been quiet long enough, ``horizon_ms[facility]`` being looked at."""
        for machine, end_ms in self._ends.items():
            if horizon_ms[self._facility[machine]] >= end_ms:
                self._book.touch(machine, end_ms)

    def damped(
        self,
        machine: int,
        pieces: Sequence[Interval],
        old: Sequence[AnnouncedAlarm],
        *,
        past_ms: int,
        horizon_ms: int,
        from_ms: int,
    ) -> Sequence[Interval]:
        """What is announced of a rule and facility.

        Args:
            machine: that stands for them.
            pieces: as computed.
            old: as announced.
            past_ms: what began up to then and flapped is as it was announced: what made it flap may be forgotten.
            horizon_ms: up to where its facility has been looked at.
            from_ms: nothing has changed before.
        """
        believed = self._believed.get(machine)
        told = [one.interval for one in old] if believed is None else [believed]
        told = [one for one in told if one.flaps and one.start_ms <= past_ms]
        found = self._found(machine, pieces, told, past_ms, horizon_ms, from_ms)
        if believed is not None:
            same = [one for one in found if one.start_ms == believed.start_ms]
            self._believed[machine] = same[0] if same else believed
        return found

    def _found(
        self,
        machine: int,
        pieces: Sequence[Interval],
        told: Sequence[Interval],
        past_ms: int,
        horizon_ms: int,
        from_ms: int,
    ) -> Sequence[Interval]:
        """``told`` is what flapped and is as it was announced."""
        self._ends.pop(machine, None)
        begun = self._episodes.get(machine)
        if begun is not None and begun.stop_ms is not None and begun.stop_ms < from_ms:
            episode = prolonged(begun, pieces)
            if episode is not None:
                return [self._seen(machine, episode, horizon_ms)]
        self._episodes.pop(machine, None)
        if len(pieces) < FLAPS and not told and not any(piece.flaps for piece in pieces):
            return pieces
        known = next((one for one in told if one.stop_ms is None or one.stop_ms > past_ms), None)
        found, episode = episodes(pieces, known, from_ms)
        if any(one.flaps for one in found):
            self._flapped.add(machine)
        if episode is not None:
            found.append(self._seen(machine, episode, horizon_ms))
        over = {(one.start_ms, one.stop_ms): one for one in told if one is not known}
        if over:
            found = [_as_told(one, over.get((one.start_ms, one.stop_ms))) for one in found]
        return found

    def _seen(self, machine: int, episode: Interval, horizon_ms: int) -> Interval:
        """What flaps, as it is announced; where its condition is off now it is remembered, so that it is counted on."""
        told = shown(episode, horizon_ms)
        if told.stop_ms is not None:
            self._episodes.pop(machine, None)
            return told
        self._flapped.add(machine)
        if episode.stop_ms is not None:
            self._ends[machine] = episode.stop_ms + HOLD_MS
            self._episodes[machine] = episode
        return told

    def condense(self, saved: SavedStates) -> None:
        """Keep one piece of what flapped between two saved states: no re-evaluation begins in between."""
        settled: list[int] = []
        for machine in self._flapped:
            pieces = self._book.of(machine)
            if len(pieces) > _FEW or self._levels.among(machine):  # of a level no more is announced than its pieces say
                bounds = sorted({int(state.at_ms[self._facility[machine]]) for state in saved.states})
                self._book.put(machine, condensed(pieces, bounds))
                self._episodes.pop(machine, None)  # a piece may hold some that were counted and some that were not
            if not pieces or _settled(pieces[-1], self._ends.get(machine)):
                settled.append(machine)
        self._flapped.difference_update(settled)


def _settled(last: Interval, end_ms: int | None) -> bool:
    """Whether what flapped has ended: it is off, and nothing waits for it to have been quiet."""
    return last.stop_ms is not None and end_ms is None


def _as_told(one: Interval, told: Interval | None) -> Interval:
    return one if told is None or one.flaps else replace(one, flaps=told.flaps, pieces=told.pieces)
