"""Notifications: wishes, channels, what could not be delivered."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from api.guard import PREFIX, GuardedRoute
from api.models.notifications import (
    ChannelAttempt,
    ChannelList,
    NotificationPreference,
    NotificationWish,
    ToldMessages,
    UndeliveredList,
)
from api.routes.inputs import Asking, Desk, NumberInPath
from core.ports.notifications import CHANNEL_NAME

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute, tags=["notifications"])
ChannelInPath = Annotated[str, Path(pattern=CHANNEL_NAME, examples=["ops-dingtalk"])]


@router.get("/notifications/preference", operation_id="get_notification_preference", summary="How I am told")
def get_notification_preference(caller: Asking, desk: Desk) -> NotificationPreference:
    """Quiet hours, favourite channels and addresses of the person behind the login; nobody else sees them."""
    return desk.notifications.preference(caller)


@router.put("/notifications/preference", operation_id="set_notification_preference", summary="Change how I am told")
def set_notification_preference(body: NotificationWish, caller: Asking, desk: Desk) -> NotificationPreference:
    """What is critical disturbs in quiet hours too, whatever is chosen."""
    return desk.notifications.set_preference(caller, body)


@router.get("/notifications/mine", operation_id="list_my_messages", summary="What I was told")
def list_my_messages(caller: Asking, desk: Desk) -> ToldMessages:
    """The 50 newest messages to the person behind the login, and tests of one's own that were taken; nobody else's."""
    return desk.notifications.told(caller)


@router.get("/notifications/channels", operation_id="get_channels", summary="Channels of notifications")
def get_channels(desk: Desk) -> ChannelList:
    """With the last result of each channel, and what waits for it."""
    return desk.notifications.channels()


@router.get("/notifications/undelivered", operation_id="list_undelivered", summary="What could not be delivered")
def list_undelivered(caller: Asking, desk: Desk) -> UndeliveredList:
    """Given up and not looked at yet, for people of the communities one sees; newest first."""
    return desk.notifications.undelivered(caller)


@router.post(
    "/notifications/channels/{channel}/test", operation_id="test_channel", summary="Send a test message to myself"
)
def test_channel(channel: ChannelInPath, caller: Asking, desk: Desk) -> ChannelAttempt:
    """To the own address, or into the channel's room, at once; counts towards its limit."""
    return desk.notifications.test(caller, channel)


@router.post(
    "/notifications/undelivered/{message}/again",
    operation_id="retry_notification",
    summary="Try a given-up message again",
    status_code=204,
)
def retry_notification(message: NumberInPath, caller: Asking, desk: Desk) -> None:
    """From the first channel of its route."""
    desk.notifications.try_again(caller, message)


@router.post(
    "/notifications/undelivered/{message}/dismiss",
    operation_id="dismiss_notification",
    summary="Put a given-up message away",
    status_code=204,
)
def dismiss_notification(message: NumberInPath, caller: Asking, desk: Desk) -> None:
    """Somebody has seen to it."""
    desk.notifications.dismiss(caller, message)
