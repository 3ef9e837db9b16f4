"""Gateways that nobody has enrolled are heard, within bounds, and asked for their births once they are enrolled."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.ports.enrolment import Announced
from core.sparkplug import datatypes
from core.sparkplug.sparkplug_b_pb2 import Payload
from core.sparkplug.topics import MessageType, NodeId, Topic
from ingest import strangers
from ingest.assemble import Assembler
from ingest.strangers import Strangers
from tests.unit.ingest.edge import NODE, NOW_MS, Edge, FakeDirectory

STRANGER = NodeId("g1", "newcomer")


def birth(*metrics: str, unit: str = "m", datatype: int = datatypes.DataType.DOUBLE) -> bytes:
    """A DBIRTH's payload."""
    payload = Payload(timestamp=NOW_MS)
    for name in metrics:
        metric = payload.metrics.add(name=name, datatype=datatype)
        metric.properties.keys.append(datatypes.ENG_UNIT)
        metric.properties.values.add(type=datatypes.DataType.STRING, string_value=unit)
    return payload.SerializeToString()


BIRTHS = {count: birth(*(f"f/{at}" for at in range(count))) for count in (0, 1, 700, 2_500)}


def dbirth(node: NodeId, device: str = "bus1") -> Topic:
    """Its topic."""
    return Topic(MessageType.DBIRTH, node, device)


def test_births_of_a_stranger_are_told_with_units_and_lines() -> None:
    """What is needed to enrol it; texts are left out, for points hold numbers."""
    heard = Strangers()
    heard.hear(Topic(MessageType.NBIRTH, STRANGER), b"", NOW_MS)
    heard.hear(dbirth(STRANGER), birth("p1/level"), NOW_MS + 1)
    heard.hear(dbirth(STRANGER, "bus2"), birth("p1/name", datatype=datatypes.DataType.STRING), NOW_MS + 2)
    (told,) = heard.news(NOW_MS + 3)
    assert told.metrics == (Announced("p1/level", "m", "bus1"),)
    assert (told.node, told.first_ms, told.seen_ms) == (STRANGER, NOW_MS, NOW_MS + 2)
    assert not heard.news(NOW_MS + 4)
    heard.hear(dbirth(STRANGER), birth("p1/level"), NOW_MS + 5)
    assert not heard.news(NOW_MS + 6), "the same births are no news"
    assert heard.news(NOW_MS + 6 + strangers.RETELL_MS), "but that it still speaks is, after a while"


def test_what_was_not_kept_is_told_again() -> None:
    """A database that did not answer loses nothing."""
    heard = Strangers()
    heard.hear(dbirth(STRANGER), birth("p1/level"), NOW_MS)
    assert heard.news(NOW_MS)
    heard.again()
    assert heard.news(NOW_MS + 1)


def test_a_flood_of_names_takes_no_place_of_who_speaks() -> None:
    """A newcomer gets the place of one that fell silent, or none."""
    heard = Strangers()
    for number in range(10 * strangers.MAX_STRANGERS):
        heard.hear(dbirth(NodeId("g1", f"invented-{number}")), birth("x/y"), NOW_MS)
    assert len(heard.nodes()) == strangers.MAX_STRANGERS
    assert NodeId("g1", "invented-0") in heard.nodes()
    late = NOW_MS + strangers.SILENT_MS
    heard.hear(dbirth(NodeId("g1", "invented-0")), birth("x/y"), late)
    heard.hear(dbirth(STRANGER), birth("x/y"), late)
    assert {STRANGER, NodeId("g1", "invented-0")} <= set(heard.nodes())
    assert len(heard.nodes()) == strangers.MAX_STRANGERS


@given(
    st.lists(
        st.tuples(
            st.sampled_from([MessageType.NBIRTH, MessageType.DBIRTH, MessageType.DDATA, MessageType.NDEATH]),
            st.integers(0, 200),
            st.integers(0, 100),
            st.one_of(st.binary(max_size=30), st.sampled_from(sorted(BIRTHS)).map(BIRTHS.__getitem__)),
        ),
        max_size=30,
    )
)
def test_whatever_strangers_say_is_bounded(said: list[tuple[MessageType, int, int, bytes]]) -> None:
    """Nodes, metrics and names stay within their bounds, and garbage says nothing."""
    heard = Strangers()
    for at, (kind, node, device, payload) in enumerate(said):
        named = f"d{device}" if kind in (MessageType.DBIRTH, MessageType.DDATA) else ""
        heard.hear(Topic(kind, NodeId("g", f"n{node}"), named), payload, NOW_MS + at)
    told = heard.news(NOW_MS + len(said))
    assert len(told) <= strangers.MAX_STRANGERS
    assert all(len(one.metrics) <= strangers.MAX_METRICS for one in told)


def test_what_is_too_long_is_counted_and_not_kept() -> None:
    """Names of metrics; ids of nodes and devices are not kept at all."""
    heard = Strangers()
    heard.hear(dbirth(STRANGER), birth("p1/level", "x" * 201), NOW_MS)
    heard.hear(dbirth(STRANGER, "d" * 256), birth("p1/flow"), NOW_MS)
    heard.hear(dbirth(NodeId("g", "n" * 256)), birth("p1/flow"), NOW_MS)
    (told,) = heard.news(NOW_MS)
    assert (len(told.metrics), told.left_out) == (1, 1)


def test_who_speaks_without_births_is_asked_for_them_once_a_minute() -> None:
    """The host was not there when they came; a will asks for nothing."""
    heard = Strangers()
    data = Topic(MessageType.DDATA, STRANGER, "bus1")
    assert not heard.hear(Topic(MessageType.NDEATH, STRANGER), b"", NOW_MS)
    assert not heard.nodes()
    assert heard.hear(data, b"", NOW_MS)
    assert not heard.hear(data, b"", NOW_MS + strangers.ASK_MS - 1)
    assert heard.hear(data, b"", NOW_MS + strangers.ASK_MS)


def test_a_stranger_that_is_enrolled_is_asked_for_its_births_at_once() -> None:
    """Its readings are stored from then on, and it is a stranger no more."""
    edge, directory = Edge(), FakeDirectory()
    enrolled, directory.nodes = directory.nodes, frozenset()
    host = Assembler(directory, {})
    assert not host.assemble(edge.births(), NOW_MS).rebirths
    assert host.strangers.nodes() == (NODE,)
    directory.nodes = enrolled
    directory.version += 1
    assert host.assemble([], NOW_MS + 1).rebirths == {NODE}
    assert not host.strangers.nodes()
    outcome = host.assemble([*edge.births(), edge.chunk(0, [(0, NOW_MS, 1.0)])], NOW_MS + 2)
    assert outcome.commit is not None
    assert len(outcome.commit.readings) == 1
