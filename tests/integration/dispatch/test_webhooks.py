"""Webhooks over real sockets: signed, in order, none lost, and nowhere they may not go."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import itertools
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core.alarms import ChangeKind
from core.cases import Action, TaskKind
from core.clock import ManualClock
from core.errors import Refused, Unavailable
from core.ports.drills import DrillEnd
from core.webhooks import DISABLED_AFTER_MS, OVERLAP_MS, EventType, Webhook, WebhookEvent, WebhookState, WebhookWish
from dispatch.drills import SqlDrills
from dispatch.ledger import Ledger
from dispatch.senders.wire import Line
from dispatch.webhooks.desk import SqlWebhooks, check_address
from dispatch.webhooks.events import Names
from dispatch.webhooks.outbox import WebhookOutbox, newest_lines
from dispatch.webhooks.post import WebhookPost
from dispatch.webhooks.tables import sending, webhook
from tests.databases import Databases
from tests.integration.dispatch.stubs import HttpStub, Reply, http_stub
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, RULES, Hall, build_hall, change
from tests.unit.dispatch.test_drills import _tasks as drill_tasks
from tests.unit.dispatch.test_exchange import finish

OK = Reply(status=204, body=b"")
HERE = Line(timeout_s=0.4, networks=(ipaddress.ip_network("127.0.0.0/8"),), plain=True)
ALL = tuple(EventType)


@pytest.fixture
def hall(tmp_path: Path, databases: Databases | None) -> Iterator[Hall]:
    """A fresh small city with an empty dispatch, on both databases."""
    made = build_hall(tmp_path, databases)
    yield made
    made.engine.dispose()


class World:
    """Webhooks over a hall, with a clock that stands."""

    def __init__(self, hall: Hall, line: Line = HERE) -> None:
        self.hall, self.clock = hall, ManualClock(MONDAY_9)
        self.told: list[tuple[int, str]] = []
        self.desk = SqlWebhooks(hall.engine, line, self.clock)
        self.outbox = WebhookOutbox(hall.engine, self._names(), self._tell)
        self.post = WebhookPost(self.outbox, line, self.clock, threads=False)

    def _names(self) -> Names:
        places = self.hall.city.registry.roster().places
        return Names(
            facility=lambda number: places[number].code if number in places else "",
            community=str,
            link=lambda path: f"https://grid.example/{path}",
        )

    def _tell(self, _ledger: Ledger, row: Any, why: str) -> None:
        self.told.append((row.number, why))

    def make(self, url: str, events: Sequence[EventType] = ALL, **values: Any) -> tuple[Webhook, str]:
        """A webhook and its secret."""
        wish = WebhookWish(name="ops", url=url, events=tuple(events), **values)
        return self.desk.make(wish, "admin", self.clock.now_ms())

    def alarm(self, rule: str = "medium", facility: str = "aa-sp-01", kind: ChangeKind = ChangeKind.OPENED) -> None:
        """An alarm begins (or goes on) now."""
        number = self.hall.city.facility(facility)
        self.hall.apply(change(kind, rule, facility=number), now_ms=self.clock.now_ms())

    def drain(self, hours: float = 2) -> None:
        """Let time pass."""
        for _ in range(round(hours * 12)):
            self.post.step()
            self.clock.advance(5 * MINUTE)

    def rows(self) -> Any:
        """The messages."""
        with self.hall.engine.connect() as connection:
            return connection.execute(sa.select(sending).order_by(sending.c.id)).all()


def opened(secret: str, request: tuple[str, Any, bytes]) -> bool:
    """Whether a request is signed under a secret, told by the convention and not by our code."""
    _, headers, body = request
    raw = base64.b64decode(secret.removeprefix("whsec_"))
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(raw, text, hashlib.sha256).digest()).decode()
    return expected in headers["webhook-signature"].split(" ")


def kinds_of(stub: HttpStub) -> list[str]:
    return [one["type"] for one in stub.bodies()]


def test_a_case_and_its_alarm_are_told_from_begin_to_end_in_order_and_signed(hall: Hall) -> None:
    """What happened before is not told; each message has an id of its own and a signature that holds."""
    world = World(hall)
    world.alarm("high", "aa-sp-02")
    with http_stub(OK) as stub:
        _, secret = world.make(f"{stub.base}/hook?key=1")
        world.alarm()
        finish(hall, hall.cases()[-1].number)
        world.drain()
        said, requests = stub.bodies(), list(stub.requests)
    assert all(path == "/hook?key=1" for path, _, _ in requests)
    assert all(opened(secret, one) for one in requests)
    assert len({headers["webhook-id"] for _, headers, _ in requests}) == len(requests)
    cases = [one for one in said if one["type"].startswith("case.")]
    assert next(one["type"] for one in cases) == "case.opened"
    assert [one["type"] for one in cases][-1] == "case.ended"
    assert all(one["data"]["from"] == before["data"]["state"] for before, one in itertools.pairwise(cases))
    assert {one["data"]["facility"] for one in said} == {"aa-sp-01"}
    assert next(one["type"] for one in said if one["type"].startswith("alarm.")) == "alarm.opened"
    assert said[0]["timestamp"] == "2026-11-23T01:00:00.000Z"
    assert cases[0]["data"]["link"].startswith("https://grid.example/cases/")
    assert {row.delivery for row in world.rows()} == {"sent"}


def test_nobody_is_named_to_the_outside(hall: Hall) -> None:
    """No login, no name and no note of a person is in a body; that a person did it is."""
    world = World(hall)
    with http_stub(OK) as stub:
        world.make(stub.base)
        world.alarm()
        finish(hall, hall.cases()[-1].number)
        world.drain()
        bodies = b"".join(body for _, _, body in stub.requests).decode()
    with hall.engine.connect() as connection:
        people = connection.execute(sa.text("SELECT actor, note FROM dispatch_history WHERE actor <> 'system'")).all()
    words = {word for row in people for word in row if len(word) > 3}
    assert words
    assert not [word for word in words if f'"{word}"' in bodies]
    assert '"by":"person"' in bodies


def test_a_test_alarm_is_told_to_no_webhook(hall: Hall) -> None:
    """Neither it nor its case, from its begin to its confirmed end; a real one beside it is."""
    world = World(hall)
    drills = SqlDrills(hall.engine, rules=RULES.get, source=hall.city.registry)
    with http_stub(OK) as stub:
        made, _ = world.make(stub.base)
        drills.open("one", hall.city.facility("aa-sp-01"), "high", world.clock.now_ms())
        handle = drill_tasks(hall)[TaskKind.HANDLE]
        hall.act(handle, Action.CONFIRM, hall.actor("aa-m1"), now_ms=world.clock.now_ms() + MINUTE)
        ended = drills.find("one")
        assert ended is not None
        assert ended.end is DrillEnd.CONFIRMED
        world.drain(1)
        assert stub.requests == []
        assert world.rows() == []
        world.alarm("medium", "aa-sp-02")
        world.drain(1)
        said = stub.bodies()
    assert {one["data"]["facility"] for one in said} == {"aa-sp-02"}
    assert len(said) > 1
    with hall.engine.connect() as connection:
        row = connection.execute(sa.select(webhook).where(webhook.c.number == made.number)).one()
    assert (row.seen_case, row.seen_alarm) == _ends(hall), "looked at and left out, not kept for later"


def _ends(hall: Hall) -> tuple[int, int]:
    with hall.engine.connect() as connection:
        return newest_lines(connection)


def test_only_what_was_asked_for_is_told(hall: Hall) -> None:
    """Kinds of events and communities choose; a test alarm of a technician is told to nobody."""
    world = World(hall)
    with http_stub(OK) as stub:
        number = next(iter(hall.city.registry.communities())).number
        world.make(stub.base, [EventType.CASE_OPENED])
        world.make(stub.base, [EventType.CASE_OPENED], communities=(number + 999,))
        world.alarm()
        finish(hall, hall.cases()[-1].number)
        world.drain()
        assert kinds_of(stub) == ["case.opened"]


def test_bad_answers_lose_nothing_and_keep_the_order(hall: Hall) -> None:
    """429, 500, 400, silence, a broken line, a redirect: the same id again, then on; nothing follows the redirect."""
    bad = [
        Reply(status=429, headers={"Retry-After": "30"}),
        Reply(status=503),
        Reply(status=400),
        Reply(end="hang"),
        Reply(end="reset"),
        Reply(end="dribble"),
        Reply(status=401),
        Reply(status=502),
    ]
    world = World(hall)
    with (
        http_stub(OK) as elsewhere,
        http_stub(*bad, Reply(status=302, headers={"Location": elsewhere.base}), OK) as stub,
    ):
        _, secret = world.make(stub.base, [EventType.CASE_OPENED, EventType.CASE_CHANGED, EventType.CASE_ENDED])
        world.alarm()
        finish(hall, hall.cases()[-1].number)
        world.drain(12)
        ids = [headers["webhook-id"] for _, headers, _ in stub.requests]
        assert not elsewhere.requests
        assert all(opened(secret, one) for one in stub.requests)
    rows = world.rows()
    assert {row.delivery for row in rows} == {"sent"}
    assert len(set(ids[: len(bad) + 2])) == 1, "the first one holds the others of its case back"
    assert list(dict.fromkeys(ids)) == [row.key for row in rows]
    assert rows[0].attempts >= len(bad) + 2


def test_one_case_that_is_not_taken_holds_no_other_back(hall: Hall) -> None:
    """The first message is refused; what is about another case goes out in the same step."""
    world = World(hall)
    with http_stub(Reply(status=422), OK) as stub:
        world.make(stub.base, [EventType.CASE_OPENED])
        world.alarm()
        world.alarm("high", "aa-sp-02")
        world.post.step()
        assert [row.delivery for row in world.rows()] == ["waiting", "sent"]


def test_an_address_that_is_dead_for_days_is_disabled_told_and_goes_on_where_it_stopped(hall: Hall) -> None:
    """Nothing is given up meanwhile; what happens after is kept too, and comes once it is resumed."""
    world = World(hall)
    with http_stub(Reply(status=500)) as stub:
        made, _ = world.make(stub.base, [EventType.CASE_OPENED])
        world.alarm()
        world.drain(DISABLED_AFTER_MS / HOUR + 2)
        kept = world.desk.find(made.number)
        assert kept is not None
        assert (kept.state, kept.waiting, kept.given_up) == (WebhookState.DISABLED, 1, 0)
        assert world.told == [(made.number, "500 HTTP 500")]
        assert 40 < len(stub.requests) < 400, "with back-off, and not for ever"
        world.alarm("high", "aa-sp-02")
        world.post.step()
        stub.replies[:] = [OK]
        stub.requests.clear()
        world.desk.step(made.number, WebhookEvent.RESUME, "admin", world.clock.now_ms())
        world.drain(1)
        assert kinds_of(stub) == ["case.opened", "case.opened"]
    steps = world.desk.steps(made.number)
    assert [(one.actor, one.what) for one in steps] == [("admin", "resume"), ("system", "disabled"), ("admin", "made")]


def test_who_says_gone_is_disabled_at_once(hall: Hall) -> None:
    """410 means that nothing is wanted any more; the message is kept all the same."""
    world = World(hall)
    with http_stub(Reply(status=410)) as stub:
        made, _ = world.make(stub.base, [EventType.CASE_OPENED])
        world.alarm()
        world.drain(1)
        assert len(stub.requests) == 1
    kept = world.desk.find(made.number)
    assert kept is not None
    assert (kept.state, kept.waiting) == (WebhookState.DISABLED, 1)


def test_a_message_that_alone_is_refused_is_given_up_after_days_and_can_be_sent_again(hall: Hall) -> None:
    """Others are taken, so the webhook stays; what was given up is shown, and keeps its id when it is sent again."""
    world = World(hall)
    with http_stub(OK) as stub:
        made, _ = world.make(stub.base, [EventType.CASE_OPENED])
        world.alarm()
        hours = 0
        while world.rows() == [] or world.rows()[0].delivery != "given_up":
            stub.replies[:] = [Reply(status=400)]
            world.post.step()
            stub.replies[:] = [OK]
            world.desk.test(made.number, "admin", world.clock.now_ms())
            with hall.engine.begin() as connection:  # something else was taken
                connection.execute(sa.update(webhook).values(failing_since_ms=None))
            world.clock.advance(HOUR)
            hours += 1
            assert hours < 200
        assert hours > 90
        key = world.rows()[0].key
        assert world.desk.again(made.number, world.rows()[0].id, "admin", world.clock.now_ms())
        assert not world.desk.again(made.number, world.rows()[0].id, "admin", world.clock.now_ms())
        stub.requests.clear()
        world.drain(1)
        assert [headers["webhook-id"] for _, headers, _ in stub.requests] == [key]


def test_a_new_secret_and_the_old_one_sign_together_for_a_day(hall: Hall) -> None:
    """Then the new one alone; the old one is forgotten."""
    world = World(hall)
    with http_stub(OK) as stub:
        made, old = world.make(stub.base, [EventType.CASE_OPENED])
        rotated = world.desk.rotate(made.number, "admin", world.clock.now_ms())
        assert rotated is not None
        new = rotated[1]
        world.alarm()
        world.drain(1)
        assert opened(old, stub.requests[0])
        assert opened(new, stub.requests[0])
        world.clock.advance(OVERLAP_MS)
        world.alarm("high", "aa-sp-02")
        world.drain(1)
        assert opened(new, stub.requests[1])
        assert not opened(old, stub.requests[1])
    with hall.engine.connect() as connection:
        assert connection.execute(sa.select(webhook.c.former)).scalar_one() == ""


def test_paused_it_waits_and_ended_nothing_is_left_of_its_secret(hall: Hall) -> None:
    """What happens while it is paused comes afterwards, or is skipped by whoever says so."""
    world = World(hall)
    with http_stub(OK) as stub:
        made, _ = world.make(stub.base, [EventType.CASE_OPENED])
        world.desk.step(made.number, WebhookEvent.PAUSE, "admin", world.clock.now_ms())
        world.alarm()
        world.drain(1)
        assert not stub.requests
        world.desk.step(made.number, WebhookEvent.RESUME, "admin", world.clock.now_ms())
        world.drain(1)
        assert len(stub.requests) == 1
        world.desk.step(made.number, WebhookEvent.PAUSE, "admin", world.clock.now_ms())
        world.alarm("high", "aa-sp-02")
        world.desk.step(made.number, WebhookEvent.RESUME, "admin", world.clock.now_ms(), skip=True)
        world.drain(1)
        assert len(stub.requests) == 1
    world.desk.step(made.number, WebhookEvent.END, "admin", world.clock.now_ms())
    with pytest.raises(Refused):
        world.desk.step(made.number, WebhookEvent.RESUME, "admin", world.clock.now_ms())
    assert world.desk.rotate(made.number, "admin", world.clock.now_ms()) is None
    with hall.engine.connect() as connection:
        assert connection.execute(sa.select(webhook.c.secret, webhook.c.former)).one() == ("", "")


def test_a_crash_in_an_attempt_sends_it_again_under_its_id(hall: Hall) -> None:
    """Whoever finds an attempt without an end makes it again; a receiver knows the id."""
    world = World(hall)
    with http_stub(OK) as stub:
        world.make(stub.base, [EventType.CASE_OPENED])
        world.alarm()
        world.outbox.collect(1, world.clock.now_ms())
        (one,) = world.outbox.due(1, world.clock.now_ms())
        assert world.outbox.begin(one)
        again = WebhookPost(world.outbox, HERE, world.clock, threads=False)
        again.step()
        assert [headers["webhook-id"] for _, headers, _ in stub.requests] == [one.message.key]
        assert world.rows()[0].attempts == 2


def test_a_database_that_fails_after_the_attempt_is_told_its_end_later(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not sent a second time."""
    world = World(hall)
    with http_stub(OK) as stub:
        world.make(stub.base, [EventType.CASE_OPENED])
        world.alarm()

        def fails(*_: object) -> bool:
            raise Unavailable("gone")

        with monkeypatch.context() as patch:
            patch.setattr(world.outbox, "end", fails)
            with pytest.raises(Unavailable):
                world.post.step()
        world.drain(1)
        assert len(stub.requests) == 1
    assert world.rows()[0].delivery == "sent"


# --- where it may go --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://[::1]:{port}/",
        "http://localhost:{port}/",
        "http://0.0.0.0:{port}/",
        "http://2130706433:{port}/",
        "http://0x7f.1:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
    ],
)
def test_no_way_leads_to_this_machine(hall: Hall, url: str) -> None:
    """However loopback is written: refused when it is made, or found out when it is connected; nothing arrives."""
    line = Line(timeout_s=0.4, plain=True)
    world = World(hall, line)
    with http_stub(OK) as stub:
        try:
            made, _ = world.make(url.format(port=stub.port), [EventType.CASE_OPENED])
        except Refused:
            return
        world.alarm()
        world.drain(1)
        assert not stub.requests
    kept = world.desk.find(made.number)
    assert kept is not None
    assert kept.last_outcome in {"misconfigured", "unreachable"}
    assert kept.waiting == 1


def test_a_name_that_turns_to_a_private_address_gains_nothing(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """Public when it was made, loopback when it is sent: the address that is connected to is the one looked at."""
    world = World(hall, Line(timeout_s=0.4, plain=True))
    answers = ["93.184.216.34", "127.0.0.1"]
    asked: list[str] = []

    def resolves(host: str, port: int, *_: object, **__: object) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers[min(len(asked) - 1, 1)], port))]

    with http_stub(OK) as stub:
        made, _ = world.make(f"http://rebound.example:{stub.port}/", [EventType.CASE_OPENED])
        monkeypatch.setattr(socket, "getaddrinfo", resolves)
        asked.append("once before")
        world.alarm()
        world.post.step()
        assert asked[1:] == ["rebound.example"], "asked once for each attempt"
        assert not stub.requests
    kept = world.desk.find(made.number)
    assert kept is not None
    assert "127.0.0.1" in kept.last_detail


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "https:///x",
        "https://user:secret@example.com/",
        "https://exa mple.com/",
        "https://example.com:99999/",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/",
        "https://[fd00:ec2::254]/",
        "https://100.100.100.200/",
        "https://168.63.129.16/",
        "http://example.com/",
        "//example.com",
        "",
    ],
)
def test_addresses_that_are_refused_when_they_are_named(url: str) -> None:
    """Without https, with an account inside, or of a network that is not public."""
    with pytest.raises(Refused) as caught:
        check_address(Line(), url)
    assert "secret" not in str(caught.value)


def test_a_network_that_is_allowed_is_reached_and_no_other() -> None:
    """The settings name networks; https stays needed unless they say otherwise."""
    line = Line(networks=(ipaddress.ip_network("10.1.0.0/16"),))
    check_address(line, "https://10.1.2.3/x")
    with pytest.raises(Refused):
        check_address(line, "https://10.2.2.3/x")
    with pytest.raises(Refused):
        check_address(line, "http://10.1.2.3/x")
