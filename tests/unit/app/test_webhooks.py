"""Who is told that a webhook was disabled, and what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.settings import NotificationSettings, Settings
from app.webhook_settings import WebhookSettings
from app.webhooks import desk, line_of, webhook_post
from core.alarms import ChangeKind, Severity
from core.clock import ManualClock
from core.people import Login, Role
from core.ports.notifications import Outcome, Sent
from core.webhooks import EventType, WebhookState, WebhookWish
from dispatch import tables
from dispatch.webhooks.tables import sending
from tests.unit.dispatch.hall import MONDAY_9, Hall, build_hall, change

SETTINGS = Settings(
    notification=NotificationSettings(base_url="https://grid.example/"), webhooks=WebhookSettings(plain_http=True)
)
WISH = WebhookWish(name="值班 Duty", url="https://ops.example.com/in", events=(EventType.CASE_OPENED,))


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    made = build_hall(tmp_path)
    yield made
    made.engine.dispose()


class Logins:
    """The registry of the hall, with logins of the test."""

    def __init__(self, hall: Hall, *logins: Login) -> None:
        self._registry, self._logins = hall.city.registry, logins

    def logins(self) -> tuple[Login, ...]:
        return self._logins

    def __getattr__(self, name: str) -> Any:
        return getattr(self._registry, name)


def fail(hall: Hall, *logins: Login, code: str = "410") -> tuple[int, list[Any]]:
    """A webhook whose one message is answered so; its number and the outbox of people, what was there left out."""
    clock = ManualClock(MONDAY_9)
    kept = desk(SETTINGS, hall.engine, clock)
    made, _ = kept.make(WISH, "admin", MONDAY_9)
    hall.apply(change(ChangeKind.OPENED, "medium", facility=hall.city.facility("aa-sp-01")), now_ms=MONDAY_9)
    registry: Any = Logins(hall, *logins)
    post = webhook_post(SETTINGS, hall.engine, registry, clock)
    try:
        outbox = post._outbox
        outbox.collect(made.number, MONDAY_9)
        (due,) = outbox.due(made.number, MONDAY_9)
        assert outbox.begin(due)
        outbox.end(due, Sent(outcome=Outcome.REFUSED, code=code, detail="HTTP 410"), MONDAY_9 + 5)
    finally:
        post.close()
    with hall.engine.connect() as connection:
        told = connection.execute(sa.select(tables.outbox).where(tables.outbox.c.kind == "webhook")).all()
    found = kept.find(made.number)
    assert found is not None
    assert found.state is (WebhookState.DISABLED if code == "410" else WebhookState.ACTIVE)
    return made.number, list(told)


def administrator(person: int | None, **more: Any) -> Login:
    return replace(Login(username=f"a{person}", password_hash="", role=Role.ADMINISTRATOR, person=person), **more)


def test_administrators_who_are_people_are_told_in_both_languages(hall: Hall) -> None:
    """By app and short message, once each, with its name, the answer, and that nothing is lost."""
    number, told = fail(hall, administrator(2), administrator(5), administrator(5, username="twice"))
    assert sorted((row.person, row.channel) for row in told) == [(2, "app"), (2, "sms"), (5, "app"), (5, "sms")]
    row = told[0]
    assert row.ref == f"webhook/{number}"
    assert (row.title_zh, row.title_en) == ("webhook“值班 Duty”已停用", "The webhook “值班 Duty” was disabled")
    assert row.body_zh == "对方长时间没有接收：410 HTTP 410。事件已保留，修复后请恢复"
    assert (
        row.body_en
        == "Its address has taken nothing for long: 410 HTTP 410. What happens is kept; mend it and resume it"
    )
    assert row.severity == Severity.HIGH


@pytest.mark.parametrize(
    "login",
    [
        administrator(None),
        administrator(2, active=False),
        administrator(2, role=Role.MANAGER),
        administrator(2, role=Role.MAINTAINER),
    ],
    ids=["no person", "may not come in", "manager", "worker"],
)
def test_nobody_else_is_told(hall: Hall, login: Login) -> None:
    """A login without a person has no telephone; others may not keep webhooks."""
    assert fail(hall, login)[1] == []


def test_a_failure_that_disables_nothing_tells_nobody(hall: Hall) -> None:
    """One bad answer is no news."""
    assert fail(hall, administrator(2), code="500")[1] == []


def test_a_message_names_its_places_by_code_and_links(hall: Hall) -> None:
    """Facility and community as the registry knows them, the link by the base address of the settings."""
    fail(hall)
    with hall.engine.connect() as connection:
        body = connection.execute(sa.select(sending.c.body)).scalar_one()
    assert '"facility":"aa-sp-01","community":"aa"' in body
    assert '"link":"https://grid.example/cases/' in body


def test_the_line_is_that_of_the_settings() -> None:
    """Networks, plain http and the time limit."""
    networks = (ip_network("10.1.0.0/16"),)
    made = line_of(Settings(webhooks=WebhookSettings(networks=networks, plain_http=True, timeout_s=3)))
    assert (made.networks, made.plain, made.timeout_s, made.private) == (networks, True, 3, False)
