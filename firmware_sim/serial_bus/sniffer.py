"""What passed on the bus: counts for the write guard and for accounting, and the last frames with their times."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from firmware_sim.modbus.answer import RequestKind, kind_of

_KEPT_FRAMES: Final = 10_000


@dataclass(frozen=True, kw_only=True)
class BusFrame:
    """One frame.

    Attributes:
        start_s, end_s: on the wire, in the time of the bus.
        time_ms: simulated time at which it was understood (request) or made (answer), ms since 1970 UTC.
        unit: unit id in the frame; None: nobody could read it.
        request: sent by the master.
        data: the bytes on the wire.
        pdu: what it says; empty when nobody could read it.
        what: `request`, `answer`, `broken` (wrong check or length), `merged` (no silence before it), `busy` (its unit
            still owes an answer), `absent` (no such unit) or `broadcast`.
    """

    start_s: float
    end_s: float
    time_ms: int
    unit: int | None
    request: bool
    data: bytes
    pdu: bytes
    what: str


@dataclass(kw_only=True)
class Sniffer:
    """Counts what passes; `writes_seen` and `foreign_seen` must stay 0, because a gateway reads and nothing else.

    Attributes:
        functions: requests by function code, of frames that were whole.
        by_unit: requests by (unit id, function code).
        writes_seen, foreign_seen: requests that write, and those that neither read nor identify.
        what: frames by `BusFrame.what`.
        exceptions: answers that refuse.
        bytes_sent, bytes_answered: on the wire, by the master and by the units.
        frames: the last ones.
        sink: is handed every frame.
    """

    functions: dict[int, int] = field(default_factory=dict)
    by_unit: dict[tuple[int, int], int] = field(default_factory=dict)
    writes_seen: int = 0
    foreign_seen: int = 0
    what: dict[str, int] = field(default_factory=dict)
    exceptions: int = 0
    bytes_sent: int = 0
    bytes_answered: int = 0
    frames: deque[BusFrame] = field(default_factory=lambda: deque(maxlen=_KEPT_FRAMES))
    sink: Callable[[BusFrame], None] | None = None

    def note(self, frame: BusFrame) -> None:
        """A frame has passed."""
        self.what[frame.what] = self.what.get(frame.what, 0) + 1
        self.frames.append(frame)
        if frame.request:
            self.bytes_sent += len(frame.data)
            self._note_request(frame)
        else:
            self.bytes_answered += len(frame.data)
            self.exceptions += frame.pdu[0] >= 0x80
        if self.sink is not None:
            self.sink(frame)

    def _note_request(self, frame: BusFrame) -> None:
        if frame.unit is None or not frame.pdu:
            return
        function = frame.pdu[0]
        self.functions[function] = self.functions.get(function, 0) + 1
        key = (frame.unit, function)
        self.by_unit[key] = self.by_unit.get(key, 0) + 1
        kind = kind_of(function)
        self.writes_seen += kind is RequestKind.WRITE
        self.foreign_seen += kind is RequestKind.FOREIGN
