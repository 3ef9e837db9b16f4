"""From the outbox to the channels: nothing lost, nothing doubled but where nobody knows, whatever fails when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from core.alarms import Severity
from core.errors import Unavailable
from core.ports.notifications import Outcome, Preference
from dispatch.delivery_tables import attempt as attempts
from dispatch.outbox import Outbox
from tests.unit.dispatch.hall import HOUR, MINUTE
from tests.unit.dispatch.post_office import PostOffice, Script, post_office, says

BUSY, LIMITED, REFUSED = says(Outcome.BUSY), says(Outcome.LIMITED), says(Outcome.REFUSED)
MISCONFIGURED, UNKNOWN = says(Outcome.MISCONFIGURED), says(Outcome.UNKNOWN)


@contextmanager
def office(*scripts: Script, **values: object) -> Iterator[PostOffice]:
    yield from post_office(scripts, **values)  # type: ignore[arg-type]


def test_a_message_is_sent_once_in_the_language_of_its_reader() -> None:
    """One message a person, with a link to the task; a second round sends nothing."""
    room = Script("room")
    with office(room) as post:
        post.people.english = frozenset({2})
        post.tell(41, 1)
        post.tell(41, 2)
        post.run()
        assert post.states() == {"sent": 2}
    assert [message.items[0].title for message in room.taken] == ["事 41", "Thing 41"]
    assert {message.items[0].link for message in room.taken} == {"https://city.example/tasks/41"}
    assert [message.recipient for message in room.taken] == ["人1", "P2"]


def test_quiet_hours_hold_back_what_does_not_break_them() -> None:
    """At 23:00 a high message waits for 7:00, a critical one goes at once."""
    room = Script("room")
    with office(room) as post:
        post.wish(1, Preference(quiet_from=22 * 60, quiet_to=7 * 60))
        post.clock.advance(14 * HOUR)  # Monday 23:00
        begin = post.clock.now_ms()
        post.tell(1, severity=Severity.HIGH)
        post.tell(2, severity=Severity.CRITICAL)
        post.run()
    assert [(at - begin, message.items[0].title) for at, message in room.seen] == [(0, "事 2"), (8 * HOUR, "事 1")]


def test_a_storm_becomes_digests_within_the_limit() -> None:
    """50 messages into a room for 20 a minute: never more than 20 a minute, all told, the critical one alone."""
    room = Script("room")
    with office(room, per_minute=20) as post:
        for number in range(50):
            post.tell(number, severity=Severity.CRITICAL if number == 33 else Severity.MEDIUM)
        post.run()
        assert post.states() == {"sent": 50}
    assert room.copies() == {f"app/1/task/{number}/1": 1 for number in range(50)}
    assert [len(message.items) for _, message in room.seen[:2]] == [1, 5]
    assert room.seen[0][1].items[0].title == "事 33"
    assert len(room.seen) <= 20


def test_singles_never_go_above_the_limit_either() -> None:
    """A message every second: whatever stretch of 60 s is looked at, at most 20 attempts fall into it."""
    room = Script("room")
    with office(room, per_minute=20) as post:
        for number in range(200):
            post.tell(number)
            post.step()
            post.clock.advance(1_000)
        post.run()
        assert post.states() == {"sent": 200}
    times = [at for at, _ in room.seen]
    assert max(sum(begin <= at < begin + MINUTE for at in times) for begin in times) <= 20
    assert sum(room.copies().values()) == 200


def test_a_limit_of_one_number_is_not_the_limit_of_another() -> None:
    """Per-person channels count by address: the second person is told while the first waits."""
    sms = Script("sms", answers=[LIMITED])
    with office(sms, personal=["sms"]) as post:
        for person in (1, 2):
            post.wish(person, Preference(addresses={"sms": f"1380000000{person}"}))
            post.tell(person, person)
        post.step()
        assert [message.address for message in sms.taken] == ["13800000002"]
        post.run()
        assert post.states() == {"sent": 2}


def test_nobody_to_reach_is_seen_at_once() -> None:
    """Without any address the message is given up with its reason, not tried for a day."""
    sms = Script("sms")
    with office(sms, personal=["sms"], ways=("app", "sms")) as post:
        post.tell(1, ways=("app", "sms"))
        post.step()
        assert post.states() == {"given_up": 1, "covered": 1}
        assert [row.error for row in post.rows() if row.state == "given_up"] == ["no channel reaches this person"]
    assert sms.seen == []


def test_each_way_goes_by_its_own_channel_and_covers_those_without() -> None:
    """Three ways, two channels: told twice, by each once; when one fails for good, its way is covered by the other."""
    ding, mail = Script("ding", answers=[REFUSED]), Script("mail")
    with office(ding, mail, ways=("app", "sms", "phone")) as post:
        post.tell(1, ways=("app", "sms", "phone"))
        post.run()
        assert post.states() == {"sent": 1, "covered": 2}
    assert len(mail.taken) == 1
    assert ding.taken == []


def test_an_accepted_task_is_not_announced_any_more() -> None:
    """What was taken back while the channel was down is never sent."""
    room = Script("room", answers=[BUSY])
    with office(room) as post:
        post.tell(1)
        post.step()
        post.withdraw(1)
        post.run()
        assert post.states() == {"withdrawn": 1}
    assert room.taken == []


def test_taken_back_during_the_attempt_it_is_not_made_again() -> None:
    """The withdrawal that falls between begin and end holds; an attempt that arrived all the same counts as sent."""
    for taken, state in ((False, "withdrawn"), (True, "sent")):
        room = Script("room")
        with office(room) as post:

            def answer(message: object, post: PostOffice = post, *, taken: bool = taken) -> object:
                post.withdraw(1)
                return says(Outcome.ACCEPTED if taken else Outcome.BUSY)(message)  # type: ignore[arg-type]

            room.answers.append(answer)  # type: ignore[arg-type]
            post.tell(1)
            post.run()
            assert post.states() == {state: 1}


def test_a_room_that_refuses_one_line_tells_the_others() -> None:
    """A digest that is refused is taken apart; only the line that is refused alone is given up."""
    room = Script("room")

    def picky(message: object) -> object:
        bad = any("事 3" in item.title for item in message.items)  # type: ignore[attr-defined]
        return says(Outcome.REFUSED if bad else Outcome.ACCEPTED)(message)  # type: ignore[arg-type]

    room.answers = [picky] * 60  # type: ignore[list-item]
    with office(room, per_minute=2) as post:
        for number in range(6):
            post.tell(number)
        post.run()
        assert post.states() == {"sent": 5, "given_up": 1}


def broken_outbox(name: str, *, afterwards: bool) -> Callable[..., Any]:
    """A method of the outbox whose database fails once, before or after it took what was written."""
    original, calls = getattr(Outbox, name), iter([True])

    def call(*args: object) -> object:
        fails = next(calls, False)
        if fails and not afterwards:
            raise Unavailable("the case database does not answer")
        answer = original(*args)
        if fails:
            raise Unavailable("the case database does not answer")
        return answer

    return call


@pytest.mark.parametrize("afterwards", [False, True])
@pytest.mark.parametrize("method", ["begin", "end"])
def test_an_attempt_that_the_database_did_not_take_stays_in_no_limbo(
    monkeypatch: pytest.MonkeyPatch, method: str, afterwards: bool
) -> None:
    """It stood in *sending* until the next start; now the lane goes on with it, and nothing is sent twice."""
    room = Script("room")
    monkeypatch.setattr(Outbox, method, broken_outbox(method, afterwards=afterwards))
    with office(room) as post:
        post.tell(1)
        with pytest.raises(Unavailable):
            post.step()
        post.run()
        assert post.states() == {"sent": 1}
        with post.engine.connect() as connection:
            outcomes = connection.execute(sa.select(attempts.c.outcome).order_by(attempts.c.id)).scalars().all()
    assert room.copies() == {"app/1/task/1/1": 1}
    began = method == "begin" and afterwards  # on record, and ended before anything left
    assert outcomes == (["unreachable", "accepted"] if began else ["accepted"])


def test_a_day_of_failures_ends_with_a_message_that_stays_visible() -> None:
    """Given up after 24 hours and not before, with the last reason."""
    room = Script("room", answers=[BUSY] * 10_000)
    with office(room) as post:
        post.tell(1)
        begin = post.clock.now_ms()
        post.run(hours=40)
        (row,) = post.rows()
        assert row.state == "given_up"
        assert row.error.startswith("busy")
        assert 24 * HOUR <= row.done_ms - begin <= 25 * HOUR


def test_a_dead_channel_does_not_hold_the_critical() -> None:
    """The first channel is misconfigured: a critical message is with the second one within a second."""
    ding, mail = Script("ding", answers=[MISCONFIGURED]), Script("mail")
    with office(ding, mail) as post:
        post.tell(1, severity=Severity.LOW)
        post.step()
        begin = post.clock.now_ms()
        post.tell(2, severity=Severity.CRITICAL)
        post.run()
        assert post.states() == {"sent": 2}
    arrived = {message.items[0].title: at - begin for at, message in mail.seen}
    assert arrived["事 2"] <= 1_000


WORDS = (
    "accepted",
    "limited",
    "busy",
    "unreachable",
    "unknown",
    "taken_unknown",
    "refused",
    "mend",
    "die",
    "taken_die",
)


def scripted(script: Script, words: list[str]) -> None:
    """Put answers on a channel."""
    plain = {
        "accepted": says(Outcome.ACCEPTED),
        "limited": says(Outcome.LIMITED, retry_after_ms=30_000),
        "busy": BUSY,
        "unreachable": says(Outcome.UNREACHABLE),
        "unknown": UNKNOWN,
        "taken_unknown": script.lost_answer(),
        "refused": REFUSED,
        "mend": MISCONFIGURED,
        "die": script.crash(after=False),
        "taken_die": script.crash(after=True),
    }
    script.answers = [plain[word] for word in words]


@settings(max_examples=40, deadline=None)
@given(
    first=st.lists(st.sampled_from(WORDS), max_size=12),
    second=st.lists(st.sampled_from(WORDS), max_size=12),
    severities=st.lists(st.sampled_from(Severity), min_size=1, max_size=9),
    per_minute=st.sampled_from([0, 2, 5]),
    ways=st.sampled_from([("app",), ("app", "sms")]),
)
def test_nothing_lost_nothing_doubled(
    first: list[str], second: list[str], severities: list[Severity], per_minute: int, ways: tuple[str, ...]
) -> None:
    """Whatever two channels answer and whenever the process dies: each message is taken or visibly given up.

    One is taken more than once by a channel only where an attempt that took it had no answer, once for each of those;
    and a copy that follows says that it may be one.
    """
    scripts = Script("a"), Script("b")
    scripted(scripts[0], first)
    scripted(scripts[1], second)
    unheard = sum(word.startswith("taken_") for word in (*first, *second))
    with office(*scripts, per_minute=per_minute, ways=("app", "sms")) as post:
        for number, severity in enumerate(severities):
            post.tell(number, number % 3, severity=severity, ways=ways)
        post.run(hours=40, stride_ms=20_000)
        rows = post.rows()
    assert {row.state for row in rows} <= {"sent", "covered", "given_up"}
    by_transition: dict[str, list[object]] = {}
    for row in rows:
        by_transition.setdefault(row.key.partition("/")[2], []).append(row)
    copies = scripts[0].copies() + scripts[1].copies()
    for row in rows:
        if row.state == "sent":
            assert copies[row.key] >= 1
        if row.state == "given_up":
            assert row.error
            assert set(row.refused.split()) == {"a", "b"}
    for same in by_transition.values():
        states = {row.state for row in same}  # type: ignore[attr-defined]
        assert states & {"sent", "given_up"}  # somebody was told, or somebody is told that nobody was
    doubled = sum(count - 1 for count in copies.values() if count > 1)
    # A digest without an answer may double each of its lines.
    assert doubled <= unheard * scripts[0].most_items
    if not unheard:
        assert doubled == 0
    for script in scripts:
        seen: set[str] = set()
        for message in script.taken:
            keys = set(message.key.split("+"))
            assert not keys & seen or message.repeated
            seen |= keys
