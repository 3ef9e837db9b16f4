"""What waits for a live reader is bounded and ends in the newest state."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from api.models.base import Bilingual
from api.models.places import LatestValue
from api.models.stream import PointValue, ValuesEvent
from api.outbox import Change, Outbox, encode, ping

Event = tuple[str, int | None, object]


def decoded(stream: bytes) -> list[Event]:
    """Server-sent events as (kind, id, data)."""
    events: list[Event] = []
    for block in stream.decode().split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        number = fields.get("id")
        events.append((fields["event"], None if number is None else int(number), json.loads(fields["data"])))
    return events


def change(number: int, ref: str, kind: str = "alarm") -> Change:
    return Change(id=number, kind=kind, ref=ref, data=json.dumps({"id": ref, "n": number}))


def told(point: int, time_ms: int) -> str:
    say = Bilingual(zh="a", en="a")
    latest = LatestValue(time_ms=time_ms, value=1.0, text=None, quality="good", reason="", say=say, stale=False)
    return PointValue(id=point, latest=latest).model_dump_json()


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=60),
)
def test_a_reader_ends_with_the_newest_state_whenever_it_reads(steps: list[tuple[str, bool]]) -> None:
    """However often it reads in between: per thing the last change arrives, ids only grow, nothing comes twice."""
    outbox, received = Outbox(1000), b""
    for number, (ref, reads) in enumerate(steps, start=1):
        outbox.change(change(number, ref))
        if reads:
            received += outbox.take()
    received += outbox.take()
    assert not outbox
    events = decoded(received)
    ids = [number for _, number, _ in events]
    assert ids == sorted(set(ids))  # type: ignore[type-var]
    newest = {ref: number for number, (ref, _) in enumerate(steps, start=1)}
    assert {data["id"]: data["n"] for _, _, data in events} == newest  # type: ignore[index]


@given(st.integers(1, 20), st.integers(0, 200))
def test_an_outbox_never_holds_more_than_its_limit(most: int, count: int) -> None:
    """A reader too far behind is told to load afresh, and where the stream goes on."""
    outbox = Outbox(most)
    for number in range(1, count + 1):
        outbox.change(change(number, f"r{number}"))
        assert len(outbox) <= most
    events = decoded(outbox.take())
    resets = [event for event in events if event[0] == "reset"]
    assert len(resets) == (1 if count > most else 0)
    if resets:
        assert resets[0][2] == {"reason": "behind"}
        assert events[0][0] == "reset"
        assert [number for _, number, _ in events] == sorted(number for _, number, _ in events)  # type: ignore[type-var]


def test_changes_that_come_late_do_not_go_back() -> None:
    """An older change about the same thing is forgotten; kinds do not mix."""
    outbox = Outbox(10)
    outbox.change(change(5, "1", "case"))
    outbox.change(change(4, "1", "case"))
    outbox.change(change(3, "1", "task"))
    assert [(kind, number) for kind, number, _ in decoded(outbox.take())] == [("task", 3), ("case", 5)]
    assert outbox.take() == b""


def test_values_are_coalesced_per_point() -> None:
    """Only the newest reading of each point waits, in one event without an id."""
    outbox = Outbox(10)
    outbox.values({1: told(1, 1), 2: told(2, 2)})
    outbox.values({1: told(1, 9)})
    ((kind, number, data),) = decoded(outbox.take())
    assert (kind, number) == ("values", None)
    ValuesEvent.model_validate(data)
    assert [(one["id"], one["latest"]["time_ms"]) for one in data["points"]] == [(1, 9), (2, 2)]  # type: ignore[index]


def test_no_text_can_break_out_of_an_event() -> None:
    """Line breaks inside texts stay inside the JSON."""
    hostile = Change(id=1, kind="alarm", ref="x", data=json.dumps({"say": "a\n\nevent: evil\ndata: 1"}))
    outbox = Outbox(1)
    outbox.change(hostile)
    assert decoded(outbox.take()) == [("alarm", 1, {"say": "a\n\nevent: evil\ndata: 1"})]
    assert decoded(encode("ping", "{}")) == [("ping", None, {})]
    assert decoded(ping(7, 3)) == [("ping", 3, {"now_ms": 7})]
