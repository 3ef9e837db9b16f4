"""Outages as they happen: one alarm for each, naming the highest element that has failed, and no burst afterwards."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.alarms import AlarmChange, ChangeKind, Severity
from rules.sight import GATHER_BUS_MS, GATHER_GATEWAY_MS, GATHER_SUPPLIED_MS, RETURN_MS
from rules.sight_severity import MASS_MS, SAFETY_MS
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


def test_a_point_whose_source_says_that_there_is_nothing_to_measure_is_in_sight() -> None:
    """The share of failed polls of a gateway whose bus is cut was a second outage, hours after the first.

    When the source says nothing any more, it is silent as any other.
    """
    world = lively(street(1))
    world.idle_points.add(2)
    assert over(world, 600) == []
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


@pytest.mark.parametrize("seconds", [1, 30, 200])
def test_a_restart_does_not_take_the_silent_meter_of_a_lost_supply_for_a_living_one(seconds: int) -> None:
    """A board with its own meter behind one of its two gateways: both go, the process restarts, the board stays lost.

    The journal knows that no value came from the board. Before, its meter had its silence once more after the restart:
    the board counted as well, its alarm was closed, and both gateways would have been raised in its place.
    """
    plan = Plan(
        points=(
            Behind(0, 100, "level", 60_000, "g/0", "b0", "u0"),
            Behind(1, 101, "level", 60_000, "g/1", "b0", "u0"),
            Behind(2, BOARD, "u_a", 60_000, "g/0", "b0", "meter"),
            Behind(3, 300, "level", 60_000, "g/2", "b0", "u0"),
        ),
        gates=(Gate("g/0", 500), Gate("g/1", 501), Gate("g/2", 502)),
        parents={100: BOARD, 101: BOARD, 500: BOARD, 501: BOARD},
        supplies=frozenset({BOARD}),
    )
    world = lively(plan)
    world.dead_gates |= {"g/0", "g/1"}
    assert said(over(world, 300)) == [("opened", "sight.supply", "")]
    before = set(world.on)
    world.restart()
    assert said(over(world, seconds, 1)) == []
    assert set(world.on) == before
    world.dead_gates.remove("g/0")
    after = said(over(world, 60, 1))
    assert after == [("closed", "sight.supply", "")], "a value of the meter says that the board is well"
    assert said(over(world, RETURN_MS // 1000)) == [("opened", "sight.gateway", "")]


def test_after_a_restart_a_point_is_raised_that_another_alarm_had_hidden() -> None:
    """A unit is off when the process restarts; it comes back, one of its two points does not.

    The journal knows the unit's alarm alone. Before, the point counted as never measured and was never raised.
    """
    world = lively(street(1))
    world.dead_units.add(("g/0", "b0", "u1"))
    assert said(over(world, 200)) == [("opened", "sight.unit", "g/0/b0/u1")]
    world.restart()
    assert said(over(world, 200)) == []
    world.dead_units.clear()
    world.dead_points.add(2)
    assert said(over(world, 200)) == [("closed", "sight.unit", "g/0/b0/u1"), ("opened", "sight.point", "level")]


def test_after_a_restart_a_point_is_raised_that_fell_silent_just_before() -> None:
    """Nothing of it is in the journal yet."""
    world = lively(street(1))
    world.dead_points.add(2)
    assert said(over(world, 30)) == []
    world.restart()
    assert said(over(world, 120)) == [("opened", "sight.point", "level")]


def test_a_restart_makes_no_outage_of_a_point_that_was_never_measured() -> None:
    """Its unit answers, before and after."""
    world = Hamlet(street(1))
    world.dead_points.add(2)
    assert over(world, 120) == []
    world.restart()
    assert over(world, 200) == []


# --- what becomes grave -----------------------------------------------------------------------------------------------

RISEN = ("severity", "sight.gateway", "")


def with_gas(plan: Plan, *numbers: int) -> Plan:
    """The same place; these points are of gas."""
    return replace(plan, points=tuple(one._replace(safety=one.point in numbers) for one in plan.points))


def test_a_gateway_that_carries_gas_is_high_after_half_an_hour() -> None:
    """Medium at first, since a gateway that starts anew is none to wake anybody for; it rises once, and ends high."""
    world = lively(with_gas(street(1), 5))
    world.dead_gates.add("g/0")
    (opened,) = world.tick(1)
    assert opened.severity is Severity.MEDIUM
    assert over(world, SAFETY_MS // 1000 - 5) == []
    (risen,) = over(world, 3600, step=10)
    assert (said([risen]), risen.severity, risen.alarm_id) == ([RISEN], Severity.HIGH, opened.alarm_id)
    assert [step.severity for step in risen.interval.steps] == [Severity.MEDIUM, Severity.HIGH]
    assert 0 <= risen.interval.steps[1].at_ms - opened.interval.start_ms - SAFETY_MS < 10_000
    world.dead_gates.clear()
    (closed,) = over(world, 30)
    assert (closed.kind, closed.severity, closed.interval.steps) == (
        ChangeKind.CLOSED,
        Severity.HIGH,
        risen.interval.steps,
    )


def test_a_gateway_without_gas_stays_medium() -> None:
    """Whatever the hours; a community of one gateway has no mass loss."""
    world = lively(street(1))
    world.dead_gates.add("g/0")
    assert [one.severity for one in over(world, 2 * SAFETY_MS // 1000, step=30)] == [Severity.MEDIUM]


def test_a_gateway_that_is_back_in_time_never_rises() -> None:
    """Each outage counts for itself."""
    world = lively(with_gas(street(1), 5))
    for _ in range(3):
        world.dead_gates.add("g/0")
        over(world, SAFETY_MS // 1000 - 60, step=30)
        world.dead_gates.clear()
        over(world, 60)
    assert RISEN not in said(world.log)


def test_a_bus_rises_with_what_hangs_on_it_and_a_device_does_not() -> None:
    """Of two buses that are lost the one with gas rises; a single silent detector is for its maintainer."""
    world = lively(with_gas(street(2), 0, 12))
    world.dead_buses |= {("g/0", "b0"), ("g/1", "b0")}
    world.dead_units.add(("g/1", "b1", "u0"))
    found = said(over(world, SAFETY_MS // 1000 + 120, step=15))
    assert [one for one in found if one[0] == "severity"] == [("severity", "sight.bus", "g/0/b0")]
    assert ("opened", "sight.unit", "g/1/b1/u0") in found


def test_the_alarm_that_tells_of_a_gateway_rises_for_it() -> None:
    """A supply that hides it is announced: its alarm is the one that rises, and nothing beside it."""
    plan = with_gas(street(2, board=True), 5)
    lone = Behind(99, 300, "level", 60_000, "g/9", "b0", "u0")
    world = lively(replace(plan, points=(*plan.points, lone), gates=(*plan.gates, Gate("g/9", 509, "east"))))
    world.dead_gates |= {"g/0", "g/1"}
    found = said(over(world, SAFETY_MS // 1000 + 200, step=20))
    assert found == [("opened", "sight.supply", ""), ("severity", "sight.supply", "")]


@pytest.mark.parametrize(("gateways", "gone", "rises"), [(5, 3, True), (5, 2, False), (4, 2, False), (3, 2, True)])
def test_more_than_half_of_the_gateways_of_a_community_are_a_mass_loss(gateways: int, gone: int, rises: bool) -> None:
    """One after the other, so that nothing in common is named: after ten minutes each of them is high."""
    world = lively(street(gateways))
    for number in range(gone):
        world.dead_gates.add(f"g/{number}")
        over(world, 400, step=20)
    begun = said(world.log)
    assert begun == [("opened", "sight.gateway", "")] * gone
    found = said(over(world, MASS_MS // 1000, step=20))
    assert found == ([RISEN] * gone if rises else [])
    assert said(over(world, 3600, step=60)) == []


def test_gateways_of_no_community_are_no_mass() -> None:
    """Nobody knows of how many they are."""
    world = lively(street(3, community=""))
    world.dead_gates |= {"g/0", "g/1"}
    assert said(over(world, 2 * MASS_MS // 1000, step=20)) == [("opened", "sight.gateway", "")] * 2


@pytest.mark.parametrize("before_s", [600, 2000])
def test_a_restart_neither_forgets_nor_repeats_a_rise(before_s: int) -> None:
    """The journal keeps since when the alarm is on, and that it has risen."""
    world = lively(with_gas(street(1), 5))
    world.dead_gates.add("g/0")
    over(world, before_s, step=10)
    world.restart()
    over(world, 2000, step=10)
    assert [one for one in said(world.log) if one[0] == "severity"] == [RISEN]
    (alarm,) = world.on.values()
    assert alarm.severity is Severity.HIGH
