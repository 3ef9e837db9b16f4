"""Notifications: the own wishes, and what managers see of channels and of what could not be delivered."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.models.base import Bilingual, Model, Number, PersonRef, SeverityName, TimeMs
from core.ports.notifications import CHANNEL_NAME

ChannelName = Annotated[str, Field(pattern=CHANNEL_NAME, examples=["ops-dingtalk"])]
ChannelKind = Literal["dingtalk", "wecom", "feishu", "aliyun_sms", "email", "apprise", "log"]
OutcomeName = Literal["accepted", "limited", "busy", "unreachable", "unknown", "refused", "misconfigured", "no_channel"]
Minute = Annotated[int, Field(ge=0, le=1439, description="minutes after local midnight")]
Address = Annotated[str, Field(max_length=200, pattern=r"^[^\s\x00-\x1f\x7f]*$", examples=["13800000001"])]


class ChannelChoice(Model):
    """A channel that may reach somebody."""

    name: ChannelName
    kind: ChannelKind
    personal: bool = Field(description="reaches a person only by an address; otherwise a room that all of them read")


class NotificationWish(Model):
    """What somebody wishes; equal ends of the quiet hours: none."""

    quiet_from: Minute
    quiet_to: Minute
    breaks: SeverityName = Field(description="this and worse disturb in quiet hours")
    order: list[ChannelName] = Field(max_length=50, description="favourite channels, best first")
    addresses: dict[ChannelName, Address] = Field(max_length=50, description="by channel; empty ones are forgotten")


class NotificationPreference(Model):
    """The own wishes, and the channels there are."""

    wish: NotificationWish | None = Field(description="null: this login is no person, nobody sends it anything")
    zone: str = Field(description="time zone of the quiet hours", examples=["Asia/Shanghai"])
    channels: list[ChannelChoice]


class ToldMessage(Model):
    """A message to oneself, as it was written."""

    at_ms: TimeMs
    title: Bilingual
    body: Bilingual
    ref: str = Field(description="number of a task, or what else it is about; empty for a test", examples=["17"])
    channel: str = Field(description="by which a test of one's own went; empty: no test")


class ToldMessages(Model):
    """The newest messages to oneself; each once, whatever channels it went by."""

    items: list[ToldMessage]


class ChannelAttempt(Model):
    """One attempt at a channel."""

    at_ms: TimeMs
    outcome: OutcomeName
    code: str = Field(description="the channel's own")
    detail: str
    messages: int
    test: bool


class ChannelView(ChannelChoice):
    """How a channel is."""

    per_minute: int = Field(description="0: no limit")
    ways: list[Literal["app", "sms", "phone"]]
    waiting: int
    oldest_ms: TimeMs | None
    paused_until_ms: TimeMs | None
    accepted_ms: TimeMs | None = Field(description="when it last took a message")
    last: ChannelAttempt | None


class UndeliveredView(Model):
    """A message that was given up, until somebody has looked at it."""

    id: Number
    person: PersonRef | None
    way: str
    channel: str
    ref: str = Field(description="number of the task, or of a flag as flag-N")
    title: Bilingual
    outcome: OutcomeName
    detail: str
    created_ms: TimeMs
    given_up_ms: TimeMs


class ChannelList(Model):
    """Channels in the order of the settings, and the backlog of all together."""

    waiting: int = Field(description="messages that are due")
    oldest_ms: TimeMs | None
    items: list[ChannelView]


class UndeliveredList(Model):
    """What was given up and nobody has looked at, newest first."""

    items: list[UndeliveredView]
