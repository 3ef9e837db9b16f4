"""The words for webhooks: what is told, how one stands, and the longest of everything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class EventType(StrEnum):
    """What a webhook can be told of; ``type`` of its requests."""

    CASE_OPENED = "case.opened"
    CASE_CHANGED = "case.changed"
    CASE_ENDED = "case.ended"
    ALARM_OPENED = "alarm.opened"
    ALARM_CHANGED = "alarm.changed"
    ALARM_ENDED = "alarm.ended"


TEST_TYPE: Final = "webhook.test"


class WebhookState(StrEnum):
    """How a webhook stands."""

    ACTIVE = "active"
    PAUSED = "paused"
    """By a person; what happens meanwhile waits."""
    DISABLED = "disabled"
    """It failed for days; what happens meanwhile waits."""
    ENDED = "ended"


class WebhookEvent(StrEnum):
    """What moves it."""

    PAUSE = "pause"
    RESUME = "resume"
    FAIL = "fail"
    END = "end"


TABLE: Final[Mapping[tuple[WebhookState, WebhookEvent], WebhookState]] = {
    (WebhookState.ACTIVE, WebhookEvent.PAUSE): WebhookState.PAUSED,
    (WebhookState.ACTIVE, WebhookEvent.FAIL): WebhookState.DISABLED,
    (WebhookState.PAUSED, WebhookEvent.RESUME): WebhookState.ACTIVE,
    (WebhookState.DISABLED, WebhookEvent.RESUME): WebhookState.ACTIVE,
    (WebhookState.ACTIVE, WebhookEvent.END): WebhookState.ENDED,
    (WebhookState.PAUSED, WebhookEvent.END): WebhookState.ENDED,
    (WebhookState.DISABLED, WebhookEvent.END): WebhookState.ENDED,
}

MOST_WEBHOOKS: Final = 20
MOST_NAME: Final = 80
MOST_URL: Final = 500
SECRET_PREFIX: Final = "whsec_"
OVERLAP_MS: Final = 24 * 3_600_000
"""So long after a rotation requests are signed with the old secret too."""
DISABLED_AFTER_MS: Final = 3 * 24 * 3_600_000
"""A webhook that has taken nothing for so long, though it was asked, is disabled."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    """A subscription without its secret.

    Attributes:
        events: what it is told of, in the order of ``EventType``.
        communities: numbers; empty: all.
        overlaps_until_ms: until then the secret before the rotation signs too.
        failing_since_ms: first failure since it last took something.
        accepted_ms: when it last took something; last_ms, last_outcome, last_detail: of the last attempt.
        waiting: messages written and not sent; given_up: those it refused until they were given up.
    """

    number: int
    name: str
    url: str
    events: tuple[EventType, ...]
    communities: tuple[int, ...]
    state: WebhookState
    created_ms: int
    created_by: str
    changed_ms: int
    overlaps_until_ms: int | None = None
    failing_since_ms: int | None = None
    accepted_ms: int | None = None
    last_ms: int | None = None
    last_outcome: str = ""
    last_detail: str = ""
    waiting: int = 0
    given_up: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookWish:
    """What somebody wants a webhook to be; as in ``Webhook``."""

    name: str
    url: str
    events: tuple[EventType, ...]
    communities: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookMessage:
    """One message of a webhook, as people look at it."""

    id: int
    key: str
    type: str
    subject: str
    at_ms: int
    delivery: str
    attempts: int
    next_ms: int | None
    done_ms: int | None
    error: str
    body: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookStep:
    """What somebody did to a webhook, or the system (``system``)."""

    at_ms: int
    actor: str
    what: str
    detail: str
