"""What waits to be sent to one live reader: bounded, newest state per thing, in the order of the change feed.

A reader who is slow gets the newest state of each alarm, case, task and point instead of every step; one who falls far
behind is told to load afresh (``reset``). Ids only ever grow, so a browser that reconnects resumes where it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from api.models.stream import PingEvent, ResetEvent


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One change, ready to send: id in the feed, kind, what it is about, its JSON."""

    id: int
    kind: str
    ref: str
    data: str


def encode(event: str, data: str, event_id: int | None = None) -> bytes:
    """One server-sent event; ``data`` is JSON and so holds no line break."""
    head = "" if event_id is None else f"id: {event_id}\n"
    return f"{head}event: {event}\ndata: {data}\n\n".encode()


class Outbox:
    """Changes and values that wait for one reader."""

    def __init__(self, most: int) -> None:
        """Hold at most ``most`` changes."""
        self._most = most
        self._changes: dict[tuple[str, str], Change] = {}
        self._values: dict[int, str] = {}
        self._reset: tuple[str, int] | None = None

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._changes or self._values or self._reset)

    def __len__(self) -> int:
        """Changes and values that wait."""
        return len(self._changes) + len(self._values)

    def change(self, change: Change) -> None:
        """Let a change wait; an older one about the same thing is forgotten, and so is one that comes late."""
        key = (change.kind, change.ref)
        held = self._changes.get(key)
        if held is not None and held.id >= change.id:
            return
        self._changes[key] = change
        if len(self._changes) > self._most:
            self.reset("behind", max(one.id for one in self._changes.values()))

    def values(self, values: Mapping[int, str]) -> None:
        """Let newest readings wait: of each point the JSON of a ``PointValue``, which other outboxes may hold too."""
        self._values.update(values)

    def reset(self, reason: str, event_id: int) -> None:
        """Give the waiting changes up and say so; ``event_id`` is where the stream goes on."""
        self._changes.clear()
        self._reset = (reason, event_id)

    def take(self) -> bytes:
        """Everything that waits, as bytes: a reset first, then changes by id, then values."""
        parts: list[bytes] = []
        if self._reset is not None:
            reason, event_id = self._reset
            parts.append(encode("reset", ResetEvent(reason=reason).model_dump_json(), event_id))
            self._reset = None
        changes = sorted(self._changes.values(), key=lambda one: one.id)
        parts += [encode(one.kind, one.data, one.id) for one in changes]
        self._changes.clear()
        if self._values:
            points = ",".join(text for _, text in sorted(self._values.items()))
            parts.append(encode("values", f'{{"points":[{points}]}}'))
            self._values.clear()
        return b"".join(parts)


def ping(now_ms: int, followed: int) -> bytes:
    """A heartbeat; its id is the newest change that was looked at, whether this reader saw it or not."""
    return encode("ping", PingEvent(now_ms=now_ms).model_dump_json(), followed)
