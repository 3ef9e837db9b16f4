"""Outages of the past, found in the gaps of readings, are those that sight would have announced at the time."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from core.alarms import AlarmChange, ChangeKind, Interval, Severity
from core.quality import QualityClass, Reason, quality
from core.readings import Readings, readings
from rules.sight import Sight
from rules.sight_evidence import GatewayState, Heard
from rules.sight_replay import PastOutage, Scenery, SightReplay, SupplyAlarm
from rules.sight_severity import SAFETY_MS
from rules.sight_tree import Behind, Gate, grow

START_MS = 1_790_000_000_000
MINUTE_MS = 60_000
SILENCE_MS = 60_000


def scenery(gateways: int, facilities: int, keys: int = 2, supplied: bool = False) -> Scenery:
    """Gateways with facilities of a few points behind each; facility 900 supplies all if it is said."""
    points: list[Behind] = []
    parents: dict[int, int] = {}
    for gateway in range(gateways):
        for facility in range(facilities):
            number = 100 + gateway * facilities + facility
            for _ in range(keys):
                points.append(Behind(len(points), number, f"k{len(points)}", SILENCE_MS, f"g/{gateway}"))
            if supplied:
                parents[number] = 900
    gates = [Gate(f"g/{number}", 500 + number, "east") for number in range(gateways)]
    if supplied:
        parents |= {500 + number: 900 for number in range(gateways)}
    supplies = frozenset({900}) if supplied else frozenset[int]()
    return Scenery(points=points, gates=gates, parents=parents, supplies=supplies, marks={"outage": "lost"})


def stored(every: int, minutes: int, silent: dict[int, list[tuple[int, int]]]) -> Readings:
    """Readings of ``every`` points each 10 s; ``silent``: from second to second nothing of a point."""
    second = np.arange(0, minutes * 60, 10)
    point, time_s = [], []
    for number in range(every):
        kept = second + number % 7
        for begin, end in silent.get(number, ()):
            kept = kept[(kept < begin) | (kept >= end)]
        point.append(np.full(len(kept), number))
        time_s.append(kept)
    time_ms = START_MS + 1000 * np.concatenate(time_s)
    return readings(point=np.concatenate(point), time_ms=time_ms, value=np.ones(len(time_ms)))


def replayed(
    scene: Scenery, past: Readings, minutes: int, stretch_minutes: int = 7, supplies: tuple[SupplyAlarm, ...] = ()
) -> tuple[PastOutage, ...]:
    """Stretch by stretch, point by point."""
    replay = SightReplay(scene, START_MS)
    for begin in range(0, minutes, stretch_minutes):
        from_ms, to_ms = (START_MS + m * MINUTE_MS for m in (begin, min(minutes, begin + stretch_minutes)))
        inside = past.take((past.time_ms >= from_ms) & (past.time_ms < to_ms))
        for some in np.array_split(np.arange(len(scene.points)), 3):
            part = inside.take(np.isin(inside.point, some))
            replay.take(part.take(np.lexsort((part.time_ms, part.point))))
        replay.close(to_ms - 1)
    return replay.outages(supplies)


def live(
    scene: Scenery, past: Readings, minutes: int, supplies: tuple[SupplyAlarm, ...] = ()
) -> list[tuple[str, int, int, int | None, bool]]:
    """Sight itself, told every second what has arrived: rule, facility, start, stop, folded."""
    heard = Heard(START_MS)
    sight = Sight(grow(scene.points, scene.gates, scene.parents, scene.supplies), heard, START_MS, scene.marks)
    of_gateway = {gate.key: {one.point for one in scene.points if one.gateway == gate.key} for gate in scene.gates}
    last = dict.fromkeys(of_gateway, START_MS)
    order = np.argsort(past.time_ms, kind="stable")
    past = past.take(order)
    on: dict[str, AlarmChange] = {}
    found = []
    told: set[tuple[int, str]] = set()
    for second in range(minutes * 60):
        now_ms = START_MS + second * 1000
        first, end = np.searchsorted(past.time_ms, (now_ms - 999, now_ms + 1)).tolist()
        batch = past.take(np.arange(first, end))
        heard.see(batch, now_ms)
        spoken = set(batch.point[batch.quality >> 6 != QualityClass.NOT_MEASURED].tolist())
        for key, points in of_gateway.items():
            last[key] = now_ms if points & spoken else last[key]
        for number, one in enumerate(supplies):
            for at_ms, kind in ((one.interval.start_ms, "open"), (one.interval.stop_ms, "close")):
                if at_ms is not None and at_ms <= now_ms and (number, kind) not in told:
                    told.add((number, kind))
                    stop_ms = None if kind == "open" else at_ms
                    interval = Interval(start_ms=one.interval.start_ms, stop_ms=stop_ms, since_ms=0)
                    sight.learn(
                        [
                            AlarmChange(
                                kind=ChangeKind.OPENED if kind == "open" else ChangeKind.CLOSED,
                                alarm_id=f"s{number}",
                                rule_id=one.rule_id,
                                facility=one.facility,
                                interval=interval,
                                severity=Severity.HIGH,
                            )
                        ]
                    )
        states = {key: GatewayState(alive=now_ms - at_ms <= 40_000, heard_ms=now_ms) for key, at_ms in last.items()}
        for change in sight.changes(states, now_ms):
            if change.kind is ChangeKind.OPENED:
                on[change.alarm_id] = change
            elif change.kind in (ChangeKind.CLOSED, ChangeKind.FOLDED):
                begun = on.pop(change.alarm_id)
                folded = change.kind is ChangeKind.FOLDED
                stop_ms = change.interval.stop_ms
                found.append((begun.rule_id, begun.facility, begun.interval.start_ms, stop_ms, folded))
    found += [(one.rule_id, one.facility, one.interval.start_ms, None, False) for one in on.values()]
    return sorted(found, key=lambda one: (one[2], one[0], one[1]))


def same(one: tuple[PastOutage, ...], other: list[tuple[str, int, int, int | None, bool]]) -> None:
    """The same outages, to two seconds."""
    mine = sorted(((o.rule_id, o.facility, o.folded, o.start_ms, o.stop_ms) for o in one), key=str)
    theirs = sorted(((rule, facility, folded, a, b) for rule, facility, a, b, folded in other), key=str)
    assert [entry[:3] for entry in mine] == [entry[:3] for entry in theirs], (mine, theirs)
    for (*_, start, stop), (*_, real_start, real_stop) in zip(mine, theirs, strict=True):
        assert abs(start - real_start) <= 2_000
        assert (stop is None) == (real_stop is None)
        if stop is not None and real_stop is not None:
            assert abs(stop - real_stop) <= 2_000


def test_nothing_happens_where_nothing_is_missing() -> None:
    """Whole data, and gaps shorter than anybody minds."""
    scene = scenery(2, 2)
    assert replayed(scene, stored(8, 20, {}), 20) == ()
    assert replayed(scene, stored(8, 20, {0: [(300, 330)], 5: [(0, 25)]}), 20) == ()


@pytest.mark.parametrize(
    ("silent", "expected"),
    [
        ({0: [(300, 600)]}, ["sight.point"]),
        ({0: [(300, 600)], 1: [(300, 600)]}, ["sight.device"]),
        ({p: [(300, 600)] for p in range(4)}, ["sight.gateway"]),
        ({p: [(300, 600)] for p in range(8)}, ["sight.site"]),
    ],
)
def test_an_outage_is_one_alarm_of_the_highest_element(
    silent: dict[int, list[tuple[int, int]]], expected: list[str]
) -> None:
    """A point, a facility, a gateway with all behind it, a community with all its gateways."""
    scene, past = scenery(2, 2), stored(8, 20, silent)
    found = replayed(scene, past, 20)
    assert [one.rule_id for one in found] == expected
    same(found, live(scene, past, 20))


def test_an_outage_rises_in_the_past_as_it_did() -> None:
    """A gateway that carries gas is gone for 40 min, another one, which does not, as long and somewhat later."""
    plain = scenery(4, 1)
    scene = replace(plain, points=[one._replace(safety=one.facility == 100) for one in plain.points])
    past = stored(8, 60, {0: [(300, 2700)], 1: [(300, 2700)], 4: [(1500, 3300)], 5: [(1500, 3300)]})
    found = replayed(scene, past, 60)
    same(found, live(scene, past, 60))
    assert [(one.rule_id, one.severity, len(one.steps)) for one in found] == [
        ("sight.gateway", Severity.MEDIUM, 2),
        ("sight.gateway", Severity.MEDIUM, 0),
    ]
    (began, rose) = found[0].steps
    assert (began.at_ms, rose.severity) == (found[0].start_ms, Severity.HIGH)
    assert 0 <= rose.at_ms - began.at_ms - SAFETY_MS <= 1_000


def test_what_a_rule_says_of_a_supply_folds_all_beneath() -> None:
    """The power has gone by a rule's alarm: no gateway is announced beside it."""
    scene = scenery(2, 2, supplied=True)
    past = stored(8, 30, {p: [(300, 900)] for p in range(8)})
    alarm = SupplyAlarm(
        rule_id="outage",
        facility=900,
        interval=Interval(start_ms=START_MS + 310_000, stop_ms=START_MS + 900_000, since_ms=0),
    )
    found = replayed(scene, past, 30, supplies=(alarm,))
    assert found == ()
    same(found, live(scene, past, 30, (alarm,)))
    assert [one.rule_id for one in replayed(scene, past, 30)] != []


def test_what_is_not_measured_is_no_sign_of_life() -> None:
    """Readings that say "not measured" leave a gap."""
    past = stored(8, 20, {})
    code = past.quality.copy()
    code[(past.point == 3) & (past.time_ms >= START_MS + 300_000)] = quality(QualityClass.NOT_MEASURED)
    blind = readings(point=past.point, time_ms=past.time_ms, value=past.value, quality=code)
    (found,) = replayed(scenery(2, 2), blind, 20)
    assert (found.rule_id, found.facility, found.stop_ms) == ("sight.point", 101, None)
    code[code != 0] = quality(QualityClass.NOT_MEASURED, Reason.NOTHING_TO_MEASURE)
    idle = readings(point=past.point, time_ms=past.time_ms, value=past.value, quality=code)
    assert replayed(scenery(2, 2), idle, 20) == (), "the source lives and says so"


def test_it_can_be_stopped() -> None:
    """What is known then is told."""
    replay = SightReplay(scenery(1, 2), START_MS)
    replay.take(stored(4, 20, {0: [(300, 600)]}).one_per_millisecond())
    replay.close(START_MS + 20 * MINUTE_MS)
    assert replay.outages((), lambda: True) == ()
    assert len(replay.outages(())) == 1


@st.composite
def silences(draw: st.DrawFn, points: int) -> dict[int, list[tuple[int, int]]]:
    """Gaps of some points, facilities or gateways."""
    found: dict[int, list[tuple[int, int]]] = {}
    for _ in range(draw(st.integers(0, 5))):
        begin = draw(st.integers(0, 25 * 60))
        end = begin + draw(st.sampled_from([30, 50, 65, 100, 300, 1200]))
        size = draw(st.sampled_from([1, 2, 4, 8]))
        first = draw(st.integers(0, points - 1)) // size * size
        for point in range(first, min(points, first + size)):
            found.setdefault(point, []).append((begin, end))
    return found


EXAMPLES = int(os.environ.get("TWINGRID_ORDER_EXAMPLES", "8"))
"""Each asks sight every second for 40 min."""


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(silences(12), st.booleans(), st.sampled_from([3, 7, 40]), st.booleans())
def test_any_gaps_give_the_outages_that_sight_would_have_announced(
    silent: dict[int, list[tuple[int, int]]], supplied: bool, stretch_minutes: int, lost: bool
) -> None:
    """Whatever is silent when, however the past is cut, with a supply that fails or without."""
    scene, past = scenery(3, 2, supplied=supplied), stored(12, 40, silent)
    interval = Interval(start_ms=START_MS + 600_000, stop_ms=START_MS + 1_100_000, since_ms=0)
    supplies = (SupplyAlarm(rule_id="outage", facility=900, interval=interval),) if lost and supplied else ()
    found = replayed(scene, past, 40, stretch_minutes, supplies)
    event(f"outages: {min(len(found), 5)}")
    same(found, live(scene, past, 40, supplies))
