"""Webhooks: other programs are told of alarms and cases."""

from __future__ import annotations

from fastapi import APIRouter, Request

from api.guard import PREFIX, GuardedRoute
from api.models.webhooks import (
    NewWebhookSecret,
    WebhookAttempt,
    WebhookList,
    WebhookMessageList,
    WebhookMove,
    WebhookRequest,
    WebhookRotation,
    WebhookStepList,
    WebhookView,
)
from api.routes.inputs import Asking, Desk, NumberInPath

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute, tags=["webhooks"])


@router.get("/webhooks", operation_id="list_webhooks", summary="Who is told of alarms and cases")
def list_webhooks(caller: Asking, desk: Desk) -> WebhookList:
    """Newest first, ended ones too."""
    return desk.webhooks.all(caller)


@router.post("/webhooks", operation_id="create_webhook", summary="Tell another program", status_code=201)
def create_webhook(body: WebhookRequest, request: Request, caller: Asking, desk: Desk) -> NewWebhookSecret:
    """Of what happens from now on; its secret is shown this once."""
    return desk.webhooks.make(caller, body, request)


@router.put("/webhooks/{webhook}", operation_id="change_webhook", summary="Change a webhook")
def change_webhook(
    webhook: NumberInPath, body: WebhookRequest, request: Request, caller: Asking, desk: Desk
) -> WebhookView:
    """What waits already goes to the new address."""
    return desk.webhooks.change(caller, webhook, body, request)


@router.post("/webhooks/{webhook}/secret", operation_id="rotate_webhook_secret", summary="Make a new secret")
def rotate_webhook_secret(
    webhook: NumberInPath, body: WebhookRotation, request: Request, caller: Asking, desk: Desk
) -> NewWebhookSecret:
    """Shown this once; for a day requests are signed with the old one too."""
    return desk.webhooks.rotate(caller, webhook, body.password, request)


@router.post("/webhooks/{webhook}/state", operation_id="move_webhook", summary="Pause, resume or end a webhook")
def move_webhook(webhook: NumberInPath, body: WebhookMove, caller: Asking, desk: Desk) -> WebhookView:
    """What happens while it is paused or disabled is told once it goes on, unless it is skipped."""
    return desk.webhooks.move(caller, webhook, body)


@router.post("/webhooks/{webhook}/test", operation_id="test_webhook", summary="Send a test now")
def test_webhook(webhook: NumberInPath, caller: Asking, desk: Desk) -> WebhookAttempt:
    """Signed as everything else; what came of it."""
    return desk.webhooks.test(caller, webhook)


@router.get("/webhooks/{webhook}/messages", operation_id="list_webhook_messages", summary="What a webhook was told")
def list_webhook_messages(webhook: NumberInPath, caller: Asking, desk: Desk) -> WebhookMessageList:
    """Newest first, with what waits and what was given up."""
    return desk.webhooks.messages(caller, webhook)


@router.post(
    "/webhooks/{webhook}/messages/{message}/retry",
    operation_id="retry_webhook_message",
    summary="Send a given-up message again",
    status_code=204,
)
def retry_webhook_message(webhook: NumberInPath, message: NumberInPath, caller: Asking, desk: Desk) -> None:
    """Under its id."""
    desk.webhooks.again(caller, webhook, message)


@router.get("/webhooks/{webhook}/steps", operation_id="list_webhook_steps", summary="What was done to a webhook")
def list_webhook_steps(webhook: NumberInPath, caller: Asking, desk: Desk) -> WebhookStepList:
    """Who made, changed, paused it, and when it was disabled."""
    return desk.webhooks.steps(caller, webhook)
