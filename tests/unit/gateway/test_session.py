"""The credit window and the link: whatever is lost, doubled or turned round on the way, everything ends up settled."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.offsets import OffsetRange, Settled
from gateway.session import LINK, LONGEST_RETRY_S, Link, LinkEvent, Parcel, Proof, Window, next_link

EPOCH = 7


def window(*, credit: int = 1_000, stop: int = 0, fresh_limit: int = 1 << 20) -> Window:
    return Window(
        epoch=EPOCH, credit_bytes=credit, settled=Settled(), cursor=0, stop=stop, fresh_limit_bytes=fresh_limit
    )


def parcel(first: int, count: int = 10, size: int = 100) -> Parcel:
    return Parcel(OffsetRange(first, first + count), size)


def firsts(parcels: object) -> list[int]:
    return [item.span.first for item in parcels]  # type: ignore[attr-defined]


def test_credit_bounds_what_is_on_the_way() -> None:
    """Ten parcels of 100 bytes under 350 bytes of credit: three go, the rest waits for an acknowledgement."""
    it = window(credit=350)
    it.offer(parcel(10 * i) for i in range(10))
    assert firsts(it.take_fresh(0.0)) == [0, 10, 20]
    assert it.in_flight_bytes == 300
    it.acknowledged(EPOCH, Settled(10))
    assert firsts(it.take_fresh(0.0)) == [30]


def test_a_parcel_larger_than_the_credit_still_goes_alone() -> None:
    """Otherwise it would block the line for ever."""
    it = window(credit=50)
    it.offer([parcel(0, size=5_000), parcel(10)])
    assert firsts(it.take_fresh(0.0)) == [0]


def test_fresh_goes_before_backlog() -> None:
    """While the fresh lane needs the credit, nothing is read from the backlog; afterwards it is."""
    it = window(stop=1_000)
    it.offer(parcel(1_000 + 10 * i) for i in range(12))
    assert len(firsts(it.take_fresh(0.0))) == 10
    assert it.backlog() is None
    it.acknowledged(EPOCH, Settled(0, [OffsetRange(1_000, 1_090)]))
    assert firsts(it.take_fresh(0.0)) == [1_100, 1_110]
    assert it.backlog() == (OffsetRange(0, 1_120), 700)


def test_what_went_fresh_is_not_read_from_disk_again() -> None:
    """With no backlog the cursor follows the fresh lane."""
    it = window()
    it.offer([parcel(0), parcel(10)])
    list(it.take_fresh(0.0))
    assert it.backlog() is None


def test_retries_double_and_fall_back_at_any_progress() -> None:
    """2 s, 4 s, 8 s … 60 s; the first acknowledgement starts over."""
    it = window()
    it.offer([parcel(0), parcel(10)])
    list(it.take_fresh(0.0))
    assert it.overdue(1.99) == []
    assert firsts(it.overdue(2.0)) == [0, 10]
    assert it.overdue(5.9) == []
    assert firsts(it.overdue(6.0)) == [0, 10]
    now = 6.0
    for _ in range(9):
        now += LONGEST_RETRY_S
        it.overdue(now)
    assert it.retry_s == LONGEST_RETRY_S
    it.acknowledged(EPOCH, Settled(10))
    assert it.next_retry_s() == now + 2.0


def test_an_acknowledgement_of_another_epoch_is_counted_and_ignored() -> None:
    """An answer to a former spool settles nothing of this one."""
    it = window()
    it.offer([parcel(0)])
    list(it.take_fresh(0.0))
    assert it.acknowledged(EPOCH + 1, Settled(1_000)) == []
    assert it.settled == Settled()
    assert it.counters.foreign_acks == 1


def test_a_lost_connection_starts_again_from_what_is_settled() -> None:
    """Everything not acknowledged is backlog after a loss, the oldest first."""
    it = window()
    it.offer([parcel(0), parcel(10), parcel(20)])
    list(it.take_fresh(0.0))
    it.acknowledged(EPOCH, Settled(10, [OffsetRange(20, 30)]))
    it.lost()
    assert it.in_flight_bytes == 0
    assert it.backlog() == (OffsetRange(10, 30), 1_000)
    assert firsts(it.take_backlog([parcel(10), parcel(20)], 30, 0.0)) == [10]
    assert it.backlog() is None


def test_a_crowded_fresh_lane_leaves_memory_not_the_spool() -> None:
    """The oldest fresh parcels fall back to the backlog when the lane is full."""
    it = window(credit=100, fresh_limit=250)
    dropped = it.offer(parcel(10 * i) for i in range(5))
    assert [span.first for span in dropped] == [0, 10, 20]
    assert firsts(it.take_fresh(0.0)) == [30]
    it.acknowledged(EPOCH, Settled(0, [OffsetRange(30, 40)]))
    assert firsts(it.take_fresh(0.0)) == [40]
    it.acknowledged(EPOCH, Settled(0, [OffsetRange(40, 50)]))
    assert it.backlog() == (OffsetRange(0, 50), 100)


def test_what_was_evicted_is_forgotten() -> None:
    """A chunk that is no longer in the spool gives its credit back."""
    it = window()
    it.offer([parcel(0)])
    list(it.take_fresh(0.0))
    it.forget(0)
    it.forget(0)
    assert it.in_flight_bytes == 0
    assert it.next_retry_s() is None


def test_after_a_crash_nothing_travels_until_the_host_has_spoken() -> None:
    """The host's word that fits what the spool held opens the window, for backlog and fresh chunks."""
    it = Window(epoch=EPOCH, credit_bytes=1_000, settled=Settled(), cursor=0, stop=20, opened=20, unproven=True)
    it.offer([parcel(20), parcel(30)])
    assert firsts(it.take_fresh(0.0)) == []
    assert it.backlog() is None
    it.acknowledged(EPOCH, Settled(10))
    assert not it.unproven
    assert firsts(it.take_fresh(0.0)) == [20, 30]
    assert it.backlog() == (OffsetRange(0, 40), 1_000 - it.in_flight_bytes)


def test_a_silent_host_is_asked_ever_less_often() -> None:
    """2, 4, 8 … 60 s after each birth."""
    proof, now_s, pauses = Proof(), 100.0, []
    for _ in range(7):
        proof.asked(now_s)
        pauses.append(proof.due_s - now_s)
        assert not proof.due(proof.due_s - 0.001)
        now_s = proof.due_s
        assert proof.due(now_s)
    assert pauses == [2, 4, 8, 16, 32, 60, 60]


def test_a_line_lost_after_a_crash_is_no_spool_that_was_set_back() -> None:
    """kill-1184944028: a chunk published before the host's word was acknowledged after a rebirth, and taken for a
    sign that the host knew more than the spool: a new epoch began for nothing.
    """
    it = Window(epoch=EPOCH, credit_bytes=1_000, settled=Settled(), cursor=0, stop=20, opened=20, unproven=True)
    it.offer([parcel(20)])
    published = [one.span for one in it.take_fresh(0.0)]
    it.lost()
    host = Settled(20, published)
    it.acknowledged(EPOCH, host)
    assert not it.ahead
    assert it.settled.low == 20


def test_a_host_that_knows_more_than_was_ever_published_settles_nothing() -> None:
    """A spool restored from a copy: the answer is a sign, not an acknowledgement."""
    it = Window(epoch=EPOCH, credit_bytes=1_000, settled=Settled(), cursor=0, stop=20, opened=20, unproven=True)
    it.offer([parcel(20)])
    for answer in (Settled(21), Settled(0, [OffsetRange(50, 60)])):
        it.ahead = False
        assert it.acknowledged(EPOCH, answer) == []
        assert it.ahead
        assert it.settled == Settled()


class Model:
    """A spool in a list, a host in a set, and a line between them that loses, doubles and reorders."""

    def __init__(self, seed: int, credit: int, fresh_limit: int) -> None:
        self.random = random.Random(seed)
        self.window = window(credit=credit, fresh_limit=fresh_limit)
        self.disk: dict[int, Parcel] = {}
        self.host = Settled()
        self.stored: list[int] = []
        self.north: list[Parcel] = []
        self.south: list[Settled] = []
        self.now_s = 0.0
        self.next = 0

    def commit(self, counts: list[int]) -> None:
        fresh = []
        for count in counts:
            item = Parcel(OffsetRange(self.next, self.next + count), 40 * count)
            self.disk[self.next] = item
            self.next += count
            fresh.append(item)
        self.window.offer(fresh)

    def pump(self) -> None:
        it = self.window
        self.north += it.take_fresh(self.now_s)
        self.north += it.overdue(self.now_s)
        wanted = it.backlog()
        if wanted is not None:
            span, room = wanted
            found, size = [], 0
            reached = span.stop
            for first in sorted(self.disk):
                if span.first <= first < span.stop and first not in it.in_flight():
                    found.append(self.disk[first])
                    size += self.disk[first].size
                    if size >= room:
                        reached = self.disk[first].span.stop
                        break
            self.north += it.take_backlog(found, reached, self.now_s)

    def trim(self) -> None:
        for first in [first for first, item in self.disk.items() if self.window.settled.covers(item.span)]:
            assert self.host.covers(self.disk[first].span), "trimmed what the host never said it has"
            del self.disk[first]

    def deliver(self, loss: float, double: float) -> None:
        self.random.shuffle(self.north)
        for item in self.north:
            if self.random.random() < loss:
                continue
            for _ in range(2 if self.random.random() < double else 1):
                if not self.host.covers(item.span):
                    self.stored += range(item.span.first, item.span.stop)
                self.host.add(item.span)
                self.south.append(self.host.copy())
        self.north = []
        self.random.shuffle(self.south)
        for answer in self.south:
            if self.random.random() >= loss:
                self.window.acknowledged(EPOCH, answer)
        self.south = []


@settings(max_examples=150)
@given(
    seed=st.integers(0, 2**32),
    credit=st.sampled_from([100, 2_000, 50_000]),
    fresh_limit=st.sampled_from([500, 1 << 20]),
    loss=st.sampled_from([0.0, 0.1, 0.5]),
    steps=st.lists(
        st.one_of(
            st.lists(st.integers(1, 60), min_size=1, max_size=6),
            st.sampled_from(["pump", "deliver", "wait", "break", "trim"]),
        ),
        max_size=60,
    ),
)
def test_everything_ends_up_settled_once(
    seed: int, credit: int, fresh_limit: int, loss: float, steps: list[list[int] | str]
) -> None:
    """Random loss, doubling, reordering and breaks: in the end the host has each offset once and the spool is empty."""
    model = Model(seed, credit, fresh_limit)
    for step in steps:
        if isinstance(step, list):
            model.commit(step)
        elif step == "break":
            model.north, model.south = [], []
            model.window.lost()
        elif step == "wait":
            model.now_s += 3
        elif step == "deliver":
            model.deliver(loss, 0.2)
        elif step == "trim":
            model.trim()
        else:
            model.pump()
        biggest = max((item.size for item in model.disk.values()), default=0)
        assert model.window.in_flight_bytes <= max(credit, biggest)
    for _ in range(3_000):
        if not model.disk:
            break
        model.pump()
        model.deliver(loss=0.0, double=0.1)
        model.trim()
        model.now_s += LONGEST_RETRY_S
    assert not model.disk
    assert sorted(model.stored) == list(range(model.next))
    assert model.window.settled == Settled(model.next)
    assert model.window.in_flight_bytes == 0


# --- the link -------------------------------------------------------------------------------------------------------


def test_every_state_can_be_left_by_loss_and_by_the_end() -> None:
    """A lost connection and a stop are known in every state where they can happen."""
    for state in Link:
        assert next_link(state, LinkEvent.STOP) is Link.CLOSED
        assert next_link(state, LinkEvent.LOST) in (Link.DOWN, Link.CLOSED)


def test_data_only_after_the_command_topic_is_subscribed() -> None:
    """Online is reached through connecting and subscribing, in this order, and by no other way."""
    state = Link.DOWN
    for event in (LinkEvent.TRY, LinkEvent.CONNECTED, LinkEvent.SUBSCRIBED):
        state = next_link(state, event)
    assert state is Link.ONLINE
    assert [pair for pair, to in LINK.items() if to is Link.ONLINE and pair[0] is not Link.ONLINE] == [
        (Link.SUBSCRIBING, LinkEvent.SUBSCRIBED)
    ]


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (Link.DOWN, LinkEvent.CONNECTED),
        (Link.ONLINE, LinkEvent.TRY),
        (Link.CLOSED, LinkEvent.TRY),
        (Link.CONNECTING, LinkEvent.SUBSCRIBED),
    ],
)
def test_an_impossible_event_is_an_error(state: Link, event: LinkEvent) -> None:
    """What the table does not know does not happen silently."""
    with pytest.raises(ValueError, match="cannot happen"):
        next_link(state, event)


def test_a_new_host_gets_at_once_what_the_old_one_never_acknowledged() -> None:
    """However long the retry time has grown, a rebirth command makes everything in flight due (a host killed often)."""
    window = Window(epoch=1, credit_bytes=1000, settled=Settled(), cursor=0, stop=0)
    window.offer([Parcel(OffsetRange(0, 10), 100)])
    window.acknowledged(1, Settled())
    assert [parcel.span for parcel in window.take_fresh(0.0)] == [OffsetRange(0, 10)]
    now_s = 0.0
    for _ in range(8):
        now_s += 60.0
        window.overdue(now_s)
    assert window.overdue(now_s + 30.0) == []
    window.host_is_new()
    assert [parcel.span for parcel in window.overdue(now_s + 30.0)] == [OffsetRange(0, 10)]
    assert window.retry_s <= 4.0
