"""Every offset ends in one place: stored, quarantined, or left to come again."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.offsets import OffsetRange
from core.ports.store import Commit, QuarantineReason
from core.quality import QualityClass, Reason, quality
from core.sparkplug.commit import decode_committed
from core.sparkplug.topics import NodeId
from ingest.assemble import Assembler, Message
from tests.unit.ingest.edge import METRICS, NODE, NOW_MS, Edge, FakeDirectory

TIMEOUT = quality(QualityClass.NOT_MEASURED, Reason.TIMEOUT)


def assembler() -> Assembler:
    """A host that has seen nothing yet."""
    return Assembler(FakeDirectory(), {})


def digest(host: Assembler, *messages: Message) -> Commit | None:
    """Let a host digest messages and accept its commit as durable."""
    outcome = host.assemble(messages, NOW_MS)
    if outcome.commit is not None:
        host.ledger.committed(1, outcome.commit.chunks, outcome.commit.lows)
        host.ledger.durable(1)
    return outcome.commit


def settled(host: Assembler, edge: Edge) -> int:
    """The acknowledged low-water mark of the edge's spool."""
    return decode_committed(host.ledger.acknowledgement((edge.node, edge.epoch)))[1].low


def reasons(commit: Commit | None) -> Counter[str]:
    """Quarantined readings by reason."""
    counts: Counter[str] = Counter()
    for item in commit.quarantined if commit else ():
        counts[item.reason] += item.count
    return counts


def test_readings_become_columns_with_their_place_in_the_spool() -> None:
    """Point, time, value, quality, epoch and offset arrive as they were sent."""
    edge, host = Edge(), assembler()
    rows = [(0, NOW_MS - 5, 3.25), (2, NOW_MS - 4, 0.0), (1, NOW_MS - 3, math.nan)]
    commit = digest(host, *edge.births(), edge.chunk(40, rows, low=40, codes={2: TIMEOUT}))
    assert commit is not None
    got = commit.readings
    assert got.point.tolist() == [10, 12, 11]
    assert got.time_ms.tolist() == [row[1] for row in rows]
    assert got.value.tolist()[:2] == [3.25, 0.0]
    assert math.isnan(got.value[2])
    assert got.quality.tolist() == [0, 0, TIMEOUT]
    assert got.epoch.tolist() == [77] * 3
    assert got.offset.tolist() == [40, 41, 42]
    assert settled(host, edge) == 43


@given(st.randoms(use_true_random=False), st.integers(1, 25))
def test_loss_repetition_and_disorder_end_with_every_offset_stored_once(rng: random.Random, chunks: int) -> None:
    """Whatever the line does, the gateway repeats what is not acknowledged until everything is stored exactly once."""
    edge, host = Edge(), assembler()
    pending: dict[int, list[tuple[int, int, float]]] = {}
    at = 0
    for index in range(chunks):
        count = rng.randint(1, 4)
        pending[at] = [(rng.randrange(3), NOW_MS - 1000 + index, float(at + row) / 1000) for row in range(count)]
        at += count
    stored: Counter[int] = Counter()
    messages: list[Message] = edge.births()
    for turn in range(20):
        messages += [edge.chunk(first, rows) for first, rows in pending.items()]
        arriving = [copy for message in messages for copy in [message] * rng.choice([0, 1, 1, 2] if turn < 18 else [1])]
        if turn < 18:
            rng.shuffle(arriving)
        while arriving:
            size = rng.randint(1, 6)
            batch, arriving = arriving[:size], arriving[size:]
            commit = digest(host, *batch)
            if commit is not None:
                stored.update(commit.readings.offset.tolist())
        _, done = decode_committed(host.ledger.acknowledgement((edge.node, edge.epoch)))
        pending = {first: r for first, r in pending.items() if not done.covers(OffsetRange(first, first + len(r)))}
        if not pending:
            break
        messages = edge.births()
    assert not pending
    assert stored == Counter(range(at))


def test_a_birth_is_answered_with_what_is_settled_even_if_that_is_nothing() -> None:
    """A gateway that comes back need not wait for its retry time to learn where it stands."""
    edge, host = Edge(), assembler()
    assert host.assemble(edge.births(), NOW_MS).repeat == {(NODE, edge.epoch)}
    assert settled(host, edge) == 0


def test_a_chunk_is_stored_once_even_within_one_batch() -> None:
    """The same chunk twice in one batch is one chunk and one duplicate."""
    edge, host = Edge(), assembler()
    chunk = edge.chunk(0, [(0, NOW_MS, 1.0)])
    commit = digest(host, *edge.births(), chunk, chunk)
    assert commit is not None
    assert len(commit.readings) == 1
    assert host.counts["duplicate_chunks"] == 1


def test_the_same_offsets_with_another_content_are_a_cloned_gateway() -> None:
    """The second content is quarantined with its reason and never acknowledged as stored."""
    edge, host = Edge(), assembler()
    digest(host, *edge.births(), edge.chunk(0, [(0, NOW_MS, 1.0)]))
    commit = digest(host, edge.chunk(0, [(0, NOW_MS, 2.0)]))
    assert commit is not None
    assert len(commit.readings) == 0
    assert reasons(commit) == {QuarantineReason.CLONED_GATEWAY: 1}


def test_an_epoch_that_was_followed_by_a_later_one_never_comes_back() -> None:
    """A copied spool on a second machine begins a later epoch; when the first one speaks again, the clone is found."""
    first, copy, host = Edge(epoch=77), Edge(epoch=99), assembler()
    digest(host, *first.births(), first.chunk(0, [(0, NOW_MS, 1.0)]))
    digest(host, *copy.births(), copy.chunk(0, [(0, NOW_MS + 1, 2.0)]))
    assert host.counts["clone_births"] == 0
    commit = digest(host, *first.births(), first.chunk(1, [(0, NOW_MS + 2, 3.0)]))
    assert commit is not None
    assert [item.reason for item in commit.quarantined] == [QuarantineReason.CLONED_GATEWAY]
    assert len(commit.readings) == 1, "its readings are true, and are stored under its own epoch"
    digest(host, *first.births(), *copy.births(), *first.births())
    assert host.counts["clone_births"] == 1, "said once"


def test_a_chunk_that_overlaps_settled_offsets_in_part_is_a_clones() -> None:
    """One spool never cuts a chunk twice."""
    edge, host = Edge(), assembler()
    digest(host, *edge.births(), edge.chunk(0, [(0, NOW_MS, 1.0)] * 2))
    commit = digest(host, edge.chunk(1, [(0, NOW_MS, 1.0)] * 2))
    assert reasons(commit) == {QuarantineReason.CLONED_GATEWAY: 2}


def test_data_before_any_birth_wait_for_the_rebirth_and_come_again() -> None:
    """What cannot be understood is neither stored nor quarantined nor acknowledged; a rebirth is asked for once."""
    edge, host = Edge(), assembler()
    chunk = edge.chunk(0, [(0, NOW_MS, 1.0)])
    outcome = host.assemble([chunk, chunk], NOW_MS)
    assert outcome.rebirths == {NODE}
    assert outcome.commit is None
    assert host.assemble([chunk], NOW_MS).rebirths == set()
    commit = digest(host, *edge.births(), chunk)
    assert commit is not None
    assert len(commit.readings) == 1


def test_an_alias_that_no_rebirth_explains_is_quarantined_and_does_not_block_the_spool() -> None:
    """After the asked-for birth an unknown alias is a fact, not a delay."""
    edge, host = Edge(), assembler()
    strange = edge.chunk(0, [(9, NOW_MS, 1.0), (0, NOW_MS, 2.0)])
    assert host.assemble([*edge.births(), strange], NOW_MS).rebirths == {NODE}
    commit = digest(host, *edge.births(), strange)
    assert commit is not None
    assert reasons(commit) == {QuarantineReason.UNKNOWN_ALIAS: 1}
    assert commit.readings.offset.tolist() == [1]
    assert settled(host, edge) == 2


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ((0, NOW_MS + 601_000, 1.0), QuarantineReason.IMPOSSIBLE_TIME),
        ((0, 1000, 1.0), QuarantineReason.IMPOSSIBLE_TIME),
        ((0, 2**63 - 1, 1.0), QuarantineReason.IMPOSSIBLE_TIME),
    ],
)
def test_an_impossible_time_is_quarantined_alone(row: tuple[int, int, float], reason: QuarantineReason) -> None:
    """The good reading beside it is stored, and both are settled."""
    edge, host = Edge(), assembler()
    commit = digest(host, *edge.births(), edge.chunk(0, [row, (1, NOW_MS, 2.0)]))
    assert commit is not None
    assert reasons(commit) == {reason: 1}
    assert commit.readings.point.tolist() == [11]
    assert settled(host, edge) == 2


def test_unknown_points_and_wrong_units_are_quarantined_by_name() -> None:
    """The registry's word counts, and the person reads which metric is to blame."""
    edge = Edge(metrics=("pump-01/current", "pump-09/level"), units={"pump-01/current": "mA"})
    host = assembler()
    commit = digest(host, *edge.births(), edge.chunk(0, [(0, NOW_MS, 1.0), (1, NOW_MS, 1.0)]))
    assert commit is not None
    assert {(item.metric, item.reason) for item in commit.quarantined} == {
        ("pump-01/current", QuarantineReason.WRONG_UNIT),
        ("pump-09/level", QuarantineReason.UNKNOWN_POINT),
    }


def test_a_value_outside_the_plausible_range_is_kept_as_bad() -> None:
    """The sample is kept and shown, rules do not see it."""
    edge, host = Edge(), assembler()
    commit = digest(host, *edge.births(), edge.chunk(0, [(0, NOW_MS, 999.0)]))
    assert commit is not None
    assert commit.readings.value.tolist() == [999.0]
    assert commit.readings.quality.tolist() == [quality(QualityClass.BAD, Reason.OUT_OF_RANGE)]


def test_a_content_that_does_not_match_its_checksum_is_quarantined() -> None:
    """What was altered on the way never becomes a reading."""
    edge, host = Edge(), assembler()
    commit = digest(host, *edge.births(), edge.chunk(0, [(0, NOW_MS, 1.0)], spoil_crc=True))
    assert commit is not None
    assert reasons(commit) == {QuarantineReason.CHECKSUM: 1}
    assert len(commit.readings) == 0


def test_a_gap_settles_its_offsets_and_is_recorded() -> None:
    """Evicted readings are counted, not missed."""
    edge, host = Edge(), assembler()
    commit = digest(host, *edge.births(), edge.gap(OffsetRange(0, 500)), edge.chunk(500, [(0, NOW_MS, 1.0)]))
    assert commit is not None
    assert [len(record.span) for record in commit.gaps] == [500]
    assert settled(host, edge) == 501


def test_a_gap_over_readings_that_did_arrive_counts_only_the_rest() -> None:
    """A chunk whose acknowledgement was lost may be evicted and declared a gap: it is stored, not missing."""
    edge, host = Edge(), assembler()
    digest(host, *edge.births(), edge.chunk(10, [(0, NOW_MS, 1.0)] * 5))
    commit = digest(host, edge.gap(OffsetRange(0, 20)))
    assert commit is not None
    assert [(record.span.first, record.span.stop) for record in commit.gaps] == [(0, 10), (15, 20)]
    straggler = digest(host, edge.chunk(0, [(0, NOW_MS, 1.0)] * 5))
    assert straggler is None
    assert host.counts["duplicate_chunks"] == 1
    assert host.counts["clone_chunks"] == 0


def test_a_gateway_nobody_enrolled_is_quarantined_and_gets_no_answer() -> None:
    """No other gateway's data can be touched by it."""
    stranger, host = Edge(node=NodeId("g1", "intruder")), assembler()
    outcome = host.assemble([*stranger.births(), stranger.chunk(0, [(0, NOW_MS, 1.0)])], NOW_MS)
    assert outcome.commit is not None
    assert {item.reason for item in outcome.commit.quarantined} == {QuarantineReason.UNKNOWN_NODE}
    assert not outcome.repeat
    assert not outcome.rebirths


def test_a_changed_registry_is_taken_over_without_a_rebirth() -> None:
    """A point added to the registry is stored from the next message on."""
    edge = Edge(metrics=("pump-01/current", "new/level"), units={})
    directory = FakeDirectory()
    host = Assembler(directory, {})
    digest(host, *edge.births(), edge.chunk(0, [(1, NOW_MS, 1.0)]))
    directory.known = {**directory.known, "new/level": next(iter(directory.known.values()))}
    directory.version += 1
    commit = digest(host, edge.chunk(1, [(1, NOW_MS, 1.0)]))
    assert commit is not None
    assert len(commit.readings) == 1


def test_many_rebirths_never_move_readings_that_are_staged_already() -> None:
    """The alias table grows with every birth and is rebuilt between batches, never under the rows of another node."""
    other = NodeId("g1", "gw2")
    wide = tuple(f"spare-{number}/level" for number in range(3000))
    noisy, quiet = Edge(metrics=(*METRICS, *wide)), Edge(node=other, epoch=78)
    host = Assembler(FakeDirectory(nodes=frozenset({NODE, other})), {})
    digest(host, *noisy.births(), noisy.chunk(0, [(0, NOW_MS, 1.0)]), *quiet.births())
    for turn in range(1, 12):
        commit = digest(
            host,
            *noisy.births(),
            quiet.chunk(turn - 1, [(1, NOW_MS + turn, 1.0)]),
            noisy.chunk(turn, [(0, NOW_MS + turn, 1.0)]),
        )
        assert commit is not None
        assert commit.readings.point.tolist() == [11, 10]
    assert len(host.nodes.table) < 8 * 3000


def test_two_nodes_with_the_same_aliases_do_not_mix() -> None:
    """Aliases belong to their node."""
    other = NodeId("g1", "gw2")
    first, second = Edge(), Edge(node=other, epoch=78, metrics=("pump-01/level", "pump-01/current"))
    host = Assembler(FakeDirectory(nodes=frozenset({NODE, other})), {})
    commit = digest(
        host,
        *first.births(),
        *second.births(),
        first.chunk(0, [(0, NOW_MS, 1.0)]),
        second.chunk(0, [(0, NOW_MS, 1.0)]),
        first.chunk(1, [(1, NOW_MS, 1.0)]),
    )
    assert commit is not None
    assert commit.readings.point.tolist() == [10, 11, 11]
