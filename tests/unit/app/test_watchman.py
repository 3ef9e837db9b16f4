"""A gateway that falls silent is one alarm, whatever stands behind it; a restart of ours is none."""

from __future__ import annotations

import numpy as np

from app.watchman import Watchman
from core.alarms import ChangeKind
from core.places import ClassMembers, Text
from core.ports.nodes import NodeStatus
from core.ports.registry import Gateway
from core.readings import readings
from core.sparkplug.topics import NodeId

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
