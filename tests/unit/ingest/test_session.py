"""A session follows the sequence numbers and asks for a rebirth neither too late nor too often."""

from __future__ import annotations

from itertools import pairwise

from core.sparkplug.datatypes import SOURCE, DataType
from core.sparkplug.sparkplug_b_pb2 import Payload
from ingest.session import REBIRTH_MS, REORDER_MS, Link, NodeSession

T0 = 1_790_000_000_000


def born(bd_seq: int = 3) -> NodeSession:
    """A session right after its NBIRTH with seq 0."""
    session = NodeSession()
    birth = Payload(seq=0)
    birth.metrics.add(name="bdSeq", long_value=bd_seq)
    session.node_birth(birth, T0)
    return session


def test_sequence_numbers_wrap_without_complaint() -> None:
    """After 255 comes 0."""
    session = born()
    for number in range(1, 600):
        session.follow(number % 256, T0)
    assert not session.missing
    assert not session.wants_rebirth(T0 + 10 * REORDER_MS)


def test_a_missing_number_asks_for_a_rebirth_after_the_reorder_time() -> None:
    """tck-id-operational-behavior-host-reordering-rebirth."""
    session = born()
    session.follow(2, T0)
    assert not session.wants_rebirth(T0 + REORDER_MS - 1)
    assert session.wants_rebirth(T0 + REORDER_MS)
    assert not session.wants_rebirth(T0 + REORDER_MS + 1)


def test_a_number_that_comes_late_calls_the_rebirth_off() -> None:
    """tck-id-operational-behavior-host-reordering-success."""
    session = born()
    session.follow(2, T0)
    session.follow(1, T0 + 100)
    assert not session.wants_rebirth(T0 + REORDER_MS)


def test_rebirths_are_asked_at_most_once_in_ten_seconds() -> None:
    """A line that loses much must not be flooded with births."""
    session = born()
    asked = [at for at in range(0, 60_000, 100) if session.wants_rebirth(T0 + at, at_once=True)]
    assert len(asked) == 60_000 // REBIRTH_MS
    assert all(right - left >= REBIRTH_MS for left, right in pairwise(asked))


def test_the_will_of_an_older_session_is_ignored() -> None:
    """An NDEATH with another bdSeq belongs to a session that is over (R-21)."""
    session = born(bd_seq=4)
    states = []
    for bd_seq in (3, 4):
        ended = session.node_death(bd_seq, T0 + 1)
        states.append((ended, session.link))
    assert states == [(False, Link.ONLINE), (True, Link.OFFLINE)]


def test_a_death_takes_the_devices_with_it() -> None:
    """tck-id-operational-behavior-edge-node-termination-host-action-ndeath-devices-offline."""
    session = born()
    session.device_birth("bus1", Payload(), T0)
    session.node_death(3, T0 + 1)
    assert not session.devices


def device(**sources: str) -> Payload:
    """A device's birth: metric to the unit it is read from; empty: it does not say."""
    payload = Payload()
    for name, source in sources.items():
        metric = payload.metrics.add(name=name)
        if source:
            metric.properties.keys.append(SOURCE)
            metric.properties.values.add(type=DataType.STRING, string_value=source)
    return payload


def test_births_say_which_bus_and_unit_a_metric_is_read_from() -> None:
    """The topic names the bus, a property the unit; a gateway that is born again may have them otherwise."""
    session = born()
    session.device_birth("bus1", device(level="meter", flow="meter"), T0)
    session.device_birth("bus2", device(current=""), T0)
    before = session.origins
    assert before == {"level": ("bus1", "meter"), "flow": ("bus1", "meter"), "current": ("bus2", "")}
    session.node_birth(Payload(seq=0), T0 + 1)
    session.device_birth("bus1", device(level="drive"), T0 + 1)
    assert session.origins == {"level": ("bus1", "drive")}
    assert len(before) == 3, "what was handed out is never changed"
