"""Alarms against labels: what was found, what was false, over how much time. Deciding code, no files, no clock.

The words:

* A *fault* is a labelled stretch of time [start, stop) of one recording, perhaps of some measurements only.
* An alarm is *true* if it begins while a fault of a measurement its rule reads lasts, or at most the tolerance later.
  It is *left out* if it is not true and begins in a stretch that is left out of scoring. It is *unlabelled* if the
  labels do not speak of what its rule says, and the recording itself holds it; which rules these are is declared part
  by part. It is a *gap* if its rule tells of missing readings and the time stamps themselves show that they are
  missing; such an alarm finds no labelled fault. Every other one is *false*, also one that begins before a fault and
  is still on during it.
* A fault is *found* if a true alarm is on at some time from its start to its stop plus the tolerance: one alarm that
  stays on over a series of spikes finds them all. The *delay* is from the start to the first such alarm, 0 if it is
  already on.
* *Healthy time* is the time observed outside all faults with their tolerance and all that is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

import numpy as np
from numpy.typing import NDArray

from core.readings import Int64s

DAY_MS = 86_400_000
FOR_EVER_MS = 1 << 62


class Verdict(StrEnum):
    """What an alarm was."""

    TRUE = "true"
    FALSE = "false"
    UNLABELLED = "unlabelled"
    GAP = "gap"
    LEFT_OUT = "left out"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """A labelled stretch [start, stop); ``only`` are the measurements at fault, empty: any."""

    start_ms: int
    stop_ms: int
    kind: str
    only: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Raised:
    """An alarm: [start, stop), ``FOR_EVER_MS`` where it is on at the end, with the measurements its rule reads."""

    rule_id: str
    start_ms: int
    stop_ms: int
    measurements: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Matched:
    """Alarms and faults of one recording beside each other.

    Attributes:
        verdicts: of each alarm.
        delay_ms: of each fault, ``None`` where it was not found.
    """

    verdicts: tuple[Verdict, ...]
    delay_ms: tuple[int | None, ...]


def runs(time_ms: Int64s, code: NDArray[np.int_], hold_ms: int, whole_days: bool = False) -> list[tuple[int, int, int]]:
    """Stretches of one label: (code, first, stop). Rows of one label that follow each other are one stretch.

    Args:
        time_ms: int64[n] ascending.
        code: int[n], 0 is healthy.
        hold_ms: the last row of a stretch holds until the next row, so long at most.
        whole_days: midnight (UTC) ends a stretch.
    """
    if not len(time_ms):
        return []
    parted = code[1:] != code[:-1]
    if whole_days:
        parted |= np.diff(time_ms // DAY_MS) != 0
    first = np.concatenate(([0], np.flatnonzero(parted) + 1))
    last = np.concatenate((first[1:] - 1, [len(time_ms) - 1]))
    stop_ms = time_ms[last] + np.append(np.minimum(np.diff(time_ms), hold_ms), hold_ms)[last]
    ill = code[first] != 0
    return list(zip(code[first][ill].tolist(), time_ms[first][ill].tolist(), stop_ms[ill].tolist(), strict=True))


def sparse(
    time_ms: Int64s, interval_ms: int, within_ms: int, most: float, join_ms: int = 0
) -> tuple[tuple[int, int], ...]:
    """Stretches [start, stop) in which more than ``most`` of the readings of the last ``within_ms`` are missing.

    Args:
        time_ms: int64[n] ascending.
        interval_ms: one reading is expected in so long.
        within_ms: what is looked back at; nothing is said before so much has been recorded.
        most: share, 0 to 1.
        join_ms: stretches with no more than that between them are one.
    """
    if not len(time_ms) or time_ms[-1] - time_ms[0] < within_ms:
        return ()
    at_ms = np.arange(time_ms[0] + within_ms, time_ms[-1] + 1, interval_ms)
    there = np.searchsorted(time_ms, at_ms, "right") - np.searchsorted(time_ms, at_ms - within_ms, "right")
    thin_ms = at_ms[there < (1 - most) * (within_ms / interval_ms)]
    if not len(thin_ms):
        return ()
    parted = np.flatnonzero(np.diff(thin_ms) > max(join_ms, interval_ms))
    first, last = np.append(0, parted + 1), np.append(parted, len(thin_ms) - 1)
    return tuple(zip(thin_ms[first].tolist(), (thin_ms[last] + interval_ms).tolist(), strict=True))


@dataclass(frozen=True, kw_only=True, slots=True)
class Scoring:
    """How a recording is scored.

    Attributes:
        tolerance_ms: how long after a fault an alarm may begin and still belong to it.
        left_out: stretches [start, stop) that are not scored.
        unlabelled: beginnings of the ids of the rules of which the labels do not speak.
        gap_rule: beginning of the ids of the rules that tell of missing readings; empty: none.
        gaps: stretches in which readings are missing, by the time stamps.
        slack_ms: an alarm may begin so long before or after such a stretch.
    """

    tolerance_ms: int
    left_out: tuple[tuple[int, int], ...] = ()
    unlabelled: tuple[str, ...] = ()
    gap_rule: str = ""
    gaps: tuple[tuple[int, int], ...] = ()
    slack_ms: int = 0

    def tells_of_a_gap(self, alarm: Raised) -> bool:
        """Whether an alarm says that readings are missing while they are."""
        return bool(self.gap_rule and alarm.rule_id.startswith(self.gap_rule)) and any(
            start_ms - self.slack_ms <= alarm.start_ms < stop_ms + self.slack_ms for start_ms, stop_ms in self.gaps
        )


def match(alarms: Sequence[Raised], faults: Sequence[Fault], scoring: Scoring) -> Matched:
    """Judge every alarm and every fault of one recording."""
    verdicts = tuple(_verdict(alarm, faults, scoring) for alarm in alarms)
    true = [alarm for alarm, verdict in zip(alarms, verdicts, strict=True) if verdict is Verdict.TRUE]
    return Matched(verdicts=verdicts, delay_ms=tuple(_delay_ms(fault, true, scoring.tolerance_ms) for fault in faults))


def _concerns(alarm: Raised, fault: Fault) -> bool:
    return not fault.only or bool(fault.only & alarm.measurements)


def _verdict(alarm: Raised, faults: Sequence[Fault], scoring: Scoring) -> Verdict:
    if scoring.tells_of_a_gap(alarm):
        return Verdict.GAP
    for fault in faults:
        if _concerns(alarm, fault) and fault.start_ms <= alarm.start_ms < fault.stop_ms + scoring.tolerance_ms:
            return Verdict.TRUE
    if any(start_ms <= alarm.start_ms < stop_ms for start_ms, stop_ms in scoring.left_out):
        return Verdict.LEFT_OUT
    return Verdict.UNLABELLED if alarm.rule_id.startswith(scoring.unlabelled) else Verdict.FALSE


def _delay_ms(fault: Fault, true: Sequence[Raised], tolerance_ms: int) -> int | None:
    until_ms = fault.stop_ms + tolerance_ms
    over = [
        alarm.start_ms
        for alarm in true
        if _concerns(alarm, fault) and alarm.start_ms < until_ms and alarm.stop_ms > fault.start_ms
    ]
    return max(0, min(over) - fault.start_ms) if over else None


def observed_ms(time_ms: Int64s, pause_ms: int, without: Sequence[tuple[int, int]] = ()) -> int:
    """Time covered: each reading until the next one, ``pause_ms`` at most; those inside ``without`` do not count."""
    if not len(time_ms):
        return 0
    held = np.append(np.minimum(np.diff(time_ms), pause_ms), pause_ms)
    counted = np.ones(len(time_ms), np.bool_)
    for start_ms, stop_ms in without:
        counted &= (time_ms < start_ms) | (time_ms >= stop_ms)
    return int(held[counted].sum())


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """What counting needs of one recording; ``healthy_point_ms`` is summed over its points.

    ``gaps`` are stretches [start, stop) in which readings are missing, ``gaps_found`` how many an alarm told of.
    """

    points: int
    observed_ms: int
    healthy_point_ms: int
    alarms: tuple[Raised, ...]
    faults: tuple[Fault, ...]
    matched: Matched
    gaps: tuple[tuple[int, int], ...] = ()
    gaps_found: int = 0


def gaps_told(alarms: Sequence[Raised], scoring: Scoring) -> int:
    """Of how many gaps an alarm tells that is on while they last."""
    telling = [alarm for alarm in alarms if scoring.gap_rule and alarm.rule_id.startswith(scoring.gap_rule)]
    return sum(
        any(one.start_ms < stop_ms + scoring.slack_ms and one.stop_ms > start_ms for one in telling)
        for start_ms, stop_ms in scoring.gaps
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """Of some recordings together, for the rules that were asked for.

    Attributes:
        days: observed, summed over the recordings.
        point_days: healthy, summed over the points.
        delay_s: median over the faults found; ``None`` without one.
        gap: alarms that tell of missing readings which the time stamps show to be missing.
        gaps, gaps_found: stretches of missing readings, and those that an alarm tells of.
    """

    points: int
    days: float
    point_days: float
    alarms: int
    true: int
    false: int
    unlabelled: int
    faults: int
    found: int
    delay_s: float | None
    gap: int = 0
    gaps: int = 0
    gaps_found: int = 0

    @property
    def alarms_a_day(self) -> float:
        """Alarms on a day of one recording."""
        return self.alarms / self.days if self.days else 0.0

    @property
    def false_a_day(self) -> float:
        """False alarms on a day of one recording."""
        return self.false / self.days if self.days else 0.0

    @property
    def false_per_100_points(self) -> float:
        """False alarms a day of healthy time and 100 points."""
        return 100 * self.false / self.point_days if self.point_days else 0.0

    @property
    def with_unlabelled_per_100_points(self) -> float:
        """The same with the unlabelled ones."""
        return 100 * (self.false + self.unlabelled) / self.point_days if self.point_days else 0.0


def count(recordings: Sequence[Recording], tolerance_ms: int, rules: frozenset[str] | None = None) -> Counts:
    """Sum up; with ``rules`` as if only these had been in force."""
    alarms, verdicts, delays, faults = 0, list[Verdict](), list[int](), 0
    for one in recordings:
        chosen = [at for at, alarm in enumerate(one.alarms) if rules is None or alarm.rule_id in rules]
        alarms += len(chosen)
        verdicts += [one.matched.verdicts[at] for at in chosen]
        true = [one.alarms[at] for at in chosen if one.matched.verdicts[at] is Verdict.TRUE]
        every = [_delay_ms(fault, true, tolerance_ms) for fault in one.faults]
        delays += [delay for delay in every if delay is not None]
        faults += len(every)
    return Counts(
        points=sum(one.points for one in recordings),
        days=sum(one.observed_ms for one in recordings) / DAY_MS,
        point_days=sum(one.healthy_point_ms for one in recordings) / DAY_MS,
        alarms=alarms,
        true=verdicts.count(Verdict.TRUE),
        false=verdicts.count(Verdict.FALSE),
        unlabelled=verdicts.count(Verdict.UNLABELLED),
        faults=faults,
        found=len(delays),
        delay_s=median(delays) / 1000 if delays else None,
        gap=verdicts.count(Verdict.GAP),
        gaps=sum(len(one.gaps) for one in recordings),
        gaps_found=sum(one.gaps_found for one in recordings),
    )


def by_kind(recordings: Sequence[Recording]) -> dict[str, tuple[int, int, float | None]]:
    """Kind of fault to (faults, found, median delay in s)."""
    delays: dict[str, list[int | None]] = {}
    for one in recordings:
        for fault, delay in zip(one.faults, one.matched.delay_ms, strict=True):
            delays.setdefault(fault.kind, []).append(delay)
    found = {kind: [delay for delay in every if delay is not None] for kind, every in delays.items()}
    return {
        kind: (len(delays[kind]), len(one), median(one) / 1000 if one else None) for kind, one in sorted(found.items())
    }
