"""Notifications: what people are told, who takes it to them, what became of it, and what they wish.

A *way* (``app``, ``sms``, ``phone``) says how urgently somebody is told; a *channel* (``ops-dingtalk``) is a sender
that an operator has configured. Each way has a route: channels in the order in which they are tried.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from core.alarms import Severity
from core.cases import UnknownItem
from core.findings import Sentence
from core.places import Text

NO_CHANNEL = Sentence("没有渠道 {channel!r}", "there is no channel {channel!r}")
CHANNEL_NAME: Final = r"^[a-z0-9][a-z0-9-]{0,39}$"
"""What a channel may be called, as a pattern; partners of an exchange are called likewise."""
WAYS = ("app", "sms", "phone")
"""How urgently somebody is told; ``dispatch.policy`` says which severity uses which."""


class Outcome(StrEnum):
    """What a sender knows after one attempt; the words of the table in ``dispatch.delivery``."""

    ACCEPTED = "accepted"
    """The channel has said that it took the message."""
    LIMITED = "limited"
    """Not taken: too many in too short a time."""
    BUSY = "busy"
    """Not taken: the channel has trouble of its own (5xx)."""
    UNREACHABLE = "unreachable"
    """Not taken: nothing of the message left this machine."""
    UNKNOWN = "unknown"
    """Perhaps taken: it was sent, and no answer came that says what became of it."""
    REFUSED = "refused"
    """Not taken and never will be: this message, or this address."""
    MISCONFIGURED = "misconfigured"
    """Not taken, nor will another be until somebody mends the channel: key, signature, credit, address not allowed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """The end of one attempt.

    Attributes:
        code: the channel's own (``429``, ``errcode 130101``), empty where there is none.
        detail: one line for people who look after the channel; holds no secret.
        retry_after_ms: how long the channel asks to be left alone, ``None`` where it does not say.
    """

    outcome: Outcome
    code: str = ""
    detail: str = ""
    retry_after_ms: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One thing that is told; plain text in one language, and where to read on (empty: nowhere)."""

    title: str
    body: str = ""
    link: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What a sender is given: one item, or a digest of several.

    Attributes:
        key: the same for every attempt at the same content; channels that know idempotency get it.
        address: of the recipient on this channel (number, mail address, user id); empty where the channel has one room.
        recipient: their name, for rooms that many read; empty in a digest for a whole room.
        language: ``zh`` or ``en``.
        severity: the worst of the items.
        repeated: an earlier attempt may have arrived; the text says so.
    """

    key: str
    items: tuple[Item, ...]
    severity: Severity
    language: str = "zh"
    address: str = ""
    recipient: str = ""
    repeated: bool = False


class Sender(Protocol):
    """One channel's voice. It may take up to its time limit, never longer, and raises nothing for a failed attempt."""

    @property
    def most_items(self) -> int:
        """How many items one digest holds at most."""
        ...

    def send(self, message: Message, now_ms: int) -> Sent:
        """Try once."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    """A configured sender.

    Attributes:
        kind: ``dingtalk``, ``wecom``, ``feishu``, ``aliyun_sms``, ``email``, ``apprise`` or ``log``.
        personal: reaches somebody only by an address of theirs; otherwise a room that all of them read.
        per_minute: the channel's own limit, per room or per address; 0: none.
    """

    name: str
    kind: str
    sender: Sender
    personal: bool = False
    per_minute: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Preference:
    """What somebody wishes; the default is no quiet hours and the order of the route.

    Attributes:
        quiet_from, quiet_to: minutes after local midnight between which only ``breaks`` and worse disturb; equal: none.
        breaks: the least severity that disturbs in quiet hours; at most critical, so that nobody switches those off.
        order: channels they like best, first; the others of the route follow.
        addresses: by channel.
    """

    quiet_from: int = 0
    quiet_to: int = 0
    breaks: Severity = Severity.CRITICAL
    order: tuple[str, ...] = ()
    addresses: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipient:
    """Who is told."""

    name: Text
    language: str


class Recipients(Protocol):
    """Names and languages of people. Raises ``core.errors.Unavailable`` if the registry does not answer."""

    def of(self, person: int) -> Recipient:
        """Somebody; whoever is unknown is called by their number and reads the installation's language."""
        ...


class Preferences(Protocol):
    """Where wishes are kept. Methods raise ``core.errors.Unavailable``."""

    def preference(self, person: int) -> Preference:
        """Of one person."""
        ...

    def set_preference(self, person: int, preference: Preference, now_ms: int) -> None:
        """Replace it."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One attempt at a channel, as it was recorded; ``actor`` empty: no test."""

    at_ms: int
    outcome: Outcome
    code: str
    detail: str
    messages: int
    actor: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelState:
    """How a channel is.

    Attributes:
        waiting: messages that wait for it; oldest_ms: since when the oldest is due, ``None`` when none waits.
        paused_until_ms: it is left alone until then.
        last: newest attempt; accepted_ms: when it last took a message.
    """

    name: str
    kind: str
    personal: bool
    per_minute: int
    ways: tuple[str, ...]
    waiting: int
    oldest_ms: int | None
    paused_until_ms: int | None
    last: Attempt | None
    accepted_ms: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Undelivered:
    """A message that was given up, until somebody has looked at it.

    Attributes:
        outcome: of the last attempt, or ``no_channel``: nothing reaches the person; detail: its code and words.
    """

    id: int
    person: int
    way: str
    channel: str
    kind: str
    ref: str
    title: Text
    outcome: str
    detail: str
    created_ms: int
    given_up_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A message to somebody, as the pages show it: whatever became of it elsewhere, it can be read there.

    Attributes:
        at_ms: when it was written.
        ref: of a task (digits), or what else it is about; empty for a test.
        channel: by which a test went; empty: no test.
    """

    at_ms: int
    title: Text
    body: Text
    ref: str = ""
    channel: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Backlog:
    """Numbers for health and metrics: messages that are due, since when the oldest is, given up and not looked at."""

    waiting: int = 0
    oldest_ms: int | None = None
    given_up: int = 0
    paused: tuple[str, ...] = ()


class NotificationDesk(Protocol):
    """What managers see and do. Methods raise ``core.errors.Unavailable``."""

    def backlog(self, now_ms: int) -> Backlog:
        """Numbers."""
        ...

    def channels(self, now_ms: int) -> Sequence[ChannelState]:
        """Every configured channel, in the order of the settings."""
        ...

    def undelivered(
        self, limit: int = 100, people: frozenset[int] | None = None, message: int | None = None
    ) -> Sequence[Undelivered]:
        """Given up and not looked at yet, newest first.

        Args:
            limit: at most so many.
            people: only what was for these people; ``None``: for anybody.
            message: only this one, if it is one.
        """
        ...

    def told(self, person: int | None, actor: str, limit: int = 50) -> Sequence[Told]:
        """What was written to somebody, newest first.

        Args:
            person: behind the login; ``None``: it is nobody's, and has tests alone.
            actor: whose tests that were taken are shown too.
            limit: at most so many.
        """
        ...

    def try_again(self, message: int, actor: str, now_ms: int) -> bool:
        """Let a given-up message begin anew; whether there was one."""
        ...

    def dismiss(self, message: int, actor: str, now_ms: int) -> bool:
        """Somebody has seen to it; whether there was one."""
        ...

    def test(self, channel: str, person: int | None, language: str, actor: str, now_ms: int) -> Attempt:
        """Send a test message to somebody's own address, or into the room, now.

        Raises:
            core.errors.Refused: no such channel, no address where it needs one, or its limit is reached.
        """
        ...


class NoNotifications:
    """Where no channels are known."""

    def backlog(self, now_ms: int) -> Backlog:
        """Nothing."""
        return Backlog()

    def channels(self, now_ms: int) -> Sequence[ChannelState]:
        """None."""
        return ()

    def undelivered(
        self, limit: int = 100, people: frozenset[int] | None = None, message: int | None = None
    ) -> Sequence[Undelivered]:
        """None."""
        return ()

    def told(self, person: int | None, actor: str, limit: int = 50) -> Sequence[Told]:
        """Nothing."""
        return ()

    def try_again(self, message: int, actor: str, now_ms: int) -> bool:
        """There is none."""
        return False

    def dismiss(self, message: int, actor: str, now_ms: int) -> bool:
        """There is none."""
        return False

    def test(self, channel: str, person: int | None, language: str, actor: str, now_ms: int) -> Attempt:
        """There is none."""
        raise UnknownItem(NO_CHANNEL(channel=channel))

    def preference(self, person: int) -> Preference:
        """The default."""
        return Preference()

    def set_preference(self, person: int, preference: Preference, now_ms: int) -> None:
        """Kept nowhere."""
        raise UnknownItem(NO_CHANNEL(channel=""))
