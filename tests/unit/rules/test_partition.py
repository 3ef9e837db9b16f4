"""Facilities dealt to several workers: no rule is cut, and all together they give the alarms of one engine."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings, target
from hypothesis import strategies as st

from core.alarms import Interval
from core.errors import Refused
from core.places import ClassMembers, Relation
from core.readings import Readings
from rules.engine import kept
from rules.engine.engine import Engine, EngineSettings
from rules.engine.joining import joined
from rules.partition import SLACK, Block, blocks, deal, oversized, share
from rules.rule_set import RuleSet
from tests.unit.rules import test_order
from tests.unit.rules.reference.judge import Turns
from tests.unit.rules.test_groups import rules as rules_across
from tests.unit.rules.test_order import BASE_MS, TERMS, Delivery, Journal, Plan, delivery_of, plans
from tests.unit.rules.test_order import rules as rules_alone
from tests.unit.rules.town import Store, TownCalendar, members, rule_set, rule_text

WELLS = 6
ATTRIBUTES = {"limit": [1.0, 2.5, float("nan"), 2.0, 1.0, 0.5]}
TEXTS = {"material": ["PE", "steel", None, "PE", "PE", None]}
GROUP = {
    Relation.GOVERNANCE_CELL: ("g", "g", "h", "h", "", ""),
    Relation.COMMUNITY: ("c", "c", "c", "d", "d", "d"),
    Relation.PARENT: ("", "well-0", "", "well-2", "", ""),
    Relation.REDUNDANT_SET: ("", "", "r", "r", "", "s"),
    Relation.BUS: ("", "p/g/b", "", "", "p/g/b", ""),
}
HOURS = [Turns(float(well % 2), ((BASE_MS + 5_000, 1.0), (BASE_MS + 15_000, 0.0))) for well in range(WELLS)]
CALENDAR = TownCalendar({term: HOURS[:: -1 if number % 2 else 1] for number, term in enumerate(TERMS)})


def town(group: Mapping[Relation, tuple[str, ...]] | None = None) -> dict[str, ClassMembers]:
    """Six wells with cells, communities, parents and a redundant set."""
    return {"well": members(WELLS, ATTRIBUTES, TEXTS, GROUP if group is None else group)}


def wells(*numbers: int) -> tuple[int, ...]:
    """Registry numbers of wells."""
    return tuple(100 + number for number in numbers)


# --- blocks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "tied"),
    [
        ("a > 1", []),
        ("count(a > 1) of cell.governance >= 1", [(0, 1), (2, 3)]),
        ("mean(a) of community > 1", [(0, 1, 2), (3, 4, 5)]),
        ("parent.a > 1", [(0, 1), (2, 3)]),
        ("max(parent.a) over 10 s > 1", [(0, 1), (2, 3)]),
        ("min(a) of parent > 1", []),
        ("max(a) of redundant_set > 1", [(2, 3)]),
        ("max(a) of gateway > 1", []),
    ],
)
def test_a_rule_ties_who_is_read_and_who_reads(when: str, tied: list[tuple[int, ...]]) -> None:
    """Groups tie their members, a parent its own; who has no name in common with anybody stands alone."""
    found = blocks(rule_set(rule_text("r0", when)), town())
    alone = set(range(WELLS)) - {well for one in tied for well in one}
    expected = sorted([wells(*one) for one in tied] + [wells(well) for well in alone])
    assert [one.facilities for one in found] == expected
    assert {one.ties for one in found if len(one) > 1} <= {(("r0", 2),), (("r0", 3),)}


def test_rules_tie_through_each_other_and_are_named_by_what_each_ties() -> None:
    """Two rules whose sets overlap make one block; the one that ties more is named first."""
    texts = [rule_text("pair", "parent.a > 1"), rule_text("street", "mean(a) of community > 1")]
    chain = {**GROUP, Relation.PARENT: ("", "", "", "well-2", "", "")}
    (block,) = blocks(rule_set(*texts), town(chain))
    assert block == Block(wells(*range(WELLS)), (("street", 3), ("pair", 2)))
    assert oversized([block], 2) == (block,)
    assert oversized([block], 1) == ()


def test_a_parent_that_does_not_measure_what_is_asked_ties_nothing() -> None:
    """The comparison is unknown there, whoever judges it."""
    group = town()["well"]
    point = {key: column.copy() for key, column in group.point.items()}
    point["a"][0] = -1
    found = blocks(rule_set(rule_text("r0", "parent.a > 1")), {"well": replace(group, point=point)})
    assert [one.facilities for one in found if len(one) > 1] == [wells(2, 3)]


names = st.lists(st.sampled_from(["", "p", "q", "s", "t", "u"]), min_size=WELLS, max_size=WELLS).map(tuple)


@given(names, names, st.lists(st.sampled_from(["community", "cell.governance"]), max_size=2, unique=True))
def test_blocks_are_what_can_be_reached(
    community: tuple[str, ...], cell: tuple[str, ...], relations: list[str]
) -> None:
    """Against a search from each facility along the names it shares."""
    group = {Relation.COMMUNITY: community, Relation.GOVERNANCE_CELL: cell}
    texts = [rule_text(f"r{number}", f"max(a) of {relation} > 1") for number, relation in enumerate(relations)]
    found = blocks(rule_set(*texts, rule_text("plain", "a > 1")), town(group))
    shared = [group[Relation(relation)] for relation in relations]
    for one in found:
        reached = {one.facilities[0] - 100}
        for _ in range(WELLS):
            reached |= {
                other
                for of in shared
                for other in range(WELLS)
                for well in reached
                if of[well] and of[well] == of[other]
            }
        assert set(one.facilities) == set(wells(*reached))
    assert sorted(facility for one in found for facility in one.facilities) == list(wells(*range(WELLS)))


# --- dealing ----------------------------------------------------------------------------------------------------------


def blocks_of(sizes: Iterable[int]) -> list[Block]:
    """Blocks of these sizes, numbered through."""
    found, first = [], 0
    for size in sizes:
        found.append(Block(tuple(range(first, first + size))))
        first += size
    return found


sizes = st.lists(st.sampled_from([1, 1, 1, 2, 3, 7, 20]), min_size=1, max_size=40)
workers = st.integers(1, 6)


@given(sizes, workers, st.randoms(use_true_random=False))
def test_every_block_has_one_worker_and_parts_are_even(of: list[int], count: int, rng: random.Random) -> None:
    """The order of the blocks does not matter; nobody has more than the slack or one block above the least."""
    every = blocks_of(of)
    dealt = deal(every, count)
    mixed = list(every)
    rng.shuffle(mixed)
    assert deal(mixed, count) == dealt
    assert all(len({dealt[facility] for facility in one.facilities}) == 1 for one in every)
    load = Counter(dealt.values())
    parts = [load[worker] for worker in range(count)]
    assert max(parts) <= max(-(-sum(of) // count) * (1 + SLACK), min(parts) + max(of))


@given(sizes, workers)
def test_what_is_as_it_was_stays_where_it_was(of: list[int], count: int) -> None:
    """Dealing again moves nothing; a facility more moves nobody else, nor does one that is gone beyond its evening."""
    every = blocks_of(of)
    dealt = deal(every, count)
    assert deal(every, count, dealt) == dealt
    more = deal([*every, Block((10_000,))], count, dealt)
    assert {facility: worker for facility, worker in more.items() if facility != 10_000} == dealt


@given(sizes, workers)
def test_a_worker_more_takes_about_its_part(of: list[int], count: int) -> None:
    """Only what the new worker gets has moved."""
    every = blocks_of(of)
    before = deal(every, count)
    after = deal(every, count + 1, before)
    moved = [facility for facility in before if before[facility] != after[facility]]
    gets = sum(worker == count for worker in after.values())
    assert len(moved) <= max(gets + 2 * max(of), sum(of) // (count + 1) + 2 * max(of))


def test_joined_blocks_move_to_where_most_of_them_is() -> None:
    """A rule that ties two blocks of two workers moves the smaller."""
    before = {0: 0, 1: 0, 2: 0, 3: 1, 4: 1, 5: 1, 6: 1}
    every = [Block((0, 3, 4)), *(Block((number,)) for number in (1, 2, 5, 6))]
    after = deal(every, 2, before)
    assert after[0] == after[3] == after[4] == 1
    assert after[1] == after[2] == 0


# --- N workers are one ------------------------------------------------------------------------------------------------


class Workers:
    """Several engines and one journal."""

    def __init__(self, rules: RuleSet, count: int, store: Store, tuned: EngineSettings) -> None:
        """Deal the town to so many."""
        self.rules, self.store, self.tuned, self.count = rules, store, tuned, count
        self.town, self.journal = town(), Journal()
        self.dealt = deal(blocks(rules, self.town), count)
        shares = [share(self.town, self.dealt, worker) for worker in range(count)]
        self.engines = [Engine(rules, part, store, tuned, CALENDAR) for part in shares]

    def move(self, dealt: dict[int, int], workers: int, now_ms: int) -> int:
        """Let others judge: all stop at one moment, and begin again from their joined snapshots; who has moved."""
        for engine in self.engines:
            engine.advance(now_ms)
            self.journal.apply(engine.changes(now_ms))
        whole = joined([engine.snapshot() for engine in self.engines])
        moved = sum(self.dealt[facility] != worker for facility, worker in dealt.items())
        self.dealt = dealt
        shares = [share(self.town, dealt, worker) for worker in range(workers)]
        self.engines = [Engine.restore(whole, self.rules, part, self.store, self.tuned, CALENDAR) for part in shares]
        for worker, engine in enumerate(self.engines):
            engine.announce([one for one in self.journal.announced() if dealt[one.facility] == worker])
            self.journal.apply(engine.changes(now_ms))
        return moved

    def hear(self, chunk: Readings | None, now_ms: int) -> None:
        """Readings, and time that passes."""
        for engine in self.engines:
            if chunk is not None:
                engine.ingest(chunk, now_ms)
                self.journal.apply(engine.changes(now_ms))
            engine.advance(now_ms)
            self.journal.apply(engine.changes(now_ms))


def workers_of(
    rules: RuleSet, delivery: Delivery, count: int, tuned: EngineSettings, move_at: int, seed: int
) -> Workers:
    """Deliver everything to several workers; after chunk ``move_at`` the blocks are dealt at random."""
    store, rng = Store(), np.random.default_rng(seed)
    found = Workers(rules, count, store, tuned)
    now_ms = BASE_MS
    for number, (now_ms, chunk) in enumerate(delivery.chunks):
        store.batches.append(chunk)
        found.hear(chunk, now_ms)
        if number == move_at:
            after = int(rng.integers(1, 4))
            dealt = {facility: int(rng.integers(after)) for facility in found.dealt}
            for block in blocks(rules, found.town):
                dealt |= dict.fromkeys(block.facilities, dealt[block.facilities[0]])
            event(f"moved: {found.move(dealt, after, now_ms) > 0}")
    for _ in range(12):
        now_ms += 5_000
        found.hear(None, now_ms)
    return found


@settings(
    max_examples=int(os.environ.get("TWINGRID_ORDER_EXAMPLES", "40")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example, HealthCheck.filter_too_much],
    deadline=None,
)
@given(
    rules_across() | rules_alone(),
    plans,
    st.integers(1, 4),
    st.sampled_from([10, 10_000]),
    st.sampled_from([-1, 2, 8]),
    st.sampled_from([0, 2_000]),
    st.sampled_from([0, kept.KEEP_FROM_MS]),
)
def test_workers_give_the_alarms_of_one(
    texts: list[str], plan: Plan, count: int, limit: int, move_at: int, meeting_ms: int, keep_from_ms: int
) -> None:
    """Any rules, any deal, any order of arrival, and blocks that move with their state in the middle of it."""
    tuned = EngineSettings(save_every_ms=2_000, memory_readings=limit, meeting_ms=meeting_ms)
    six = patch.multiple(test_order, WELLS=WELLS, ATTRIBUTES=ATTRIBUTES, TEXTS=TEXTS, GROUP=GROUP)
    with six, patch.object(kept, "KEEP_FROM_MS", keep_from_ms):
        delivery, rules = delivery_of(plan), rule_set(*texts)
        _, alone = test_order.run(rules, delivery, limit, 2_000, CALENDAR, meeting_ms=meeting_ms)
        found = workers_of(rules, delivery, count, tuned, move_at, plan.seed)
    target(float(len(alone.alarms)), label="alarms")
    for rule in rules.rules:
        for facility in wells(*range(WELLS)):
            of_one, of_many = (journal.intervals(rule.id, facility) for journal in (alone, found.journal))
            told = f"{rule.when_text} | {rule.clear_text} | {facility}"
            assert [_seen(one) for one in of_many] == [_seen(one) for one in of_one], told
    assert len(found.journal.alarms) == len(alone.alarms)
    if move_at < 0:
        assert set(found.journal.alarms) == set(alone.alarms)


def _seen(interval: Interval) -> tuple[object, ...]:
    return (interval.start_ms, interval.stop_ms, interval.steps)


def test_snapshots_of_one_facility_are_not_joined() -> None:
    """Two workers that judged the same facility, other rules, or other moments of what they share are refused."""
    rules = rule_set(rule_text("r0", "mean(a) of community > 1"))
    engines = [
        Engine(rules, share(town(), dict.fromkeys(wells(*part), 0), 0), Store()) for part in ((0, 1, 2), (3, 4, 5))
    ]
    for engine in engines:
        engine.advance(BASE_MS)
    whole = joined([engine.snapshot() for engine in engines])
    assert set(Engine.restore(whole, rules, town(), Store()).layout.facility.tolist()) == set(wells(*range(WELLS)))
    with pytest.raises(Refused, match="a facility stands in"):
        joined([engines[0].snapshot(), engines[0].snapshot()])
    other = Engine(rule_set(rule_text("r1", "a > 2")), share(town(), {103: 0}, 0), Store())
    with pytest.raises(Refused, match="differ in rules"):
        joined([engines[0].snapshot(), other.snapshot()])
    engines[1].advance(BASE_MS + 5_000)
    with pytest.raises(Refused, match="the moment of groups"):
        joined([engine.snapshot() for engine in engines])
