"""Recordings through the rules: the replay of ``twingrid rule backtest``, fed from files.

Every file is an installation of its own: its facilities, its points, its time. What ingest would call out of range is
out of range here, and what the registry would call stale is stale.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.replay_files import Played, files_of, read
from bench.replay_match import (
    FOR_EVER_MS,
    Fault,
    Raised,
    Recording,
    Scoring,
    gaps_told,
    match,
    observed_ms,
    runs,
    sparse,
)
from bench.replay_plan import Device, Part
from core import units
from core.places import ClassMembers, FacilityClass
from core.quality import GOOD, QualityClass, Reason, quality
from core.readings import Float64s, Readings, concat, readings
from registry.queries import STALE_INTERVALS
from rules.engine.replay import Replay
from rules.rule_set import RuleSet

_BATCH_MS = 1_800_000
_OUT_OF_RANGE = quality(QualityClass.BAD, Reason.OUT_OF_RANGE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """A facility: of which file, which device, and the number of each of its points."""

    played: Played
    device: Device
    facility: int
    point: Mapping[str, int]


def record(part: Part, folder: Path, rules: RuleSet, classes: Mapping[str, FacilityClass]) -> list[Recording]:
    """Play all files of a part.

    Raises:
        NoRecordings: if a file is missing or not as the table says.
    """
    played = [read(path, part, str(path.relative_to(folder))) for path in files_of(part, folder)]
    placed = list(_placed(played, part))
    alarms = _alarms(placed, part, rules, classes)
    return [
        _recording(one, part, [alarm for at in placed if at.played is one for alarm in alarms.get(at.facility, ())])
        for one in played
    ]


def _placed(played: Sequence[Played], part: Part) -> Iterator[Placed]:
    point = facility = 0
    for one in played:
        for device in part.devices:
            number = {key: point + at for at, key in enumerate(device.points)}
            yield Placed(played=one, device=device, facility=facility, point=number)
            point, facility = point + len(number), facility + 1


def _members(placed: Sequence[Placed], part: Part, classes: Mapping[str, FacilityClass]) -> dict[str, ClassMembers]:
    found = {}
    for class_id in {one.device.class_id for one in placed}:
        mine = [one for one in placed if one.device.class_id == class_id]
        known = classes[class_id].measurements
        stale_ms = round(1000 * STALE_INTERVALS * part.interval_s)
        found[class_id] = ClassMembers(
            class_id=class_id,
            facility=np.array([one.facility for one in mine], np.int32),
            code=tuple(f"{one.played.name}#{one.facility}" for one in mine),
            point={key: np.array([one.point.get(key, -1) for one in mine], np.int32) for key in known},
            stale_after_ms={key: np.full(len(mine), stale_ms, np.int64) for key in known},
            unit={key: one.unit for key, one in known.items()},
            attribute={
                name: np.full(len(mine), float(value))
                for name, value in classes[class_id].attributes.items()
                if not isinstance(value, str)
            },
        )
    return found


def _readings(one: Placed, classes: Mapping[str, FacilityClass]) -> Iterator[Readings]:
    for key, column in one.device.points.items():
        known = classes[one.device.class_id].measurements[key]
        value = _converted(one.played.column[column.name], column.unit, known.unit)
        there = ~np.isnan(value)
        value = value[there]
        yield readings(
            point=np.full(len(value), one.point[key]),
            time_ms=one.played.time_ms[there],
            value=value,
            quality=np.where((value < known.low) | (value > known.high), _OUT_OF_RANGE, GOOD),
        )


def _converted(value: Float64s, source: str, target: str) -> Float64s:
    zero, one = units.convert(0.0, source, target), units.convert(1.0, source, target)
    return value if source == target else value * (one - zero) + zero


def _alarms(
    placed: Sequence[Placed], part: Part, rules: RuleSet, classes: Mapping[str, FacilityClass]
) -> dict[int, list[Raised]]:
    members = _members(placed, part, classes)
    mine = RuleSet(tuple(rule for rule in rules.rules if rule.class_id in members), rules.units)
    replay = Replay(mine, members, batch_ms=_BATCH_MS)
    replay.take(concat(batch for one in placed for batch in _readings(one, classes)).one_per_millisecond())
    end_ms = {one.facility: int(one.played.time_ms[-1]) for one in placed}
    replay.close(max(end_ms.values()) + round(1000 * STALE_INTERVALS * part.interval_s))
    found: dict[int, list[Raised]] = {}
    for alarm in replay.alarms():
        stop_ms = alarm.interval.stop_ms
        raised = Raised(
            rule_id=alarm.rule.id,
            start_ms=alarm.interval.start_ms,
            stop_ms=FOR_EVER_MS if stop_ms is None else stop_ms,
            measurements=alarm.rule.measurements,
        )
        found.setdefault(alarm.facility, []).append(raised)
    return found


def _recording(one: Played, part: Part, alarms: Sequence[Raised]) -> Recording:
    pause_ms = round(1000 * STALE_INTERVALS * part.interval_s)
    only = part.labels.only if part.labels else frozenset[str]()
    faults = [
        Fault(start_ms=start_ms, stop_ms=stop_ms, kind=one.kinds[code - 1], only=only)
        for code, start_ms, stop_ms in runs(one.time_ms, one.label, pause_ms, part.whole_days)
    ]
    faults += [Fault(start_ms=told.start_ms, stop_ms=told.stop_ms, kind=told.what) for told in part.faults]
    left_out = [(told.start_ms, told.stop_ms) for told in part.left_out]
    healthy = 0
    for device in part.devices:
        for key in device.points:
            ill = [(fault.start_ms, fault.stop_ms + part.tolerance_ms) for fault in faults if not only or key in only]
            healthy += observed_ms(one.time_ms, pause_ms, ill + left_out)
    scoring = Scoring(
        tolerance_ms=part.tolerance_ms,
        left_out=tuple(left_out),
        unlabelled=tuple(part.unlabelled),
        gap_rule=part.gaps.rule if part.gaps else "",
        gaps=_gaps(one, part),
        slack_ms=pause_ms,
    )
    return Recording(
        points=part.points,
        observed_ms=observed_ms(one.time_ms, pause_ms),
        healthy_point_ms=healthy,
        alarms=tuple(alarms),
        faults=tuple(faults),
        matched=match(alarms, faults, scoring),
        gaps=scoring.gaps,
        gaps_found=gaps_told(alarms, scoring),
    )


def _gaps(one: Played, part: Part) -> tuple[tuple[int, int], ...]:
    if part.gaps is None:
        return ()
    interval_ms = round(1000 * part.interval_s)
    return sparse(one.time_ms, interval_ms, part.gaps.within_ms, part.gaps.most, part.gaps.join_ms)
