"""A gateway that falls silent is one alarm, whatever stands behind it; a restart of ours is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from app.sight_places import SAFETY_CLASSES, points_behind
from app.sight_texts import SIGHT_INFOS, Names
from app.watchman import Watchman
from core.alarms import AlarmChange, AnnouncedAlarm, ChangeKind, Severity
from core.places import ClassMembers, Text
from core.ports.nodes import NodeStatus, Origin
from core.ports.registry import FacilityPlace, Gateway
from core.readings import readings
from core.sparkplug.topics import NodeId
from registry.classbook import load_classes

NODE = NodeId("g", "gw")
T0 = 1_790_000_000_000
MEMBERS = {
    "sewage_pump": ClassMembers(
        class_id="sewage_pump",
        facility=np.array([1, 2], np.int32),
        code=("p1", "p2"),
        point={"level": np.array([10, 11], np.int32)},
        stale_after_ms={"level": np.array([30_000, 30_000], np.int64)},
        unit={"level": "m"},
    )
}
GATEWAY = Gateway(number=1, node=NODE, name=Text(zh="", en=""), community=1, enrolled_ms=0, points=2, facility=99)


class Scene:
    """A watchman over two pumps behind one gateway, and a host that says what the test says."""

    def __init__(self) -> None:
        self.statuses: list[NodeStatus] = []
        points = {NODE: frozenset({10, 11})}
        self.watchman = Watchman(MEMBERS, points, [GATEWAY], lambda: self.statuses, T0)

    def hear(self, now_ms: int, *, online: bool = True, points: tuple[int, ...] = (10, 11)) -> None:
        """The gateway speaks, or its will does."""
        self.statuses = [NodeStatus(node=NODE, online=online, since_ms=now_ms, seen_ms=now_ms)]
        if points:
            n = len(points)
            self.watchman.see(readings(point=points, time_ms=[now_ms] * n, value=[1.0] * n), now_ms)

    def changes(self, now_ms: int) -> list[tuple[str, int, ChangeKind]]:
        """What the watchman says."""
        return [(c.rule_id, c.facility, c.kind) for c in self.watchman.changes(now_ms)]


def test_nothing_is_said_before_a_silent_gateway_has_had_its_time() -> None:
    """Right after our own start nobody has spoken yet."""
    scene = Scene()
    assert scene.changes(T0 + 1_000) == []
    assert scene.changes(T0 + 59_000) == []
    assert scene.changes(T0 + 61_000) == [("sight.gateway", 99, ChangeKind.OPENED)]


def test_a_dead_gateway_hides_what_stands_behind_it() -> None:
    """One alarm for the gateway, none for its pumps; back again, it closes and the pumps get their time."""
    scene = Scene()
    scene.hear(T0 + 1_000)
    assert scene.changes(T0 + 2_000) == []
    scene.hear(T0 + 5_000, online=False, points=())
    assert scene.changes(T0 + 6_000) == [("sight.gateway", 99, ChangeKind.OPENED)]
    assert scene.changes(T0 + 300_000) == []
    scene.hear(T0 + 301_000, points=())
    assert scene.changes(T0 + 301_500) == [("sight.gateway", 99, ChangeKind.CLOSED)]
    assert scene.changes(T0 + 303_000) == []


def test_a_facility_that_falls_silent_alone_is_named() -> None:
    """The gateway goes on speaking, one pump does not."""
    scene = Scene()
    for second in range(0, 130, 10):
        scene.hear(T0 + second * 1_000, points=(10,) if second else (10, 11))
    assert scene.changes(T0 + 130_000) == [("sight.device", 2, ChangeKind.OPENED)]
    scene.hear(T0 + 131_000)
    assert scene.changes(T0 + 132_000) == [("sight.device", 2, ChangeKind.CLOSED)]


NAMES = Names(
    places={
        number: FacilityPlace(
            number=number,
            code=f"p{number}",
            name=Text(zh=f"{number} 号泵", en=f"Pump {number}"),
            class_id="sewage_pump",
            community=1,
            cells={},
        )
        for number in (1, 2, 99)
    },
    communities={"east": Text(zh="东社区", en="East")},
    measurements={("sewage_pump", "level"): Text(zh="液位", en="Level")},
)
ORIGINS = {"p1/level": Origin("b0", "meter"), "p1/flow": Origin("b0", "meter"), "p2/level": Origin("b0", "drive")}


class Street(Scene):
    """The same, with names, and a gateway whose births say what hangs where."""

    def __init__(self, started_ms: int = T0, *, members: Mapping[str, ClassMembers] = MEMBERS, **more: Any) -> None:
        self.statuses = []
        points = {NODE: frozenset({10, 11, 12})}
        self.watchman = Watchman(members, points, [GATEWAY], lambda: self.statuses, started_ms, names=NAMES, **more)

    def born(self, now_ms: int, *points: int) -> None:
        """The gateway is there, its births have come, some points have values."""
        self.hear(now_ms, points=points)
        self.statuses = [replace(self.statuses[0], devices=("b0",), origins=ORIGINS)]

    def announced(self, until_ms: int, *points: int) -> list[AlarmChange]:
        """Everything until then, while these points have values."""
        found: list[AlarmChange] = []
        for now_ms in range(until_ms - 240_000, until_ms, 10_000):
            self.born(now_ms, *points)
            found += self.watchman.changes(now_ms)
        return found


def test_a_birth_says_what_hangs_where_and_the_alarm_names_it() -> None:
    """A unit that falls silent beside another one on its bus: its name and its facility's, in both languages."""
    street = Street()
    (opened,) = street.announced(T0 + 240_000, 10)
    assert (opened.rule_id, opened.facility, opened.element) == ("sight.unit", 2, "g/gw/b0/drive")
    assert opened.say == Text(zh="2 号泵：设备 drive 无应答", en="Pump 2: drive does not answer")
    (closed,) = street.announced(T0 + 480_000, 10, 11)
    assert (closed.kind, closed.alarm_id) == (ChangeKind.CLOSED, opened.alarm_id)


def test_a_bus_of_silent_units_is_one_alarm_with_its_tally() -> None:
    """Both units behind it are silent, the gateway speaks."""
    (opened,) = Street().announced(T0 + 240_000)
    assert (opened.rule_id, opened.facility, opened.element) == ("sight.bus", 99, "g/gw/b0")
    assert opened.say == Text(zh="99 号泵的总线 b0 断开：设备 2 台失联", en="Pump 99: bus b0 is lost: 2 devices unseen")


def test_after_a_restart_an_alarm_of_a_bus_waits_for_the_birth_that_names_it() -> None:
    """Until then nothing behind its gateway is raised; then it goes on under its own id."""
    (opened,) = Street().announced(T0 + 240_000)
    alarm = AnnouncedAlarm(
        alarm_id=opened.alarm_id,
        rule_id=opened.rule_id,
        facility=opened.facility,
        interval=opened.interval,
        element=opened.element,
    )
    again = Street(T0 + 300_000)
    again.watchman.announce([alarm])
    for now_ms in range(T0 + 300_000, T0 + 480_000, 10_000):
        again.hear(now_ms, points=())
        assert again.watchman.changes(now_ms) == []
    assert [one.kind for one in again.announced(T0 + 760_000)] in ([], [ChangeKind.COVERS])
    (closed, *_) = again.announced(T0 + 1_000_000, 10, 11)
    assert (closed.kind, closed.alarm_id) == (ChangeKind.CLOSED, opened.alarm_id)


def test_a_change_of_the_registry_forgets_nothing_of_what_was_heard() -> None:
    """The new watchman goes on where the old one stands: what was heard long ago is not silent, what is on stays on."""
    street = Street()
    (opened,) = street.announced(T0 + 240_000, 10)
    relief = Street()
    relief.watchman.succeed(street.watchman, T0 + 241_000)
    assert relief.announced(T0 + 600_000, 10) == []
    (closed,) = relief.announced(T0 + 900_000, 10, 11)
    assert (closed.kind, closed.alarm_id) == (ChangeKind.CLOSED, opened.alarm_id)


def test_a_unit_that_is_off_stays_announced_when_its_birth_comes_after_a_restart() -> None:
    """It has not been heard: nothing is closed, nothing raised again."""
    (opened,) = Street().announced(T0 + 240_000, 10)
    alarm = AnnouncedAlarm(
        alarm_id=opened.alarm_id,
        rule_id=opened.rule_id,
        facility=opened.facility,
        interval=opened.interval,
        element=opened.element,
    )
    again = Street(T0 + 300_000)
    again.watchman.announce([alarm])
    assert again.announced(T0 + 540_000, 10) == []


def test_after_a_restart_a_point_is_missed_that_the_store_knows() -> None:
    """A pump's flow is silent from the beginning on beside its level: said if it ever had a value, else not."""
    pumps = MEMBERS["sewage_pump"]
    both = replace(
        pumps,
        point={**pumps.point, "flow": np.array([12, -1], np.int32)},
        stale_after_ms={**pumps.stale_after_ms, "flow": np.array([30_000, 30_000], np.int64)},
        unit={**pumps.unit, "flow": "m3/h"},
    )
    for measured, expected in (((10, 11, 12), [("sight.point", 1, "flow")]), ((10, 11), [])):
        street = Street(members={"sewage_pump": both}, measured=np.array(measured, np.int32))
        found = street.announced(T0 + 240_000, 10, 11)
        assert [(one.rule_id, one.facility, one.element) for one in found] == expected


def test_what_carries_gas_fire_fighting_or_lifts_is_known_by_its_class() -> None:
    """Every class that is named exists, and its points alone are marked."""
    assert set(load_classes()) >= SAFETY_CLASSES
    group = MEMBERS["sewage_pump"]
    members = {"sewage_pump": group, "gas_indoor": replace(group, class_id="gas_indoor")}
    found = points_behind(members, {10: NODE, 11: NODE}, frozenset({str(NODE)}), {})
    assert [one.safety for one in found] == [False, False, True, True]


def test_a_grave_outage_asks_for_more() -> None:
    """In both languages: medium it is a gateway to be mended, high somebody watches on site, within four hours."""
    for rule_id in ("sight.gateway", "sight.bus", "sight.supply"):
        info = SIGHT_INFOS[rule_id]
        plain, grave = info.at(Severity.MEDIUM), info.at(Severity.HIGH)
        assert (plain.severity, grave.severity, info.severity) == (Severity.MEDIUM, Severity.HIGH, Severity.HIGH)
        assert grave.do[-len(plain.do) :] == plain.do
        assert len(grave.do) > len(plain.do)
        assert plain.deadline is None
        assert grave.deadline is not None
        assert grave.deadline.hours == 4
    assert not SIGHT_INFOS["sight.device"].levels
