"""Takes messages from the outbox to their channels: one lane a channel, so that one that hangs delays no other."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from core.clock import Clock
from core.faultpoints import hit
from core.ports.notifications import (
    WAYS,
    Channel,
    Item,
    Message,
    Outcome,
    Preference,
    Recipient,
    Recipients,
    Sent,
)
from dispatch.delivery import (
    DELIVERY,
    DeliveryPolicy,
    Due,
    Pause,
    Standing,
    Step,
    after,
    batches,
    chain,
    first_channels,
    moves_on,
    pause,
    quiet_until,
)
from dispatch.outbox import Ended, Outbox, Queued, Route, digest_of
from dispatch.preferences import SqlPreferences

log = logging.getLogger(__name__)

WINDOW_MS = 61_000
"""A limit "a minute" is kept over a little more, since the channel's clock is not ours."""
_PRUNE_EVERY_MS = 3_600_000
_NOT_SENT = Sent(outcome=Outcome.UNREACHABLE, detail="the database failed before the attempt")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Aimed:
    """A due message with what is known of whom it is for."""

    message: Queued
    recipient: Recipient
    preference: Preference
    chain: tuple[str, ...]
    address: str

    @property
    def target(self) -> str:
        """Digest of the address."""
        return digest_of(self.address)

    def standing(self, now: Queued | None = None, *, together: int = 1) -> Standing:
        """What is known of it; ``now``: the message as it stands at the end of an attempt."""
        one = now or self.message
        return Standing(
            severity=one.severity,
            since_ms=one.since_ms,
            chain=self.chain,
            via=one.via,
            tries=one.tries,
            unsure=one.unsure,
            withdrawn=one.withdrawn,
            together=together,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Attempt:
    """An attempt that may be on record as begun, and has no end there yet."""

    aimed: Sequence[_Aimed]
    aim: str
    sent: Sent
    pauses: Mapping[tuple[str, str], Pause]


class Courier:
    """Everything that happens between the outbox and the channels; one owner at a time."""

    def __init__(
        self,
        outbox: Outbox,
        preferences: SqlPreferences,
        *,
        channels: Sequence[Channel],
        routes: Mapping[str, Sequence[str]],
        recipients: Recipients,
        zone: ZoneInfo,
        link: Callable[[str], str],
        clock: Clock,
        policy: DeliveryPolicy = DELIVERY,
        threads: bool = True,
    ) -> None:
        """Join them.

        Args:
            outbox: where messages wait.
            preferences: people's wishes.
            channels: by name distinct.
            routes: channels of each way, in the order in which they are tried.
            recipients: names and languages.
            zone: of quiet hours.
            link: where to read on about what a message refers to; empty: nowhere.
            clock: of attempts.
            policy: the numbers.
            threads: a lane each; otherwise all in the caller's thread, one after the other.
        """
        self._outbox, self._preferences = outbox, preferences
        self._channels = {one.name: one for one in channels}
        self._personal = {one.name: one.personal for one in channels}
        self._routes, self._recipients = routes, recipients
        self._zone, self._link, self._clock, self._policy = zone, link, clock, policy
        self._pool = ThreadPoolExecutor(len(channels), "notification") if threads and channels else None
        self._lanes: dict[str, Future[None]] = {}
        self._ending = threading.Event()
        self._recovered, self._pruned_ms = False, 0
        self._unrecorded: dict[str, _Attempt] = {}
        """By channel: what a database that failed during the attempt has still to be told."""

    def step(self) -> None:
        """Give new messages their channels, and let every lane that rests take what is due.

        Raises:
            core.errors.Unavailable: if the database does not answer.
        """
        now_ms = self._clock.now_ms()
        if not self._recovered:
            self._recover(now_ms)
            self._recovered = True
        if now_ms - self._pruned_ms > _PRUNE_EVERY_MS:
            self._outbox.prune(now_ms)
            self._pruned_ms = now_ms
        self._route(now_ms)
        for name in self._channels:
            lane = self._lanes.get(name)
            if lane is not None and lane.done():
                del self._lanes[name]
                lane.result()  # what went wrong in a lane is said by whoever steps
            if self._pool is None:
                self._lane(name)
            elif name not in self._lanes:
                self._lanes[name] = self._pool.submit(self._lane, name)

    def close(self) -> None:
        """End the lanes after the attempt that each is at."""
        self._ending.set()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    # --- where a message goes ------------------------------------------------------------------------------------

    def _recover(self, now_ms: int) -> None:
        """Attempts that a crash cut off have an end that nobody knows."""
        lost = Sent(outcome=Outcome.UNKNOWN, detail="the process ended during the attempt")
        for one in self._aimed(self._outbox.interrupted()):
            self._end(one.message.via, one.target, lost, [one], now_ms, {})

    def _route(self, now_ms: int) -> None:
        limit = 600
        fresh = self._outbox.waiting(now_ms, limit, via="")
        if not fresh:
            return
        groups: dict[str, list[Queued]] = {}
        for one in fresh:
            groups.setdefault(one.transition, []).append(one)
        if len(fresh) == limit and len(groups) > 1:
            groups.popitem()  # its other ways may stand beyond the limit
        wishes = self._preferences.of(one.person for one in fresh)
        routes: list[Route] = []
        for messages in groups.values():
            by_way = {one.way: one for one in messages}
            chains = {
                way: self._chain(by_way[way], wishes[by_way[way].person]) for way in (*WAYS, *by_way) if way in by_way
            }
            firsts = first_channels(chains)
            routes += [Route(message=one.id, via=firsts[way]) for way, one in by_way.items()]
        self._outbox.route(routes, now_ms)

    def _chain(self, message: Queued, preference: Preference) -> tuple[str, ...]:
        route = [name for name in self._routes.get(message.way, ()) if name in self._channels]
        return tuple(name for name in chain(route, preference, self._personal) if name not in message.refused)

    def _aimed(self, messages: Iterable[Queued]) -> list[_Aimed]:
        messages = list(messages)
        wishes = self._preferences.of(one.person for one in messages)
        return [
            _Aimed(
                message=one,
                recipient=self._recipients.of(one.person),
                preference=wishes[one.person],
                chain=self._chain(one, wishes[one.person]),
                address=wishes[one.person].addresses.get(one.via, ""),
            )
            for one in messages
        ]

    # --- one channel ---------------------------------------------------------------------------------------------

    def _lane(self, name: str) -> None:
        channel, now_ms = self._channels[name], self._clock.now_ms()
        self._record(name, now_ms)
        due = self._outbox.waiting(now_ms, via=name)
        if not due:
            return
        ready = self._ready(self._aimed(due), now_ms)
        used = self._outbox.used(name, now_ms - WINDOW_MS) if channel.per_minute else {}
        by_room: dict[str, list[_Aimed]] = {}
        for one in ready:
            by_room.setdefault(one.target if channel.personal else "", []).append(one)
        for room, aimed in by_room.items():
            spent = used.get(room, 0) if channel.personal else sum(used.values())
            budget = max(channel.per_minute - spent, 0) if channel.per_minute else None
            known = {one.message.id: one for one in aimed}
            for numbers in batches([self._due(one, channel) for one in aimed], budget, channel.sender.most_items):
                if self._ending.is_set():
                    return
                paused = self._attempt(channel, [known[number] for number in numbers])
                if paused == "":  # the channel itself, not one address of it
                    return
                if paused is not None:
                    break

    def _due(self, one: _Aimed, channel: Channel) -> Due:
        message = one.message
        # A digest to a room calls nobody, so all who read the same language share it.
        group = (one.recipient.language, one.target if channel.personal else "")
        return Due(id=message.id, severity=message.severity, group=group, alone=message.alone)

    def _ready(self, aimed: Sequence[_Aimed], now_ms: int) -> list[_Aimed]:
        """Those that may be sent now; the others wait for the morning, for their channel, or for another one."""
        pauses = self._outbox.pauses()
        ready: list[_Aimed] = []
        later: dict[int, tuple[str, int]] = {}
        nowhere: list[Route] = []
        for one in aimed:
            message = one.message
            quiet_ms = quiet_until(one.preference, message.severity, now_ms, self._zone)
            paused = {name: _paused_until(pauses, name, one) for name in {message.via, *one.chain}}
            if not one.chain:
                nowhere.append(Route(message=message.id, via=""))
            elif message.via not in one.chain:  # the address or the route has changed
                later[message.id] = (one.chain[0], now_ms)
            elif quiet_ms is not None:
                later[message.id] = (message.via, quiet_ms)
            elif paused[message.via] > now_ms:
                other = moves_on(one.standing(), paused, now_ms, self._policy)
                free_ms = min(paused[name] for name in one.chain)  # in the past: there is one, and this can wait
                until_ms = free_ms if free_ms > now_ms else paused[message.via]
                later[message.id] = (other, now_ms) if other else (message.via, until_ms)
            else:
                ready.append(one)
        if later:
            self._outbox.postpone(later)
        if nowhere:
            self._outbox.route(nowhere, now_ms)
        return ready

    def _attempt(self, channel: Channel, aimed: Sequence[_Aimed]) -> str | None:
        """One attempt; what is paused after it: an address, by its digest, the channel (``""``), or nothing."""
        now_ms = self._clock.now_ms()
        known = {one.message.id: one for one in aimed}
        aim = aimed[0].target if channel.personal else ""
        self._unrecorded[channel.name] = _Attempt(aimed=aimed, aim=aim, sent=_NOT_SENT, pauses={})
        begun = [known[one.id] for one in self._outbox.begin([one.message for one in aimed], now_ms)]
        if not begun:
            del self._unrecorded[channel.name]
            return None
        hit("notification.begun")
        sent = self._sent(channel, begun, now_ms)
        self._unrecorded[channel.name] = _Attempt(aimed=begun, aim=aim, sent=sent, pauses={})
        hit("notification.sent")
        now_ms = self._clock.now_ms()
        # A limit of one number is that number's; anything else is the channel's.
        own = channel.personal and sent.outcome is Outcome.LIMITED
        key = (channel.name, aim if own else "")
        pauses = self._outbox.pauses()
        before = pauses.get(key, Pause(until_ms=0, failures=0))
        following = pause(before.failures, sent, now_ms, self._policy)
        self._unrecorded[channel.name] = _Attempt(aimed=begun, aim=aim, sent=sent, pauses={key: following})
        self._record(channel.name, now_ms)
        return key[1] if following.until_ms > now_ms else None

    def _record(self, channel: str, now_ms: int) -> None:
        """Write down how the last attempt ended; if the database does not take it, the lane begins with it next time.

        Left undone, its messages would be neither sent nor sent again before the next start.
        """
        one = self._unrecorded.get(channel)
        if one is not None:
            self._end(channel, one.aim, one.sent, one.aimed, now_ms, one.pauses)
            del self._unrecorded[channel]

    def _end(
        self,
        channel: str,
        aim: str,
        sent: Sent,
        begun: Sequence[_Aimed],
        now_ms: int,
        pauses: Mapping[tuple[str, str], Pause],
    ) -> None:
        known = {one.message.id: one for one in begun}
        messages = [one.message for one in begun]

        def decide(message: Queued) -> Step:
            standing = known[message.id].standing(message, together=len(begun))
            return after(standing, sent, now_ms, self._policy)

        ended = Ended(channel=channel, target=aim, sent=sent, messages=messages, pauses=pauses)
        self._outbox.end(ended, decide, now_ms)
        if sent.outcome is not Outcome.ACCEPTED:
            values = {"channel": channel, "outcome": sent.outcome.value, "code": sent.code, "count": len(begun)}
            log.warning("a notification was not taken", extra=values)

    def _sent(self, channel: Channel, begun: Sequence[_Aimed], now_ms: int) -> Sent:
        message = self._composed(channel, begun)
        try:
            return channel.sender.send(message, now_ms)
        except Exception as error:  # noqa: BLE001 - a sender that fails in its own way must not end the others
            # Its words may hold the channel's secrets, so they are not logged.
            log.error("a sender failed", extra={"channel": channel.name, "error": type(error).__name__})
            return Sent(outcome=Outcome.UNKNOWN, detail=f"the sender failed: {type(error).__name__}")

    def _composed(self, channel: Channel, begun: Sequence[_Aimed]) -> Message:
        first, single = begun[0], len(begun) == 1
        language = first.recipient.language
        named = not channel.personal and not single
        items = tuple(
            Item(
                title=(f"{one.recipient.name.in_language(language)}: " if named else "")
                + one.message.title.in_language(language),
                body=one.message.body.in_language(language),
                link=self._link(one.message.ref),
            )
            for one in begun
        )
        return Message(
            key="+".join(one.message.key for one in begun),
            items=items,
            severity=max(one.message.severity for one in begun),
            language=language,
            address=first.address if channel.personal or single else "",
            recipient=first.recipient.name.in_language(language) if single and not channel.personal else "",
            repeated=any(one.message.unsure for one in begun),
        )


def _paused_until(pauses: Mapping[tuple[str, str], Pause], name: str, one: _Aimed) -> int:
    """Until when a channel is left alone, itself or for this person's address."""
    address = digest_of(one.preference.addresses.get(name, ""))
    found = (pauses.get((name, "")), pauses.get((name, address)))
    return max((each.until_ms for each in found if each is not None), default=0)
