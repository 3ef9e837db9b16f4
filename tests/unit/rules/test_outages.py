"""Outages as they happen: one alarm for each, naming the highest element that has failed, and no burst afterwards."""

from __future__ import annotations

import pytest

from core.alarms import AlarmChange, ChangeKind
from rules.sight import GATHER_BUS_MS, GATHER_GATEWAY_MS, GATHER_SUPPLIED_MS, RETURN_MS
from rules.sight_tree import Behind, Gate
from tests.unit.rules.hamlet import Hamlet, Plan

BOARD = 900


def street(gateways: int, *, community: str = "east", board: bool = False) -> Plan:
    """Gateways of two buses with two units each; each unit is one facility of two points."""
    points: list[Behind] = []
    parents: dict[int, int] = {}
    gates = [Gate(f"g/{one}", 500 + one, community) for one in range(gateways)]
    for gate in gates:
        for bus in ("b0", "b1"):
            for unit in ("u0", "u1"):
                facility = 100 + len(points) // 2
                for key in ("level", "current"):
                    points.append(Behind(len(points), facility, key, 60_000, gate.key, bus, unit))
                if board:
                    parents[facility] = BOARD
        if board:
            parents[gate.facility or 0] = BOARD
    return Plan(tuple(points), tuple(gates), parents, frozenset({BOARD}) if board else frozenset())


def lively(plan: Plan) -> Hamlet:
    """A place where everything has been heard for a while."""
    world = Hamlet(plan)
    for _ in range(3):
        assert world.tick(10) == []
    return world


def said(changes: list[AlarmChange]) -> list[tuple[str, str, str]]:
    """What was announced, in words."""
    return [(one.kind.value, one.rule_id, one.element) for one in changes if one.kind is not ChangeKind.COVERS]


def over(world: Hamlet, seconds: int, step: int = 5) -> list[AlarmChange]:
    """Everything that is announced while time passes."""
    return [change for _ in range(0, seconds, step) for change in world.tick(step)]


def test_a_gateway_process_that_is_killed_is_one_alarm_at_once() -> None:
    """The only gateway of its community has nothing above it to wait for; four devices are not seen."""
    world = lively(street(1))
    world.dead_gates.add("g/0")
    opened = world.tick(1)
    assert said(opened) == [("opened", "sight.gateway", "")]
    unseen = opened[0].unseen
    assert unseen is not None
    assert (unseen.gateways, unseen.devices, unseen.facilities) == (0, 4, (100, 101, 102, 103))
    assert over(world, 600) == []
    world.dead_gates.clear()
    assert said(over(world, 300)) == [("closed", "sight.gateway", "")]


def test_a_bus_that_is_cut_is_one_alarm() -> None:
    """The readings say that the connection is lost: the bus is announced once the gathering time is over."""
    world = lively(street(1))
    world.dead_buses.add(("g/0", "b1"))
    changes = over(world, GATHER_BUS_MS // 1000 + 10)
    assert said(changes) == [("opened", "sight.bus", "g/0/b1")]
    assert changes[0].facility == 500
    assert changes[0].unseen is not None
    assert changes[0].unseen.devices == 2
    world.dead_buses.clear()
    assert said(over(world, 300)) == [("closed", "sight.bus", "g/0/b1")]


def test_a_unit_that_is_switched_off_is_one_alarm_at_its_facility() -> None:
    """Both its points fall silent; the facility that it alone serves is named."""
    world = lively(street(1))
    world.dead_units.add(("g/0", "b0", "u1"))
    changes = over(world, 120)
    assert said(changes) == [("opened", "sight.unit", "g/0/b0/u1")]
    assert changes[0].facility == 101


def test_a_point_that_falls_silent_beside_living_ones_is_named_itself() -> None:
    """Its unit answers: neither unit nor facility is announced."""
    world = lively(street(1))
    world.dead_points.add(2)
    assert said(over(world, 120)) == [("opened", "sight.point", "level")]


def test_a_point_that_was_never_measured_is_not_announced() -> None:
    """What a device does not have is a matter of commissioning, no outage."""
    world = Hamlet(street(1))
    world.dead_points.add(2)
    assert over(world, 600) == []


def test_a_community_that_is_cut_off_is_one_alarm() -> None:
    """Its gateways go one after the other within some seconds: not one of them is announced."""
    world = lively(street(4))
    for gate in world.plan.gates:
        world.dead_gates.add(gate.key)
        world.tick(3)
    changes = over(world, 300)
    assert said(changes) == [("opened", "sight.site", "east")]
    assert changes[0].unseen is not None
    assert (changes[0].unseen.gateways, changes[0].unseen.devices) == (4, 16)
    world.dead_gates.remove("g/0")
    back = over(world, RETURN_MS // 1000 - 10)
    assert said(back) == [("closed", "sight.site", "east")], "the others have their time to start up"
    assert said(over(world, 60)) == [("opened", "sight.gateway", "")] * 3, "and are announced if they do not"


def test_a_gateway_that_was_down_long_before_is_no_part_of_the_common_cause() -> None:
    """One has been down for hours, another breaks today: two alarms, no community that is cut off."""
    world = lively(street(2))
    world.dead_gates.add("g/0")
    assert said(over(world, GATHER_GATEWAY_MS // 1000 + 5)) == [("opened", "sight.gateway", "")]
    over(world, 3600, step=10)
    world.dead_gates.add("g/1")
    assert said(over(world, 120)) == [("opened", "sight.gateway", "")]


def test_a_supply_that_fails_is_told_by_the_alarm_of_its_rule() -> None:
    """Gateways go first, the rule speaks after a minute: nothing is raised beside it, and it tells what is hidden."""
    world = lively(street(3, board=True))
    world.dead_gates |= {"g/0", "g/1"}
    assert said(over(world, GATHER_SUPPLIED_MS // 1000 - 20)) == []
    world.darken(BOARD)
    changes = over(world, 600)
    assert said(changes) == []
    covers = [one for one in changes if one.kind is ChangeKind.COVERS]
    assert covers[-1].alarm_id == f"outage-{BOARD}"
    assert covers[-1].unseen is not None
    assert (covers[-1].unseen.gateways, covers[-1].unseen.devices) == (2, 8)
    world.lighten(BOARD)
    world.tick(5)
    world.dead_gates.clear()
    assert said(over(world, 600)) == []


def test_what_was_raised_is_folded_when_the_supply_speaks_late() -> None:
    """The gateways were announced already; they end as folded into the alarm of the supply."""
    world = lively(street(3, board=True))
    world.dead_gates |= {"g/0", "g/1"}
    assert said(over(world, GATHER_SUPPLIED_MS // 1000 + 10)) == [("opened", "sight.gateway", "")] * 2
    world.darken(BOARD)
    changes = world.tick(5)
    assert said(changes) == [("folded", "sight.gateway", "")] * 2
    assert {one.into for one in changes if one.kind is ChangeKind.FOLDED} == {f"outage-{BOARD}"}
    world.lighten(BOARD)
    world.tick(5)
    world.dead_gates = {"g/1"}
    assert said(over(world, RETURN_MS // 1000 - 20)) == []
    assert said(over(world, 60)) == [("opened", "sight.gateway", "")], "what does not come back is raised again"


def test_gateways_of_one_board_that_go_together_make_a_supply_alarm() -> None:
    """Nobody measures the board: that all its gateways went is what is known of it."""
    plan = street(3, board=True)
    lone = Behind(99, 300, "level", 60_000, "g/9", "b0", "u0")
    plan = Plan((*plan.points, lone), (*plan.gates, Gate("g/9", 509, "east")), plan.parents, plan.supplies)
    world = lively(plan)
    world.dead_gates |= {"g/0", "g/1", "g/2"}
    changes = over(world, 300)
    assert said(changes) == [("opened", "sight.supply", "")]
    assert changes[0].facility == BOARD
    assert changes[0].unseen is not None
    assert (changes[0].unseen.gateways, changes[0].unseen.devices) == (3, 12)


@pytest.mark.parametrize("seconds", [30, 200])
def test_a_restart_in_the_middle_of_an_outage_says_nothing_new(seconds: int) -> None:
    """A gateway is down, a bus and a unit of another one are lost: after a restart the same alarms are on."""
    world = lively(street(2))
    world.dead_gates.add("g/0")
    world.dead_buses.add(("g/1", "b0"))
    world.dead_units.add(("g/1", "b1", "u0"))
    over(world, 200)
    before = set(world.on)
    assert len(before) == 3
    world.restart()
    assert said(over(world, seconds)) == []
    assert set(world.on) == before
    world.dead_gates.clear()
    world.dead_buses.clear()
    world.dead_units.clear()
    assert {kind for kind, _, _ in said(over(world, 300))} == {"closed"}
