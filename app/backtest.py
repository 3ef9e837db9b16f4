"""A backtest: stored readings through the rules, stretch by stretch, with progress and a way to stop.

The engine's replay decides (``rules.engine.replay``); here it gets its readings. The time is cut at midnight UTC,
as the store's files are; within a stretch the points go by in pieces, so memory does not grow with their number.
Whoever stops it gets the answer up to the last whole stretch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.calendar import SiteCalendar
from core.places import ClassMembers
from core.ports.store import PastReadings
from rules.engine.replay import BATCH_MS, FoundAlarm, Replay
from rules.rule_set import RuleSet
from rules.sight_replay import PastOutage, Scenery, SightReplay, SupplyAlarm

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
_READINGS_AT_ONCE = 2_000_000
_PATIENCE_S = 5.0
"""So long outages are looked for after a stop."""
_ROWS_A_STRETCH = 60_000_000
"""Readings of one stretch at most, so that what windows look back at fits in memory."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What is to be replayed.

    Attributes:
        rules: the rules in question.
        in_force: the rules in force under the same ids, to compare with; ``None`` when they are the same ones.
        members: the facilities looked at.
        from_ms, to_ms: the time.
        calendar: of the sites, for the rules that ask for it.
        whole: all facilities, for the rules that reach across facilities; ``None`` when ``members`` are all.
        scenery: what hangs where, to replay outages too; ``None``: they are not asked for.
        batch_ms: of the rules that reach across facilities; longer ones cost less; the alarms are the same.
    """

    rules: RuleSet
    in_force: RuleSet | None
    members: Mapping[str, ClassMembers]
    from_ms: int
    to_ms: int
    calendar: SiteCalendar | None = None
    whole: Mapping[str, ClassMembers] | None = None
    scenery: Scenery | None = None
    batch_ms: int = BATCH_MS


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far it is.

    Attributes:
        share: of the time, 0 to 1.
        until_ms: event time looked at.
        readings: judged so far.
        spent_s: since the beginning; left_s: what it will take at this pace.
    """

    share: float
    until_ms: int
    readings: int
    spent_s: float
    left_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the rules would have said.

    Attributes:
        alarms: of the rules in question; in_force: of those in force, empty without any.
        outages: alarms of sight; ``None``: not looked for, or stopped while they were.
        until_ms: up to where; whole: not stopped before.
        holds_from_ms: from when on it holds: readings before may be gone, or windows were not full.
        raw_from_ms: readings before are gone because of their age; 0: none.
        first_ms: the first reading that was found; ``None``: there are none.
        readings: judged; points: read; facilities: looked at.
        spent_s: how long it took.
    """

    alarms: tuple[FoundAlarm, ...]
    in_force: tuple[FoundAlarm, ...]
    until_ms: int
    whole: bool
    holds_from_ms: int
    raw_from_ms: int
    first_ms: int | None
    readings: int
    points: int
    facilities: int
    spent_s: float
    outages: tuple[PastOutage, ...] | None = None


class Backtest:
    """One run; ``stop`` may be called from a signal handler or another thread."""

    def __init__(self, question: Question, past: PastReadings) -> None:
        """Prepare.

        Raises:
            Refused: if the facilities do not fit together (see ``Replay``).
            Unavailable: if the store does not answer.
        """
        self._question, self._past = question, past
        self._replay = Replay(question.rules, question.members, question.calendar, question.whole, question.batch_ms)
        self._other = (
            None
            if question.in_force is None
            else Replay(question.in_force, question.members, question.calendar, question.whole, question.batch_ms)
        )
        replays = [self._replay] if self._other is None else [self._replay, self._other]
        self._replays: Sequence[Replay] = replays
        self._raw_from_ms = past.raw_from_ms()
        lead_ms = max(lead_in_ms(question.rules), 0 if question.in_force is None else lead_in_ms(question.in_force))
        self._begin_ms = max(question.from_ms - lead_ms, self._raw_from_ms)
        self._holds_from_ms = max(question.from_ms, min(self._begin_ms + lead_ms, question.to_ms))
        self._until_ms = self._begin_ms
        self._sight = None if question.scenery is None else SightReplay(question.scenery, self._begin_ms)
        read = [replay.points for replay in replays] + ([] if self._sight is None else [self._sight.points])
        self._points = np.unique(np.concatenate(read))
        self._first_ms: int | None = None
        self._stopped = False
        self._began_s = time.monotonic()

    def stop(self) -> None:
        """End with what there is."""
        self._stopped = True

    def run(self, tell: Callable[[Progress], None]) -> Answer:
        """Replay everything; ``tell`` hears of the progress after each stretch."""
        for begin_ms, end_ms in stretches(self._begin_ms, self._question.to_ms, len(self._points)):
            if not self._stretch(begin_ms, end_ms):
                break
            tell(self._progress())
        question, alarms = self._question, tuple(self._replay.alarms())
        sizes = [len(group) for name, group in question.members.items() if question.rules.of_class(name)]
        return Answer(
            alarms=alarms,
            outages=self._outages(alarms),
            in_force=() if self._other is None else tuple(self._other.alarms()),
            until_ms=self._until_ms,
            whole=self._until_ms >= question.to_ms,
            holds_from_ms=self._holds_from_ms,
            raw_from_ms=self._raw_from_ms,
            first_ms=self._first_ms,
            readings=self._replay.readings,
            points=len(self._replay.points),
            facilities=sum(sizes),
            spent_s=time.monotonic() - self._began_s,
        )

    def _outages(self, alarms: Sequence[FoundAlarm]) -> tuple[PastOutage, ...] | None:
        """What sight would have announced; nothing if that takes long after a stop."""
        if self._sight is None:
            return None
        supplies = [
            SupplyAlarm(rule_id=one.rule.id, facility=one.facility, interval=one.interval)
            for one in alarms
            if one.rule.info.supply
        ]
        began_s, cut = time.monotonic(), [False]

        def stopped() -> bool:
            cut[0] = self._stopped and time.monotonic() - began_s > _PATIENCE_S
            return cut[0]

        found = self._sight.outages(supplies, stopped)
        return None if cut[0] else found

    def _stretch(self, begin_ms: int, end_ms: int) -> bool:
        """Read and judge one stretch; false when it was stopped in between, and nothing of it counts."""
        at_once = max(1, _READINGS_AT_ONCE * 10_000 // (end_ms - begin_ms))
        for piece in self._past.stretch(self._points, begin_ms, end_ms, at_once):
            if self._stopped:
                return False
            if not len(piece):
                continue
            if self._first_ms is None:
                self._first_ms = end_ms
            self._first_ms = min(self._first_ms, int(piece.time_ms.min()))
            for replay in self._replays:
                replay.take(piece)
            if self._sight is not None:
                self._sight.take(piece)
        if self._stopped:
            return False
        for replay in self._replays:
            replay.close(end_ms - 1)
        if self._sight is not None:
            self._sight.close(end_ms - 1)
        self._until_ms = end_ms
        return True

    def _progress(self) -> Progress:
        whole_ms = max(1, self._question.to_ms - self._begin_ms)
        share = (self._until_ms - self._begin_ms) / whole_ms
        spent_s = time.monotonic() - self._began_s
        return Progress(
            share=share,
            until_ms=self._until_ms,
            readings=self._replay.readings,
            spent_s=spent_s,
            left_s=spent_s * (1 - share) / share if share else 0.0,
        )


def lead_in_ms(rules: RuleSet) -> int:
    """How long before the time in question readings are needed: windows fill, and times of ``for`` run."""
    longest = max((rule.for_ms for rule in rules.rules), default=0)
    return rules.longest_window_ms + longest + HOUR_MS


def stretches(from_ms: int, to_ms: int, points: int) -> Iterator[tuple[int, int]]:
    """[from, to) cut at midnight UTC, and finer where a day of so many points would be too much at once."""
    most_ms = _ROWS_A_STRETCH * 10_000 // max(1, points)
    step_ms = DAY_MS
    while step_ms > most_ms and step_ms > HOUR_MS:
        step_ms //= 2
    at_ms = from_ms
    while at_ms < to_ms:
        end_ms = min((at_ms // step_ms + 1) * step_ms, to_ms)
        yield at_ms, end_ms
        at_ms = end_ms
