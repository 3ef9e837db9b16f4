"""What stands at the broker and what should stand there: the next messages are the difference. No clock, no I/O.

Nothing is queued. Of a point there is at any time one newest reading, that of the store, and it is told when its turn
comes; what changed in between is never told. So a broker that is slow or away for hours costs no memory, and whoever
is told least lately comes first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.readings import Float64s, Int32s, Int64s, Readings, UInt8s
from dispatch.home_assistant.discovery import (
    ONLINE,
    Message,
    ShownPoint,
    Value,
    availability_topic,
    config_topic,
    configuration,
    state,
    state_topic,
)

_NEVER = np.iinfo(np.int64).min


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """Everything that is to be shown, taken at one version of the registry.

    Attributes:
        host: id of this Twingrid at the broker.
        program: its version.
        wanted: somebody wants to be shown something; else everything is taken away.
        points: by number.
    """

    host: str
    program: str
    wanted: bool = True
    points: Mapping[int, ShownPoint] = field(default_factory=dict)

    def said_once(self) -> dict[str, bytes]:
        """What is retained beside the values, in the order in which it is said."""
        if not self.wanted:
            return {}
        made = {availability_topic(self.host): ONLINE.encode()}
        for one in self.points.values():
            made[config_topic(self.host, one)] = configuration(self.host, one, self.program)
        return made

    def states(self) -> frozenset[str]:
        """Topics of the values."""
        return frozenset(state_topic(self.host, one) for one in self.points.values())


@dataclass(eq=False, slots=True)
class _Told:
    """What the broker was told of each point, as columns in the order of ``point``; -1: nothing yet."""

    point: Int32s
    stale_after_ms: Int64s
    at_ms: Int64s
    time_ms: Int64s
    value: Float64s
    quality: UInt8s
    stale: NDArray[np.bool_]


def _nothing_told(points: Mapping[int, ShownPoint]) -> _Told:
    numbers = sorted(points)
    n = len(numbers)
    return _Told(
        point=np.array(numbers, np.int32),
        stale_after_ms=np.array([points[number].stale_after_ms for number in numbers], np.int64),
        at_ms=np.full(n, _NEVER, np.int64),
        time_ms=np.full(n, -1, np.int64),
        value=np.full(n, np.nan),
        quality=np.zeros(n, np.uint8),
        stale=np.zeros(n, np.bool_),
    )


class Board:
    """The difference between what stands and what should; one owner."""

    def __init__(self, shown: Shown, standing: Iterable[str], every_ms: int) -> None:
        """Begin without knowing what is right at the broker.

        Args:
            shown: what should stand there.
            standing: topics at which something of ours may be retained.
            every_ms: least time between two values of one point.
        """
        self._every_ms = every_ms
        self._standing = set(standing)
        self._wanted: frozenset[str] = frozenset()
        self._said: dict[str, bytes] = {}
        self._unsaid: dict[str, bytes] = {}
        self._removing: dict[str, Message] = {}
        self._told = _nothing_told({})
        self.show(shown)

    @property
    def points(self) -> Int32s:
        """Numbers of the points whose values are wanted."""
        return self._told.point

    @property
    def standing(self) -> frozenset[str]:
        """Topics at which something of ours is, may be, or will be retained: to be remembered before it is sent."""
        return frozenset(self._standing)

    @property
    def done(self) -> bool:
        """Whether nothing is to be shown and nothing of ours is left."""
        return not self._shown.wanted and not self._standing

    def begin(self) -> None:
        """A new connection: say everything anew, since the broker may have forgotten it."""
        self._said.clear()
        self._removing.clear()
        self._told = _nothing_told(self._shown.points)
        self._unsaid = self._shown.said_once()

    def show(self, shown: Shown) -> None:
        """Show something else from now on; what is told already stays told."""
        before, told = self._told, _nothing_told(shown.points)
        _, old, new = np.intersect1d(before.point, told.point, assume_unique=True, return_indices=True)
        for name in ("at_ms", "time_ms", "value", "quality", "stale"):
            getattr(told, name)[new] = getattr(before, name)[old]
        once = shown.said_once()
        self._shown, self._told = shown, told
        self._wanted = shown.states() | once.keys()
        self._standing |= self._wanted
        self._unsaid = {topic: text for topic, text in once.items() if self._said.get(topic) != text}
        self._removing = {topic: one for topic, one in self._removing.items() if topic not in self._wanted}

    def next(self, latest: Readings, now_ms: int, room: int) -> list[Message]:
        """The next messages, at most ``room``: what goes, what is said once, values; they count as sent.

        Args:
            latest: the newest reading of each point, at most one a point; others are ignored.
            now_ms: the present.
            room: how many may be sent now.
        """
        gone = sorted(self._standing - self._wanted - self._removing.keys())[: max(room, 0)]
        made = [Message(topic, b"") for topic in gone]
        for one in made:
            self._removing[one.topic] = one
            self._said.pop(one.topic, None)
        for topic in list(self._unsaid)[: max(room - len(made), 0)]:
            self._said[topic] = self._unsaid.pop(topic)
            made.append(Message(topic, self._said[topic]))
        return made + self._values(latest, now_ms, room - len(made))

    def acknowledged(self, message: Message) -> None:
        """The broker has taken a message; what it took away is forgotten."""
        if self._removing.get(message.topic) is message:
            del self._removing[message.topic]
            self._standing.discard(message.topic)

    def _values(self, latest: Readings, now_ms: int, room: int) -> list[Message]:
        told = self._told
        if room <= 0 or not len(told.point) or not len(latest):
            return []
        at = np.minimum(np.searchsorted(told.point, latest.point), len(told.point) - 1)
        known = np.flatnonzero(told.point[at] == latest.point)
        at, rows = at[known], known
        stale = now_ms - latest.time_ms[rows] > told.stale_after_ms[at]
        value, before = latest.value[rows], told.value[at]
        other = (
            (latest.time_ms[rows] != told.time_ms[at])
            | (latest.quality[rows] != told.quality[at])
            | (stale != told.stale[at])
            | ((value != before) & ~(np.isnan(value) & np.isnan(before)))
        )
        since_ms = now_ms - np.maximum(told.at_ms[at], 0)
        # a clock that was set back must not silence anything until it has caught up
        rested = (told.at_ms[at] == _NEVER) | (since_ms >= self._every_ms) | (since_ms < 0)
        due = np.flatnonzero(other & rested)
        chosen = due[np.argsort(told.at_ms[at[due]], kind="stable")][:room]
        made = [self._value(latest, int(rows[i]), bool(stale[i])) for i in chosen]
        mine, source = at[chosen], rows[chosen]
        told.at_ms[mine], told.stale[mine] = now_ms, stale[chosen]
        for name in ("time_ms", "value", "quality"):
            getattr(told, name)[mine] = getattr(latest, name)[source]
        return made

    def _value(self, latest: Readings, row: int, stale: bool) -> Message:
        point = self._shown.points[int(latest.point[row])]
        one = Value(
            time_ms=int(latest.time_ms[row]),
            value=float(latest.value[row]),
            quality=int(latest.quality[row]),
            text=latest.text.get(row, ""),
        )
        return Message(state_topic(self._shown.host, point), state(point, one, stale=stale))
