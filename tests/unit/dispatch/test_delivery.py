"""What follows an attempt: the table, and the decisions around it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.alarms import Severity
from core.ports.notifications import Outcome, Preference, Sent
from dispatch.delivery import (
    DELIVERY,
    FINAL,
    HOUR_MS,
    MINUTE_MS,
    TABLE,
    DeliveryEvent,
    DeliveryState,
    Due,
    Pause,
    Standing,
    after,
    batches,
    chain,
    first_channels,
    moves_on,
    pause,
    quiet_until,
)

NOW = 1_795_000_000_000
FAILED = [one for one in Outcome if one is not Outcome.ACCEPTED]
outcomes = st.builds(
    Sent, outcome=st.sampled_from(Outcome), retry_after_ms=st.none() | st.integers(min_value=-1, max_value=10**12)
)
names = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, unique=True)


@st.composite
def standings(draw: st.DrawFn) -> Standing:
    """A message at any point of its way."""
    found = tuple(draw(names))
    return Standing(
        severity=draw(st.sampled_from(Severity)),
        since_ms=NOW - draw(st.integers(min_value=0, max_value=30 * HOUR_MS)),
        chain=found,
        via=draw(st.sampled_from(found)),
        tries=draw(st.integers(min_value=0, max_value=9)),
        unsure=draw(st.booleans()),
        withdrawn=draw(st.booleans()),
        together=draw(st.integers(min_value=1, max_value=3)),
    )


def test_what_is_over_stays_over() -> None:
    """No step leads out of sent, covered, withdrawn or dismissed, and only people lead out of given up."""
    leaving = {state for state, _ in TABLE}
    assert leaving & FINAL == {DeliveryState.GIVEN_UP}
    assert {event for state, event in TABLE if state is DeliveryState.GIVEN_UP} == {
        DeliveryEvent.TRY_AGAIN,
        DeliveryEvent.DISMISS,
    }


@given(standing=standings(), sent=outcomes)
def test_nothing_is_dropped_without_a_reason(standing: Standing, sent: Sent) -> None:
    """Sent only if taken; given up only after a day or when all have refused; else it goes on later."""
    step = after(standing, sent, NOW)
    assert (step.state is DeliveryState.SENT) == (sent.outcome is Outcome.ACCEPTED)
    if step.state is DeliveryState.GIVEN_UP:
        old = NOW - standing.since_ms >= DELIVERY.give_up_ms
        assert old or (sent.outcome is Outcome.REFUSED and standing.chain == (standing.via,))
        assert not standing.withdrawn
    if step.state is DeliveryState.WAITING:
        assert step.next_ms is not None
        assert NOW <= step.next_ms <= NOW + DELIVERY.longest_limit_ms
        assert step.via in standing.chain
        assert step.refused == (sent.outcome is Outcome.REFUSED and standing.together == 1)
        assert not step.refused or step.via != standing.via
    else:
        assert step.next_ms is None
    if sent.outcome is Outcome.UNKNOWN and step.state is DeliveryState.WAITING:
        assert step.unsure


@pytest.mark.parametrize("outcome", FAILED)
def test_a_message_that_was_taken_back_is_not_sent_again(outcome: Outcome) -> None:
    """Whatever the attempt under way says, it was the last."""
    standing = Standing(severity=Severity.HIGH, since_ms=NOW, chain=("a", "b"), via="a", withdrawn=True)
    assert after(standing, Sent(outcome=outcome), NOW).state is DeliveryState.WITHDRAWN


def test_a_failing_channel_is_tried_with_growing_pauses_and_then_the_next() -> None:
    """Four attempts for a medium message, two for a critical one; after the last channel the first, not at once."""
    waits: list[tuple[str, int]] = []
    standing = Standing(severity=Severity.MEDIUM, since_ms=NOW, chain=("a", "b"), via="a")
    for _ in range(8):
        step = after(standing, Sent(outcome=Outcome.BUSY), NOW)
        assert step.next_ms is not None
        waits.append((step.via, (step.next_ms - NOW) // 1000))
        standing = Standing(severity=Severity.MEDIUM, since_ms=NOW, chain=("a", "b"), via=step.via, tries=step.tries)
    assert waits == [("a", 5), ("a", 20), ("a", 60), ("b", 0), ("b", 5), ("b", 20), ("b", 60), ("a", 300)]
    urgent = Standing(severity=Severity.CRITICAL, since_ms=NOW, chain=("a", "b"), via="a", tries=1)
    assert (after(urgent, Sent(outcome=Outcome.UNREACHABLE), NOW).via) == "b"


def test_a_limit_is_waited_for_unless_the_message_cannot_wait() -> None:
    """Ten minutes at DingTalk hold a medium message there and send a critical one on; absurd limits are cut."""
    sent = Sent(outcome=Outcome.LIMITED, retry_after_ms=10 * MINUTE_MS)

    def at(severity: Severity, chain_: tuple[str, ...] = ("a", "b")) -> tuple[str, int | None]:
        step = after(Standing(severity=severity, since_ms=NOW, chain=chain_, via="a"), sent, NOW)
        return step.via, step.next_ms

    assert at(Severity.MEDIUM) == ("a", NOW + 10 * MINUTE_MS)
    assert at(Severity.CRITICAL) == ("b", NOW)
    assert at(Severity.CRITICAL, ("a",)) == ("a", NOW + 10 * MINUTE_MS)
    year = Sent(outcome=Outcome.LIMITED, retry_after_ms=365 * 24 * HOUR_MS)
    assert pause(0, year, NOW).until_ms == NOW + HOUR_MS


def test_a_refused_digest_is_taken_apart() -> None:
    """One bad line does not condemn the others: each goes alone, and only then counts a refusal."""
    standing = Standing(severity=Severity.LOW, since_ms=NOW, chain=("a",), via="a", together=3)
    step = after(standing, Sent(outcome=Outcome.REFUSED), NOW)
    assert (step.state, step.alone, step.refused, step.next_ms) == (DeliveryState.WAITING, True, False, NOW)


def test_a_dead_channel_is_left_alone_and_tried_again() -> None:
    """Three failures in a row pause it, ever longer, never above two minutes; one success forgets them."""
    busy, failures, waits = Sent(outcome=Outcome.BUSY), 0, []
    for _ in range(7):
        found = pause(failures, busy, NOW)
        failures = found.failures
        waits.append((found.until_ms - NOW) // 1000 if found.until_ms else 0)
    assert waits == [0, 0, 5, 20, 60, 120, 120]
    assert pause(7, Sent(outcome=Outcome.ACCEPTED), NOW) == Pause(until_ms=0, failures=0)
    assert pause(0, Sent(outcome=Outcome.MISCONFIGURED), NOW).until_ms == NOW + 10 * MINUTE_MS


def test_who_cannot_wait_for_a_paused_channel_takes_another() -> None:
    """A critical message goes to the next channel that is free; a low one waits an hour."""
    paused = {"a": NOW + 10 * MINUTE_MS, "b": NOW + MINUTE_MS}

    def at(severity: Severity) -> str | None:
        return moves_on(Standing(severity=severity, since_ms=NOW, chain=("a", "b", "c"), via="a"), paused, NOW)

    assert at(Severity.CRITICAL) == "c"
    assert at(Severity.LOW) is None


def test_ways_share_no_channel_and_cover_each_other() -> None:
    """Three ways of one transition begin at three channels; a way without one is covered, unless nothing reaches."""
    three = {"app": ("ding", "mail"), "sms": ("sms", "ding"), "phone": ("sms",)}
    assert first_channels(three) == {"app": "ding", "sms": "sms", "phone": None}
    assert first_channels({"app": (), "sms": ("sms",)}) == {"app": None, "sms": "sms"}
    assert first_channels({"app": (), "sms": ()}) == {"app": "", "sms": None}


def test_a_person_is_reached_by_what_they_have_an_address_for() -> None:
    """Favourites come first, rooms need no address, the rest of the route follows."""
    wish = Preference(order=("mail", "gone"), addresses={"mail": "a@b.example"})
    personal = {"ding": False, "sms": True, "mail": True}
    assert chain(("ding", "sms", "mail"), wish, personal) == ("mail", "ding")


SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")


def at(text: str, zone: ZoneInfo = SHANGHAI) -> int:
    """A local moment as UTC milliseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


@pytest.mark.parametrize(
    ("quiet", "now", "until"),
    [
        ((22, 7), "2026-11-23T21:59", None),
        ((22, 7), "2026-11-23T22:00", "2026-11-24T07:00"),
        ((22, 7), "2026-11-24T06:59", "2026-11-24T07:00"),
        ((22, 7), "2026-11-24T07:00", None),
        ((12, 14), "2026-11-23T13:00", "2026-11-23T14:00"),
        ((12, 14), "2026-11-23T14:00", None),
        ((7, 7), "2026-11-23T07:00", None),
        ((22, 0), "2026-11-23T23:00", "2026-11-24T00:00"),
    ],
)
def test_quiet_hours_end_by_the_wall_clock(quiet: tuple[int, int], now: str, until: str | None) -> None:
    """Begin belongs to them, end does not; they may run over midnight; equal ends mean none."""
    wish = Preference(quiet_from=quiet[0] * 60, quiet_to=quiet[1] * 60)
    assert quiet_until(wish, Severity.HIGH, at(now), SHANGHAI) == (at(until) if until else None)


def test_the_critical_breaks_quiet_hours_and_clock_changes_do_not_move_them() -> None:
    """What breaks them is the person's choice; a night with 25 hours ends at seven all the same."""
    wish = Preference(quiet_from=22 * 60, quiet_to=7 * 60)
    night = at("2026-10-25T00:30", BERLIN)
    assert quiet_until(wish, Severity.CRITICAL, night, BERLIN) is None
    assert quiet_until(wish, Severity.HIGH, night, BERLIN) == at("2026-10-25T07:00", BERLIN)
    assert quiet_until(Preference(quiet_from=0, quiet_to=60, breaks=Severity.LOW), Severity.LOW, night, BERLIN) is None


@given(
    quiet=st.tuples(st.integers(0, 1439), st.integers(0, 1439)),
    now=st.integers(min_value=1_790_000_000_000, max_value=1_830_000_000_000),
)
def test_who_waits_for_the_end_of_quiet_hours_may_then_speak(quiet: tuple[int, int], now: int) -> None:
    """The moment that is given lies ahead, within a day and an hour, and is not quiet itself."""
    wish = Preference(quiet_from=quiet[0], quiet_to=quiet[1])
    for zone in (SHANGHAI, BERLIN):
        until = quiet_until(wish, Severity.LOW, now, zone)
        if until is not None:
            assert now < until <= now + 25 * HOUR_MS
            again = quiet_until(wish, Severity.LOW, until, zone)
            assert again is None or again <= until + HOUR_MS  # an end inside the hour that a clock change skips


dues = st.lists(st.tuples(st.sampled_from(Severity), st.sampled_from(["x", "y"]), st.booleans()), max_size=30).map(
    lambda rows: [
        Due(id=i, severity=severity, group=(group,), alone=alone) for i, (severity, group, alone) in enumerate(rows)
    ]
)


@given(due=dues, budget=st.none() | st.integers(0, 12), most=st.integers(1, 6))
def test_a_digest_loses_and_doubles_nothing(due: list[Due], budget: int | None, most: int) -> None:
    """No message twice, none of another group or of those that go alone in a digest, never more than the limit."""
    made = batches(due, budget, most)
    told = [number for batch in made for number in batch]
    assert len(told) == len(set(told))
    assert set(told) <= {one.id for one in due}
    known = {one.id: one for one in due}
    for batch in made:
        assert len({known[number].group for number in batch}) == 1
        assert len(batch) <= most
        assert len(batch) == 1 or not any(known[number].alone for number in batch)
    if budget is None or len(due) <= budget:
        assert set(told) == set(known)
    else:
        assert len(made) <= budget
        if budget and due:
            worst = max(due, key=lambda one: (one.severity, -one.id))
            assert worst.id in told


def test_above_the_limit_the_critical_goes_alone_and_the_rest_together() -> None:
    """30 messages with room for 20: the two critical ones each for itself, the others in digests."""
    due = [Due(id=i, severity=Severity.CRITICAL if i in {7, 9} else Severity.LOW, group=("zh",)) for i in range(30)]
    made = batches(due, 20, 20)
    assert made[:2] == [(7,), (9,)]
    assert [len(batch) for batch in made[2:]] == [20, 8]
    assert batches(due[:20], 20, 20) == [(7,), (9,), *((i,) for i in range(20) if i not in {7, 9})]
