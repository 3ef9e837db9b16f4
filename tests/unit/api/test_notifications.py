"""Notifications over HTTP: own wishes, channels and their test, what was given up and who may see it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from core.alarms import Severity
from core.places import Text
from core.ports.notifications import Channel, Outcome, Preference, Sent
from dispatch import delivery_tables, tables
from dispatch.database import prepare, writing
from dispatch.ledger import Ledger
from dispatch.notification_desk import SqlNotificationDesk
from tests.unit.api.world import HOSTILE, NOW_MS, World
from tests.unit.dispatch.post_office import Script, says

V1 = "/api/v1/notifications"
WISH = {"quiet_from": 1320, "quiet_to": 420, "breaks": "high", "order": ["sms"], "addresses": {"sms": "13800000001"}}


class Post:
    """Channels over a database of their own: a room and short messages."""

    def __init__(self, folder: Path) -> None:
        self.engine = prepare(sa.create_engine(f"sqlite:///{folder / 'dispatch.sqlite'}"), durable=False)
        delivery_tables.metadata.create_all(self.engine)
        self.room, self.sms = Script("room"), Script("sms")
        channels = [
            Channel(name="room", kind="dingtalk", sender=self.room, per_minute=2),
            Channel(name="sms", kind="aliyun_sms", sender=self.sms, personal=True),
        ]
        self.desk = SqlNotificationDesk(self.engine, channels, {"app": ["room"], "sms": ["sms", "room"]})

    def give_up(self, person: int, error: str = "refused 550 no such user") -> None:
        """A message that nobody took."""
        with writing(self.engine) as connection:
            ledger = Ledger(connection, NOW_MS)
            title = Text(zh="水泵", en=HOSTILE)
            ledger.notify("task", ref="1", version=person, person=person, channels=["app"], title=title, body=title)
            ledger.flush()
            connection.execute(
                sa.update(tables.outbox)
                .where(tables.outbox.c.state == "waiting")
                .values(state="given_up", next_ms=None, done_ms=NOW_MS, error=error, via="room")
            )


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    made = Post(tmp_path)
    yield made
    made.engine.dispose()


@contextmanager
def browser(world: World, post: Post, username: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    ports = world.ports
    with monkeypatch.context() as patch:
        patch.setattr(world, "ports", lambda: replace(ports(), notifications=post.desk))
        with world.client(username) as client:
            yield client


def test_wishes_are_ones_own(world: World, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sets quiet hours and an address reads them again; somebody else has the default."""
    with browser(world, post, "maintainer1", monkeypatch) as client:
        before = client.get(f"{V1}/preference").json()
        assert [one["name"] for one in before["channels"]] == ["room", "sms"]
        assert before["wish"] == {"quiet_from": 0, "quiet_to": 0, "breaks": "critical", "order": [], "addresses": {}}
        assert client.put(f"{V1}/preference", json=WISH).json()["wish"] == WISH
        assert client.get(f"{V1}/preference").json()["wish"] == WISH
        cleared = client.put(f"{V1}/preference", json={**WISH, "addresses": {"sms": ""}}).json()
        assert cleared["wish"]["addresses"] == {}
    with browser(world, post, "maintainer2", monkeypatch) as client:
        assert client.get(f"{V1}/preference").json()["wish"]["quiet_from"] == 0
    with browser(world, post, "manager1", monkeypatch) as client:  # no person
        assert client.get(f"{V1}/preference").json()["wish"] is None
        assert client.put(f"{V1}/preference", json=WISH).status_code == 422
    assert post.desk.preference(100).breaks is Severity.HIGH


def test_what_one_was_told_is_ones_own(world: World, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages to the person behind the login, also those that no channel took, and one's own tests; each once."""
    post.give_up(100)
    post.give_up(200)
    with browser(world, post, "maintainer1", monkeypatch) as client:
        (one,) = client.get(f"{V1}/mine").json()["items"]
        assert (one["title"]["zh"], one["body"]["en"], one["ref"], one["channel"]) == ("水泵", HOSTILE, "1", "")
    with browser(world, post, "manager1", monkeypatch) as client:  # no person
        assert client.get(f"{V1}/mine").json() == {"items": []}
        post.room.answers.append(says(Outcome.UNREACHABLE))
        client.post(f"{V1}/channels/room/test")
        assert client.get(f"{V1}/mine").json() == {"items": []}
        client.post(f"{V1}/channels/room/test")
        (test,) = client.get(f"{V1}/mine").json()["items"]
        assert (test["title"]["en"], test["channel"], test["ref"]) == ("Test notification", "room", "")
    with browser(world, post, "maintainer2", monkeypatch) as client:
        assert all(one["channel"] == "" for one in client.get(f"{V1}/mine").json()["items"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"quiet_from": 1440},
        {"breaks": "never"},
        {"order": ["pigeon"]},
        {"addresses": {"pigeon": "x"}},
        {"addresses": {"sms": "1 2"}},
        {"person": 3},
    ],
)
def test_wrong_wishes_are_refused(
    world: World, post: Post, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, object]
) -> None:
    """Minutes of a day, known channels, addresses without blanks, and nobody else's person."""
    with browser(world, post, "maintainer1", monkeypatch) as client:
        assert client.put(f"{V1}/preference", json=WISH | wrong).status_code == 422


def test_a_test_goes_to_oneself_and_counts(world: World, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """Into the room, or to the own address; refused without one, and above the channel's limit."""
    with browser(world, post, "manager1", monkeypatch) as client:
        assert client.post(f"{V1}/channels/room/test").json()["outcome"] == "accepted"
        post.room.answers.append(says(Outcome.MISCONFIGURED, code="310000", detail="sign not match"))
        failed = client.post(f"{V1}/channels/room/test").json()
        assert (failed["outcome"], failed["code"], failed["test"]) == ("misconfigured", "310000", True)
        assert client.post(f"{V1}/channels/room/test").status_code == 422
        assert client.post(f"{V1}/channels/pigeon/test").status_code == 404
        assert client.post(f"{V1}/channels/sms/test").status_code == 422
        object.__setattr__(world.registry.login_by_name["manager1"], "person", 7)
        post.desk.set_preference(7, Preference(addresses={"sms": "139"}), NOW_MS)
        assert client.post(f"{V1}/channels/sms/test").json()["outcome"] == "accepted"
        shown = client.get(f"{V1}/channels").json()["items"]
    assert post.sms.taken[0].address == "139"
    assert [one["last"]["outcome"] for one in shown] == ["misconfigured", "accepted"]
    assert [one["ways"] for one in shown] == [["app", "sms"], ["sms"]]


def test_what_was_given_up_is_seen_where_its_person_works(
    world: World, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the list, in health and metrics until somebody puts it away or tries it again; not in other communities."""
    ours, theirs = 100, 200
    people = world.registry.people
    monkeypatch.setattr(
        world.registry,
        "people",
        lambda where=None: [one for one in people() if where is None or one.communities & where],
    )
    post.give_up(ours)
    post.give_up(theirs, "no channel reaches this person")
    with browser(world, post, "manager1", monkeypatch) as client:
        (shown,) = client.get(f"{V1}/undelivered").json()["items"]
        assert (shown["person"]["id"], shown["outcome"], shown["detail"]) == (ours, "refused", "550 no such user")
        part = next(one for one in client.get("/api/v1/health").json()["parts"] if one["name"] == "notifications")
        assert (part["status"], part["say"]["en"][:22]) == ("degraded", "2 could not be deliver")
        assert "twingrid_notifications_given_up 2" in client.get("/metrics").text
        other = next(one.id for one in post.desk.undelivered() if one.person == theirs)
        # What others were not told does not push one's own off the list.
        assert [one.person for one in post.desk.undelivered(1, frozenset({ours}))] == [ours]
        assert [one.person for one in post.desk.undelivered(1, frozenset({theirs}))] == [theirs]
        assert client.post(f"{V1}/undelivered/{other}/dismiss").status_code == 404
        assert client.post(f"{V1}/undelivered/{shown['id']}/again").status_code == 204
        assert client.get(f"{V1}/undelivered").json()["items"] == []
        assert client.post(f"{V1}/undelivered/{shown['id']}/again").status_code == 404
        assert client.get(f"{V1}/channels").json()["waiting"] == 1
    assert post.desk.dismiss(other, "somebody", NOW_MS)
    assert post.desk.backlog(NOW_MS).given_up == 0
    with post.engine.connect() as connection:
        put_away = sa.select(tables.outbox.c.error).where(tables.outbox.c.state == "dismissed")
        assert connection.execute(put_away).scalar_one().endswith("(dismissed by somebody)")


def test_a_sender_of_a_test_says_what_came_of_it(post: Post) -> None:
    """A test that was taken ends the channel's pause: whoever has mended it need not wait."""
    post.room.answers.append(lambda _: Sent(outcome=Outcome.ACCEPTED))
    with writing(post.engine) as connection:
        row = {"channel": "room", "target": "", "until_ms": NOW_MS + 600_000, "failures": 4}
        connection.execute(sa.insert(delivery_tables.pause).values(**row))
    assert post.desk.backlog(NOW_MS).paused == ("room",)
    assert post.desk.test("room", None, "zh", "somebody", NOW_MS).outcome is Outcome.ACCEPTED
    assert post.desk.backlog(NOW_MS).paused == ()
