"""Webhooks: other programs are told of alarms and cases."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.models.base import Model, Number, TimeMs
from api.models.notifications import OutcomeName
from api.models.sessions import Password
from core.webhooks import MOST_NAME, MOST_URL, EventType, WebhookState

Url = Annotated[str, Field(min_length=1, max_length=MOST_URL, examples=["https://ops.example.com/twingrid"])]


class WebhookRequest(Model):
    """What a webhook shall be. The password is asked for, so that a browser left open sends nothing elsewhere."""

    name: Annotated[str, Field(min_length=1, max_length=MOST_NAME, pattern=r"\S", description="what it is for")]
    url: Url
    events: Annotated[list[EventType], Field(min_length=1, max_length=len(EventType))]
    communities: list[Annotated[int, Field(ge=0, le=2_147_483_647)]] = Field(
        default_factory=list, max_length=1000, description="numbers; empty: all"
    )
    password: Password


class WebhookRotation(Model):
    """Ask for a new secret."""

    password: Password


class WebhookMove(Model):
    """Pause it, let it go on, or end it for good."""

    event: Literal["pause", "resume", "end"]
    skip: bool = Field(False, description="with `resume`: what happened meanwhile is not told any more")


class WebhookView(Model):
    """A webhook without its secret."""

    id: Number
    name: str
    url: str
    events: list[EventType]
    communities: list[int]
    state: WebhookState
    created_ms: TimeMs
    created_by: str
    changed_ms: TimeMs
    overlaps_until_ms: TimeMs | None = Field(description="until then the secret before the rotation signs too")
    failing_since_ms: TimeMs | None = Field(description="it has taken nothing since, though it was asked")
    accepted_ms: TimeMs | None = Field(description="when it last took something")
    last_ms: TimeMs | None
    last_outcome: str
    last_detail: str
    waiting: int
    given_up: int


class WebhookList(Model):
    """Newest first, ended ones too."""

    items: list[WebhookView]


class NewWebhookSecret(WebhookView):
    """With its secret, shown this once."""

    secret: str = Field(description="`whsec_` and base64; nobody can show it again")


class WebhookAttempt(Model):
    """What came of a test."""

    outcome: OutcomeName
    code: str
    detail: str


class WebhookMessageView(Model):
    """One message."""

    id: Number
    key: str = Field(description="`webhook-id`, the same in every attempt")
    type: str
    at_ms: TimeMs
    delivery: Literal["waiting", "sending", "sent", "withdrawn", "given_up"]
    attempts: int
    next_ms: TimeMs | None
    done_ms: TimeMs | None
    error: str
    body: str = Field(description="JSON as it is sent")


class WebhookMessageList(Model):
    """The newest hundred, newest first; what was sent is kept for a week."""

    items: list[WebhookMessageView]


class WebhookStepView(Model):
    """What was done to a webhook."""

    at_ms: TimeMs
    actor: str
    what: str
    detail: str


class WebhookStepList(Model):
    """The newest hundred, newest first."""

    items: list[WebhookStepView]
