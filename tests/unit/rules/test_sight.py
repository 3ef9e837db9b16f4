"""Cannot see now: silence by arrival, parents before children, nothing for the past."""

from __future__ import annotations

import numpy as np

from core.alarms import AlarmChange, AlarmKind, ChangeKind
from core.quality import GOOD, QualityClass, Reason, quality
from core.readings import Readings, readings
from rules.sight import Sight
from rules.sight_evidence import GatewayState, Heard
from rules.sight_tree import DEVICE_RULE, GATEWAY_RULE, Behind, Gate, grow
from tests.unit.rules.town import STALE_MS

START_MS = 1_700_000_000_000
GATEWAY = 900
NODE = "g/gw"
UP = {NODE: GatewayState(alive=True, heard_ms=START_MS)}
WELLS = [
    Behind(10 * well + place, 100 + well, key, max(60_000, STALE_MS[key]), NODE if well < 2 else "")
    for well in range(3)
    for place, key in enumerate("abc")
]


def sight(now_ms: int = START_MS) -> Sight:
    """Three wells, two of them behind one gateway; no birth has said what hangs on which bus."""
    return Sight(grow(WELLS, [Gate(NODE, GATEWAY)], {}, frozenset()), Heard(now_ms), now_ms)


def said(changes: list[AlarmChange]) -> list[tuple[ChangeKind, str, int]]:
    """What was announced."""
    assert all(change.alarm_kind is AlarmKind.SIGHT and not change.late for change in changes)
    return [(change.kind, change.rule_id, change.facility) for change in changes]


def seen(point: int, code: int = GOOD) -> Readings:
    """One reading, its event time long ago: only its arrival counts."""
    return readings(point=[point], time_ms=[0], value=[1.0], quality=np.array([code]))


def heard(now_ms: int) -> dict[str, GatewayState]:
    """The gateway, heard just now."""
    return {NODE: GatewayState(alive=True, heard_ms=now_ms)}


def test_a_silent_device_is_told_once_and_taken_back_once() -> None:
    """After 60 s without any value a facility is out of sight; the first measured value ends it."""
    eye, now_ms = sight(), START_MS + 60_000
    assert said(eye.changes(heard(now_ms), now_ms)) == []
    eye.see(seen(0), now_ms)
    now_ms += 1
    opened = eye.changes(heard(now_ms), now_ms)
    assert said(opened) == [(ChangeKind.OPENED, DEVICE_RULE, 101), (ChangeKind.OPENED, DEVICE_RULE, 102)]
    assert said(eye.changes(heard(now_ms), now_ms + 5)) == []
    eye.see(seen(12), now_ms + 10)
    closed = eye.changes(heard(now_ms), now_ms + 10)
    assert said(closed) == [(ChangeKind.CLOSED, DEVICE_RULE, 101)]
    assert closed[0].alarm_id == opened[0].alarm_id


def test_a_reading_that_says_not_measured_is_no_sight() -> None:
    """The honest record of a timeout proves that the gateway lives, not that the device does."""
    eye, now_ms = sight(), START_MS + 60_001
    eye.see(seen(20, quality(QualityClass.NOT_MEASURED, Reason.TIMEOUT)), now_ms - 1)
    eye.see(seen(0, quality(QualityClass.BAD)), now_ms - 1)
    eye.see(seen(10), now_ms - 1)
    assert said(eye.changes(heard(now_ms), now_ms)) == [(ChangeKind.OPENED, DEVICE_RULE, 102)]


def test_a_gateway_that_is_down_hides_its_devices() -> None:
    """One alarm for the gateway closes and prevents those of its devices, and a returned gateway gets them time."""
    eye, now_ms = sight(), START_MS + 60_001
    eye.see(seen(20), now_ms)
    assert len(eye.changes(heard(now_ms), now_ms)) == 2
    now_ms += 1_000
    dead = {NODE: GatewayState(alive=False, heard_ms=now_ms)}
    assert said(eye.changes(dead, now_ms)) == [
        (ChangeKind.OPENED, GATEWAY_RULE, GATEWAY),
        (ChangeKind.FOLDED, DEVICE_RULE, 100),
        (ChangeKind.FOLDED, DEVICE_RULE, 101),
    ]
    eye.see(seen(20), now_ms)
    back_ms = now_ms + 1_000
    assert said(eye.changes(heard(back_ms), back_ms)) == [(ChangeKind.CLOSED, GATEWAY_RULE, GATEWAY)]
    eye.see(seen(20), back_ms + 59_000)
    assert said(eye.changes(heard(back_ms + 58_000), back_ms + 58_999)) == []
    later_ms = back_ms + 60_001
    assert len(eye.changes(heard(later_ms), later_ms)) == 2


def test_silence_of_a_gateway_counts_as_down() -> None:
    """60 s without a word, or never heard of at all, is down."""
    eye, now_ms = sight(), START_MS + 60_001
    assert said(eye.changes(UP, now_ms))[0] == (ChangeKind.OPENED, GATEWAY_RULE, GATEWAY)
    assert said(sight().changes({}, START_MS)) == [(ChangeKind.OPENED, GATEWAY_RULE, GATEWAY)]


def test_a_restart_goes_on_with_what_was_announced() -> None:
    """An alarm that the journal holds is closed under its own id, not opened again."""
    eye, now_ms = sight(), START_MS + 70_000
    opened = eye.changes({}, now_ms)
    from core.alarms import AnnouncedAlarm

    journal = [
        AnnouncedAlarm(alarm_id=c.alarm_id, rule_id=c.rule_id, facility=c.facility, interval=c.interval) for c in opened
    ]
    again = sight(now_ms)
    again.announce(journal)
    closed = again.changes(heard(now_ms), now_ms)
    assert {change.alarm_id for change in closed} <= {alarm.alarm_id for alarm in journal}
    assert {change.kind for change in closed} == {ChangeKind.CLOSED}
