"""Of everything that fails, one alarm is announced: the columns agree with a naive reading, in any order of failing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.alarms import ChangeKind
from rules.folding import COMMON_CAUSE_MS, Level, fold
from tests.unit.rules.hamlet import Hamlet, Plan, plans
from tests.unit.rules.reference.folding import Naive


@given(plans(), st.data())
@settings(max_examples=400, deadline=None)
def test_the_columns_agree_with_a_naive_reading(plan: Plan, data: st.DataObject) -> None:
    """Whatever hangs where and whatever has failed: the same nodes have failed, and each is hidden by the same one."""
    tree = plan.grow().tree
    n = len(tree)
    failed = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)), np.bool_)
    failed[tree.level == Level.SITE] = False
    well = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)), np.bool_)
    well &= (tree.level == Level.SUPPLY) & ~failed
    kept = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)), np.bool_)
    step = COMMON_CAUSE_MS * 3 // 5
    since_ms = np.array(data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)), np.int64) * step
    folded = fold(tree, failed, well, since_ms, kept)
    naive = Naive(tree, failed.tolist(), well.tolist(), since_ms.tolist(), kept.tolist())
    assert folded.out.tolist() == [naive.out(node) for node in naive.nodes]
    assert folded.named.tolist() == [naive.named(node) for node in naive.nodes]
    assert folded.top.tolist() == [naive.top(node) for node in naive.nodes]


def _expected(world: Hamlet) -> set[tuple[str, int, str]]:
    """What is to be announced of what has failed, read naively."""
    grown, plan = world.grown, world.plan
    tree, n = grown.tree, len(grown.tree)
    failed, well = [False] * n, [False] * n
    silent = [not world.lives(one) for one in plan.points]
    failed[: len(silent)] = silent
    for node in range(n):
        beneath = [silent[at] for at in range(len(silent)) if tree.parent[at] == node]
        failed[node] = failed[node] or (tree.level[node] == Level.UNIT and all(beneath))
    for key, node in grown.gateways.items():
        failed[node] = key in world.dead_gates
    for (gate, bus), node in grown.buses.items():
        failed[node] = (gate, bus) in world.dead_buses and gate not in world.dead_gates
    for facility, node in grown.supplies.items():
        failed[node] = facility in world.dark
        well[node] = not failed[node] and any(
            one.facility == facility and not silent[at] for at, one in enumerate(plan.points)
        )
    naive = Naive(tree, failed, well, [0] * n, [False] * n)
    told = {grown.supplies[facility] for facility in world.dark if facility in grown.supplies}
    found = {node for node in range(n) if naive.top(node) == node} - told
    for facility in {one.facility for one in plan.points}:
        mine = [at for at, one in enumerate(plan.points) if one.facility == facility]
        several = len({int(tree.parent[at]) for at in mine}) > 1
        if several and all(silent[at] and naive.top(at) == at for at in mine):
            found -= set(mine)
            found.add(next(at for at in range(n, len(grown.labels)) if grown.labels[at].facility == facility))
    return {(grown.labels[at].rule_id, grown.labels[at].facility, grown.labels[at].element) for at in found}


def _announced(world: Hamlet) -> set[tuple[str, int, str]]:
    keys = [(one.rule_id, one.facility, one.element) for one in world.on.values()]
    assert len(keys) == len(set(keys))
    return set(keys)


def _one_on_a_path(world: Hamlet) -> None:
    """No alarm is on together with one of an element above it."""
    places = {label[:3]: at for at, label in enumerate(world.grown.labels)}
    assert len(places) == len(world.grown.labels)
    on = {places[key] for key in _announced(world)}
    for at in on:
        up = int(world.grown.tree.parent[at]) if at < len(world.grown.tree) else -1
        while up >= 0:
            assert up not in on
            up = int(world.grown.tree.parent[up])


@given(plans(), st.data())
@settings(max_examples=120, deadline=None)
def test_any_failures_in_any_order_make_the_alarms_of_the_specification(plan: Plan, data: st.DataObject) -> None:
    """Failures within the gathering time come to the naive set of alarms; on recovery all end, and nothing bursts."""
    world = Hamlet(plan)
    for _ in range(4):
        assert world.tick(10) == []
    units = sorted({(one.gateway, one.bus, one.unit or str(one.facility)) for one in plan.points})
    steps: list[Callable[[], None]] = [
        *(partial(world.dead_gates.add, gate.key) for gate in plan.gates if data.draw(st.booleans())),
        *(partial(world.dead_buses.add, key) for key in world.grown.buses if not data.draw(st.integers(0, 2))),
        *(partial(world.dead_units.add, key) for key in units if not data.draw(st.integers(0, 2))),
        *(partial(world.dead_points.add, at) for at in range(len(plan.points)) if not data.draw(st.integers(0, 4))),
        *(partial(world.darken, key) for key in world.grown.supplies if not data.draw(st.integers(0, 2))),
    ]
    for step in data.draw(st.permutations(steps)):
        step()
        if data.draw(st.booleans()) and world.now_ms < 1_790_000_000_000 + 48_000:
            world.tick(1)
            _one_on_a_path(world)
    restarts = data.draw(st.sets(st.integers(0, 39), max_size=2))
    for number in range(40):
        world.tick(10)
        _one_on_a_path(world)
        if number in restarts and number > 25:
            before = _announced(world)
            world.restart()
            world.tick(1)
            assert _announced(world) == before
    assert _announced(world) == _expected(world)
    for facility in list(world.dark):
        world.lighten(facility)
    for gone in (world.dead_gates, world.dead_buses, world.dead_units, world.dead_points):
        gone.clear()
    mark = len(world.log)
    for _ in range(40):
        world.tick(10)
    assert not world.on
    assert not [one for one in world.log[mark:] if one.kind is ChangeKind.OPENED]
