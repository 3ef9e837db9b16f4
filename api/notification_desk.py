"""Notifications over HTTP: everybody's own wishes; channels and what was given up for managers."""

from __future__ import annotations

from typing import get_args

from api import findings as kinds
from api.access import Caller
from api.models.base import Bilingual, SeverityName, severity_name
from api.models.notifications import (
    ChannelAttempt,
    ChannelChoice,
    ChannelList,
    ChannelView,
    NotificationPreference,
    NotificationWish,
    OutcomeName,
    ToldMessage,
    ToldMessages,
    UndeliveredList,
    UndeliveredView,
)
from api.places import PlaceBook, Places
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError, WrongField
from core.alarms import Severity
from core.ports.notifications import Attempt, ChannelState, Preference, Undelivered

_SEVERITIES: dict[SeverityName, Severity] = {severity_name(one): one for one in Severity}
_OUTCOMES = frozenset(get_args(OutcomeName))


class NotificationDesk:
    """What people wish, see and do about notifications."""

    def __init__(self, ports: ApiPorts, book: PlaceBook) -> None:
        """Join the ports and the names of people."""
        self._ports, self._book = ports, book

    def preference(self, caller: Caller) -> NotificationPreference:
        """The own wishes."""
        found = self._ports.notifications.channels(self._ports.clock.now_ms())
        choices = [ChannelChoice(name=one.name, kind=one.kind, personal=one.personal) for one in found]
        person = caller.login.person
        wish = None if person is None else _wish(self._ports.notifications.preference(person))
        return NotificationPreference(wish=wish, zone=self._ports.calendars.year(2000).zone, channels=choices)

    def set_preference(self, caller: Caller, wish: NotificationWish) -> NotificationPreference:
        """Replace them.

        Raises:
            ProblemError: if the login is no person, or a channel does not exist.
        """
        if caller.login.person is None:
            raise ProblemError(Problems.REFUSED, kinds.NO_PERSON())
        now_ms = self._ports.clock.now_ms()
        known = {one.name for one in self._ports.notifications.channels(now_ms)}
        wrong = [
            WrongField(f"body.{place}.{name}", kinds.NO_SUCH_CHANNEL(channel=name))
            for place, names in (("order", wish.order), ("addresses", wish.addresses))
            for name in names
            if name not in known
        ]
        if wrong:
            raise ProblemError(Problems.INVALID, errors=wrong)
        preference = Preference(
            quiet_from=wish.quiet_from,
            quiet_to=wish.quiet_to,
            breaks=_SEVERITIES[wish.breaks],
            order=tuple(dict.fromkeys(wish.order)),
            addresses={name: address for name, address in wish.addresses.items() if address},
        )
        self._ports.notifications.set_preference(caller.login.person, preference, now_ms)
        return self.preference(caller)

    def told(self, caller: Caller) -> ToldMessages:
        """What was written to the person behind the login, and the login's own tests."""
        found = self._ports.notifications.told(caller.login.person, caller.login.username)
        return ToldMessages(
            items=[
                ToldMessage(
                    at_ms=one.at_ms,
                    title=Bilingual.of(one.title),
                    body=Bilingual.of(one.body),
                    ref=one.ref,
                    channel=one.channel,
                )
                for one in found
            ]
        )

    def channels(self) -> ChannelList:
        """Channels, and what waits."""
        now_ms = self._ports.clock.now_ms()
        backlog = self._ports.notifications.backlog(now_ms)
        items = [_channel(one) for one in self._ports.notifications.channels(now_ms)]
        return ChannelList(waiting=backlog.waiting, oldest_ms=backlog.oldest_ms, items=items)

    def undelivered(self, caller: Caller) -> UndeliveredList:
        """What could not be delivered to people of the communities one sees."""
        found, places = self._ports.notifications.undelivered(people=self._people(caller)), self._book.now()
        return UndeliveredList(items=[self._undelivered(one, places) for one in found])

    def test(self, caller: Caller, channel: str) -> ChannelAttempt:
        """Send a test message to the own address, or into the room."""
        login = caller.login
        now_ms = self._ports.clock.now_ms()
        return _attempt(
            self._ports.notifications.test(channel, login.person, login.language.value, login.username, now_ms)
        )

    def try_again(self, caller: Caller, message: int) -> None:
        """Let a given-up message begin anew.

        Raises:
            ProblemError: if there is none in sight.
        """
        self._known(caller, message)
        actor = caller.login.username
        if not self._ports.notifications.try_again(message, actor, self._ports.clock.now_ms()):
            raise ProblemError(Problems.NOT_FOUND)

    def dismiss(self, caller: Caller, message: int) -> None:
        """Somebody has seen to it.

        Raises:
            ProblemError: if there is none in sight.
        """
        self._known(caller, message)
        actor = caller.login.username
        if not self._ports.notifications.dismiss(message, actor, self._ports.clock.now_ms()):
            raise ProblemError(Problems.NOT_FOUND)

    def _known(self, caller: Caller, message: int) -> None:
        if not self._ports.notifications.undelivered(1, self._people(caller), message):
            raise ProblemError(Problems.NOT_FOUND)

    def _people(self, caller: Caller) -> frozenset[int] | None:
        """Whose messages the caller may see; ``None``: everybody's."""
        if caller.login.everywhere:
            return None
        return frozenset(one.number for one in self._ports.registry.people(caller.horizon))

    def _undelivered(self, one: Undelivered, places: Places) -> UndeliveredView:
        return UndeliveredView(
            id=one.id,
            person=places.person_ref(one.person),
            way=one.way,
            channel=one.channel,
            ref=one.ref,
            title=Bilingual.of(one.title),
            outcome=one.outcome if one.outcome in _OUTCOMES else "unknown",
            detail=one.detail,
            created_ms=one.created_ms,
            given_up_ms=one.given_up_ms,
        )


def _wish(one: Preference) -> NotificationWish:
    return NotificationWish(
        quiet_from=one.quiet_from,
        quiet_to=one.quiet_to,
        breaks=severity_name(one.breaks),
        order=list(one.order),
        addresses=dict(one.addresses),
    )


def _channel(one: ChannelState) -> ChannelView:
    return ChannelView(
        name=one.name,
        kind=one.kind,
        personal=one.personal,
        per_minute=one.per_minute,
        ways=list(one.ways),
        waiting=one.waiting,
        oldest_ms=one.oldest_ms,
        paused_until_ms=one.paused_until_ms,
        accepted_ms=one.accepted_ms,
        last=None if one.last is None else _attempt(one.last),
    )


def _attempt(one: Attempt) -> ChannelAttempt:
    return ChannelAttempt(
        at_ms=one.at_ms,
        outcome=one.outcome.value,
        code=one.code,
        detail=one.detail,
        messages=one.messages,
        test=bool(one.actor),
    )
