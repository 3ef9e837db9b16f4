"""Settings of webhooks made into where they may lead; who is told when one is disabled; the desk and the post."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from app.settings import Settings
from core.alarms import Severity
from core.clock import Clock
from core.people import Role
from core.places import Text
from core.ports.registry import RegistryQueries
from dispatch.ledger import Ledger
from dispatch.senders.wire import Line
from dispatch.webhooks import findings as kinds
from dispatch.webhooks.desk import SqlWebhooks
from dispatch.webhooks.events import Names
from dispatch.webhooks.outbox import WebhookOutbox
from dispatch.webhooks.post import WebhookPost

WAYS = ("app", "sms")
"""Those of a high task."""


def line_of(settings: Settings) -> Line:
    """Where webhooks may lead."""
    one = settings.webhooks
    return Line(timeout_s=one.timeout_s, networks=one.networks, plain=one.plain_http)


def desk(settings: Settings, engine: sa.Engine, clock: Clock) -> SqlWebhooks:
    """What keeps them."""
    return SqlWebhooks(engine, line_of(settings), clock)


def webhook_post(settings: Settings, engine: sa.Engine, registry: RegistryQueries, clock: Clock) -> WebhookPost:
    """What takes their messages to them."""
    names = Names(facility=_facilities(registry), community=_communities(registry), link=_linker(settings))
    return WebhookPost(WebhookOutbox(engine, names, _teller(registry)), line_of(settings), clock)


def _facilities(registry: Any) -> Callable[[int], str]:
    def code(number: int) -> str:
        place = registry.roster().places.get(number)
        return "" if place is None else str(place.code)

    return code


def _communities(registry: RegistryQueries) -> Callable[[int], str]:
    known: Mapping[int, str] = {}

    def code(number: int) -> str:
        nonlocal known
        if number not in known:
            known = {one.number: one.code for one in registry.communities()}
        return known.get(number, "")

    return code


def _linker(settings: Settings) -> Callable[[str], str]:
    base = settings.notification.base_url.rstrip("/")
    return lambda path: f"{base}/{path}" if base else ""


def _teller(registry: RegistryQueries) -> Callable[[Ledger, Any, str], None]:
    """Writes a message to every administrator who is a person; the health page says it to the others."""

    def tell(ledger: Ledger, row: Any, why: str) -> None:
        title, body = kinds.DISABLED_TITLE(name=row.name), kinds.DISABLED_BODY(why=why)
        keepers = {
            one.person
            for one in registry.logins()
            if one.active and one.role is Role.ADMINISTRATOR and one.person is not None
        }
        for person in sorted(keepers):
            ledger.notify(
                "webhook",
                ref=f"webhook/{row.number}",
                version=row.changed_ms,
                person=person,
                channels=WAYS,
                title=Text(zh=title.in_language("zh"), en=title.in_language("en")),
                body=Text(zh=body.in_language("zh"), en=body.in_language("en")),
                severity=Severity.HIGH,
            )

    return tell


def zone_of(settings: Settings) -> ZoneInfo:
    """Of the times that an operator reads."""
    return ZoneInfo(settings.time_zone)
