"""What is published when, and what may be forgotten: the deciding half of the uplink, without I/O and without a clock.

``Window`` holds the credit of the commit contract (docs/wire.md). It knows chunks by their first offset and size only:

* *fresh*: just committed and still in memory. They go first, in order; those that alarms hang on before the others.
* *in flight*: published, not settled. Their bytes are the credit in use. After the retry time they are published
  again; the retry time doubles up to a minute and falls back at any progress.
* *backlog*: everything else that waits on disk, between ``cursor`` and the oldest fresh chunk. It is read from the
  spool when the fresh lane leaves credit over; what alarms hang on comes first, by a cursor of its own.

``settled`` is the union of all that the host acknowledged for this epoch; the spool trims by it and by nothing else.

``next_link`` is the other half: the state machine of the connection, a table from (state, event) to state. An event
that a state does not know is a programming error, not an ignored branch.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from core.offsets import OffsetRange, Settled

FIRST_RETRY_S = 2.0
LONGEST_RETRY_S = 60.0
FIRST_RECONNECT_S = 0.5
LONGEST_RECONNECT_S = 30.0


class Link(Enum):
    """Where the connection to the broker stands."""

    DOWN = "down"
    CONNECTING = "connecting"
    SUBSCRIBING = "subscribing"
    ONLINE = "online"
    CLOSED = "closed"


class LinkEvent(Enum):
    """What happens to the connection."""

    TRY = "try"
    CONNECTED = "connected"
    REFUSED = "refused"
    SUBSCRIBED = "subscribed"
    REBIRTH = "rebirth"
    LOST = "lost"
    STOP = "stop"


LINK: Mapping[tuple[Link, LinkEvent], Link] = {
    (Link.DOWN, LinkEvent.TRY): Link.CONNECTING,
    (Link.DOWN, LinkEvent.LOST): Link.DOWN,
    (Link.DOWN, LinkEvent.STOP): Link.CLOSED,
    (Link.CONNECTING, LinkEvent.CONNECTED): Link.SUBSCRIBING,
    (Link.CONNECTING, LinkEvent.REFUSED): Link.DOWN,
    (Link.CONNECTING, LinkEvent.LOST): Link.DOWN,
    (Link.CONNECTING, LinkEvent.STOP): Link.CLOSED,
    (Link.SUBSCRIBING, LinkEvent.SUBSCRIBED): Link.ONLINE,
    (Link.SUBSCRIBING, LinkEvent.REFUSED): Link.DOWN,
    (Link.SUBSCRIBING, LinkEvent.REBIRTH): Link.SUBSCRIBING,
    (Link.SUBSCRIBING, LinkEvent.LOST): Link.DOWN,
    (Link.SUBSCRIBING, LinkEvent.STOP): Link.CLOSED,
    (Link.ONLINE, LinkEvent.REBIRTH): Link.ONLINE,
    (Link.ONLINE, LinkEvent.LOST): Link.DOWN,
    (Link.ONLINE, LinkEvent.STOP): Link.CLOSED,
    (Link.CLOSED, LinkEvent.LOST): Link.CLOSED,
    (Link.CLOSED, LinkEvent.STOP): Link.CLOSED,
}


def next_link(state: Link, event: LinkEvent) -> Link:
    """The state after ``event``.

    Raises:
        ValueError: if the event cannot happen in this state.
    """
    try:
        return LINK[state, event]
    except KeyError:
        raise ValueError(f"link event {event.value} cannot happen while {state.value}") from None


def reconnect_delay_s(attempt: int, chance: float) -> float:
    """How long to wait before connection attempt ``attempt`` (0 is the first after a loss).

    The first tries come within a second, because most losses are short; later ones spread over up to 30 s, so that a
    thousand gateways do not return in step.

    Args:
        attempt: failures so far.
        chance: uniform in [0, 1).
    """
    span = min(FIRST_RECONNECT_S * 2.0**attempt, LONGEST_RECONNECT_S) if attempt < 16 else LONGEST_RECONNECT_S
    return span * (0.5 + 0.5 * chance) if attempt < 2 else span * (0.1 + 0.9 * chance)


@dataclass(frozen=True, slots=True)
class Parcel:
    """A chunk as the window sees it."""

    span: OffsetRange
    size: int
    backlog: bool = False
    alarm: bool = False


@dataclass(slots=True)
class _Flight:
    parcel: Parcel
    sent_s: float


@dataclass(slots=True)
class WindowCounters:
    """What happened in this epoch since the process began."""

    published: int = 0
    republished: int = 0
    foreign_acks: int = 0
    acks: int = 0


@dataclass(slots=True)
class Proof:
    """After a crash nothing travels before the host has answered the birth: when it is asked again, by another birth.

    Attributes:
        due_s: monotonic time from which on it is due.
        pause_s: how long the present birth has for its answer; doubles with every one that had none.
    """

    due_s: float = 0.0
    pause_s: float = FIRST_RETRY_S

    def asked(self, now_s: float) -> None:
        """A birth has just gone out."""
        self.due_s = now_s + self.pause_s

    def due(self, now_s: float) -> bool:
        """Whether the host must be asked again."""
        if now_s < self.due_s:
            return False
        self.pause_s = min(2 * self.pause_s, LONGEST_RETRY_S)
        return True


@dataclass(slots=True)
class Window:
    """The credit window of one epoch.

    Attributes:
        epoch: the spool's.
        credit_bytes: most bytes published and not settled.
        settled: what the host says is settled, everything trimmed before the start included.
        cursor: the backlog begins here.
        stop: the next offset of the spool.
        opened: the spool's next offset when it was opened.
        unproven: the spool was not closed properly, so the host might know offsets that were given before and are lost
            here. Nothing travels until its word shows that it does not, and ``ahead`` tells if it does: were anything
            published before, and the line lost, nobody could tell what the host has from now and what from then.
        alarms: there are points that alarms hang on.
        ahead: the host knows offsets that were never published: the spool was set back.
        fresh_limit_bytes: most bytes of fresh chunks kept in memory.
        retry_s: present retry time.
        counters: for the health page.
    """

    epoch: int
    credit_bytes: int
    settled: Settled
    cursor: int
    stop: int
    opened: int = 0
    unproven: bool = False
    alarms: bool = False
    ahead: bool = False
    fresh_limit_bytes: int = 1 << 20
    retry_s: float = FIRST_RETRY_S
    counters: WindowCounters = field(default_factory=WindowCounters)
    _fresh: deque[Parcel] = field(default_factory=deque)
    _urgent: deque[Parcel] = field(default_factory=deque)
    _alarm_cursor: int = 0
    _fresh_bytes: int = 0
    _flights: dict[int, _Flight] = field(default_factory=dict)
    _flight_bytes: int = 0
    _known: int = 0

    # --- what arrives -------------------------------------------------------------------------------------------

    def offer(self, parcels: Iterable[Parcel]) -> list[OffsetRange]:
        """Take freshly committed chunks; answers those that have to leave memory because the lane is full."""
        for parcel in parcels:
            (self._urgent if parcel.alarm else self._fresh).append(parcel)
            self._fresh_bytes += parcel.size
            self.stop = max(self.stop, parcel.span.stop)
        dropped = []
        while self._fresh_bytes > self.fresh_limit_bytes and len(self._fresh) + len(self._urgent) > 1:
            parcel = (self._fresh or self._urgent).popleft()
            self._fresh_bytes -= parcel.size
            dropped.append(parcel.span)
        return dropped

    def acknowledged(self, epoch: int, settled: Settled) -> list[OffsetRange]:
        """Take an acknowledgement; answers the spans in flight that it settles. Another epoch's is counted only."""
        if epoch != self.epoch:
            self.counters.foreign_acks += 1
            return []
        self.counters.acks += 1
        islands = list(settled.islands())
        if max((island.stop for island in islands), default=settled.low) > max(self._known, self.opened):
            self.ahead = True
            return []
        self.unproven = False
        self.settled.raise_low(settled.low)
        for island in islands:
            self.settled.add(island)
        done = [flight.parcel for flight in self._flights.values() if self.settled.covers(flight.parcel.span)]
        for parcel in done:
            del self._flights[parcel.span.first]
            self._flight_bytes -= parcel.size
        if done:
            self.retry_s = FIRST_RETRY_S
        return [parcel.span for parcel in done]

    def lost(self) -> None:
        """The connection is gone: whatever was on the way starts again from disk, oldest first, once it is back."""
        self._flights.clear()
        self._flight_bytes = 0
        self._fresh.clear()
        self._urgent.clear()
        self._fresh_bytes = 0
        self.rewind()
        self.retry_s = FIRST_RETRY_S

    def rewind(self) -> None:
        """Look through the whole backlog again: something in it may travel now that could not before."""
        self.cursor = self._alarm_cursor = self.settled.low

    def host_is_new(self) -> None:
        """Somebody has just begun to listen: what is in flight is due now, and the retry time begins anew."""
        self.retry_s = FIRST_RETRY_S
        for flight in self._flights.values():
            flight.sent_s = -math.inf

    # --- what goes out ------------------------------------------------------------------------------------------

    def take_fresh(self, now_s: float) -> Iterator[Parcel]:
        """Fresh chunks that the credit allows, now in flight."""
        while (lane := self._urgent or self._fresh) and self._fits(lane[0].size):
            parcel = lane.popleft()
            self._fresh_bytes -= parcel.size
            if parcel.span.first == self.cursor:
                self.cursor = parcel.span.stop
            self._launch(parcel, now_s)
            yield parcel

    def overdue(self, now_s: float) -> list[Parcel]:
        """Chunks to publish again; the retry time doubles when there are any."""
        due = [flight for flight in self._flights.values() if now_s - flight.sent_s >= self.retry_s]
        for flight in due:
            flight.sent_s = now_s
        if due:
            self.counters.republished += len(due)
            self.retry_s = min(self.retry_s * 2, LONGEST_RETRY_S)
        return [flight.parcel for flight in due]

    def backlog(self) -> tuple[OffsetRange, int] | None:
        """What to read from the spool: offsets and bytes; None while the fresh lane needs the credit."""
        return self._behind(self.cursor)

    def alarm_backlog(self) -> tuple[OffsetRange, int] | None:
        """The same for the chunks that alarms hang on; they are asked for before the others."""
        return self._behind(self._alarm_cursor) if self.alarms else None

    def _behind(self, cursor: int) -> tuple[OffsetRange, int] | None:
        room = self.credit_bytes - self._flight_bytes
        if self.unproven or self._fresh or self._urgent or cursor >= self.stop or room <= 0:
            return None
        if self._flights and room < self.credit_bytes // 4:
            return None
        return OffsetRange(cursor, self.stop), room

    def declared(self, span: OffsetRange) -> None:
        """A gap record of these offsets is published: from now on the host may know them."""
        self._known = max(self._known, span.stop)

    def forget(self, first: int) -> None:
        """A chunk in flight is no longer in the spool: evicted or damaged, its gap record travels instead."""
        flight = self._flights.pop(first, None)
        if flight is not None:
            self._flight_bytes -= flight.parcel.size

    def flights(self) -> list[OffsetRange]:
        """Spans of the chunks in flight."""
        return [flight.parcel.span for flight in self._flights.values()]

    def in_flight(self) -> frozenset[int]:
        """First offsets of the chunks in flight."""
        return frozenset(self._flights)

    def take_backlog(
        self, parcels: Iterable[Parcel], reached: int, now_s: float, *, alarms: bool = False
    ) -> Iterator[Parcel]:
        """Chunks read from the spool that the credit allows, now in flight; the cursor moves behind them.

        Args:
            parcels: what was read, ascending.
            reached: how far the spool was looked through.
            now_s: monotonic time.
            alarms: they are those of ``alarm_backlog``.
        """
        for parcel in parcels:
            if self.settled.covers(parcel.span) or parcel.span.first in self._flights:
                continue
            if not self._fits(parcel.size):
                reached = parcel.span.first
                break
            self._launch(parcel, now_s)
            yield parcel
        if alarms:
            self._alarm_cursor = max(self._alarm_cursor, reached)
        else:
            self.cursor = max(self.cursor, reached)

    def next_retry_s(self) -> float | None:
        """When the oldest flight is overdue; None while nothing is in flight."""
        if not self._flights:
            return None
        return min(flight.sent_s for flight in self._flights.values()) + self.retry_s

    @property
    def in_flight_bytes(self) -> int:
        """Credit in use."""
        return self._flight_bytes

    def _fits(self, size: int) -> bool:
        return not self.unproven and (not self._flights or self._flight_bytes + size <= self.credit_bytes)

    def _launch(self, parcel: Parcel, now_s: float) -> None:
        self.counters.published += 1
        self._known = max(self._known, parcel.span.stop)
        self._flights[parcel.span.first] = _Flight(parcel, now_s)
        self._flight_bytes += parcel.size
