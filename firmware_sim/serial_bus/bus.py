"""The bus as a machine without clock and sockets: the master's bytes go in, the units' come out when it is time.

Whoever drives it calls `put` when bytes arrive, asks `due_s` when something will happen next, and calls `advance` then.
Times are seconds of one clock that never runs backwards (the bus's time); values are taken at simulated time.

RTU: a frame ends with a silence of 3.5 characters, and needs one before it: a unit that hears a request right behind
another talker's bytes takes both for one frame, whose check is wrong. (The unit that has just talked did not hear
itself, so it understands.) ASCII: a frame runs from its colon to its LF. A unit that owes an answer does not listen. An
answer starts when it is due, whoever talks then: late answers and the next request collide, as on real wires.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Final

from firmware_sim.clock import Clock
from firmware_sim.noise import derive_seed
from firmware_sim.serial_bus.framing import LONGEST_ASCII, Framing, ascii_content, rtu_content
from firmware_sim.serial_bus.medium import MASTER, Burst, Medium
from firmware_sim.serial_bus.sniffer import BusFrame, Sniffer
from firmware_sim.serial_bus.unit import BusUnit, Reply
from firmware_sim.serial_bus.wire import LineSettings

_GRAIN_S: Final = 0.002
_ASCII_PAUSE_S: Final = 1.0
_HARDWARE_PAUSE_S: Final = 0.02
_BROADCAST: Final = 0
_COLON, _LF = ord(":"), ord("\n")

Heard = tuple[int, float, float]
"""A byte with start and end of its slot."""


class Bus:
    """One wire with its units.

    Args:
        units: whose ids may repeat: two units with one id both answer, and collide.
        settings: speed and character format.
        clock: simulated time of the values.
        framing: transmission mode.
        seed: fixes collisions.
        paced: False: real hardware takes the time of the bytes, the bus only that of silences and turnarounds.
        grain_s: bytes are handed out in groups of at most this duration, the last one never early; below a silence.
    """

    def __init__(
        self,
        units: Sequence[BusUnit],
        settings: LineSettings,
        clock: Clock,
        *,
        framing: Framing = Framing.RTU,
        seed: int = 0,
        paced: bool = True,
        grain_s: float = _GRAIN_S,
    ) -> None:
        self.units = list(units)
        self.settings = settings
        self.framing = framing
        self.sniffer = Sniffer()
        self.medium = Medium(settings.character_s if paced else 0.0, derive_seed(seed, "collisions"))
        self._clock = clock
        self._grain_s = grain_s
        self._silence_s = settings.silence_s if framing is Framing.RTU else 0.0
        if not paced:  # hardware hands bytes over in bursts of its own
            self._silence_s = max(self._silence_s, _HARDWARE_PAUSE_S)
        self._unheard: list[Burst] = []
        self._owed: list[tuple[float, int, BusFrame]] = []
        self._line: list[Heard] = []

    def unit(self, unit_id: int) -> BusUnit:
        """The (first) unit with this id.

        Raises:
            KeyError: there is none.
        """
        for unit in self.units:
            if unit.unit_id == unit_id:
                return unit
        raise KeyError(f"no unit {unit_id} on this bus")

    # --- driven from outside ----------------------------------------------------------------------------------------

    def put(self, now_s: float, data: bytes) -> None:
        """The master begins to send these bytes, or queues them behind those that it is sending."""
        self.advance_units(now_s)
        if data:
            self._unheard.append(self.medium.put(MASTER, now_s, data))

    def due_s(self) -> float | None:
        """When `advance` is to be called next; None: when bytes arrive."""
        dues = [self._owed[0][0]] if self._owed else []
        listening_s = self._listening_due_s()
        if listening_s is not None:
            dues.append(listening_s)
        dues += [min(b.end_s, b.slot_end_s(b.told) + self._grain_s) for b in self.medium.from_units()]
        return min(dues, default=None)

    def advance(self, now_s: float) -> bytes:
        """Lets everything happen that is due by `now_s`; what the master hears meanwhile."""
        self.advance_units(now_s)
        return self.medium.tell(now_s)

    def advance_units(self, now_s: float) -> None:
        """The units' part of `advance`: what they hear, and when they begin to answer, in the order of time."""
        while True:
            listening_s = self._listening_due_s()
            if self._owed and self._owed[0][0] <= now_s and (listening_s is None or self._owed[0][0] <= listening_s):
                start_s, talker, frame = heapq.heappop(self._owed)
                self.medium.put(talker, start_s, frame.data)
                self.sniffer.note(frame)
            elif listening_s is not None and listening_s <= now_s:
                self._listen()
            else:
                return

    # --- what units hear --------------------------------------------------------------------------------------------

    def _listening_due_s(self) -> float | None:
        return self._unheard[-1].end_s + self._silence_s if self._unheard else None

    def _listen(self) -> None:
        heard = [
            (self.medium.heard(burst, i), burst.slot_end_s(i) - burst.character_s, burst.slot_end_s(i))
            for burst in self._unheard
            for i in range(len(burst.data))
        ]
        self._unheard = []
        if self.framing is Framing.RTU:
            self._understand(heard)
        else:
            self._assemble(heard)

    def _assemble(self, heard: Sequence[Heard]) -> None:
        """Looks for ASCII frames; what comes before a colon is nothing."""
        for item in heard:
            if item[0] == _COLON or (self._line and item[1] - self._line[-1][2] > _ASCII_PAUSE_S):
                self._line = []
            if item[0] == _COLON or self._line:
                self._line.append(item)
            if item[0] == _LF and self._line:
                self._understand(self._line)
                self._line = []
            if len(self._line) > LONGEST_ASCII:
                self._line = []

    def _understand(self, heard: Sequence[Heard]) -> None:
        data, start_s, end_s = bytes(byte for byte, _, _ in heard), heard[0][1], heard[-1][2]
        content = rtu_content(data) if self.framing is Framing.RTU else ascii_content(data)
        unit_id, pdu = content if content is not None else (None, b"")
        others = self.medium.talkers_within(start_s - self._silence_s, end_s + self._silence_s) - {MASTER}
        what = "broken" if content is None else self._serve(unit_id, pdu, end_s, others)
        self.sniffer.note(
            BusFrame(
                start_s=start_s,
                end_s=end_s,
                time_ms=self._clock.now_ms(),
                unit=unit_id,
                request=True,
                data=data,
                pdu=pdu,
                what=what,
            )
        )

    def _serve(self, unit_id: int | None, pdu: bytes, end_s: float, others: set[int]) -> str:
        """Lets the units with this id answer; how it ended, as in `BusFrame.what`."""
        if unit_id == _BROADCAST:
            return "broadcast"
        outcomes = [
            self._ask(talker, unit, pdu, end_s, others)
            for talker, unit in enumerate(self.units, start=1)
            if unit.unit_id == unit_id and not unit.faults.dead
        ]
        if not outcomes:
            return "absent"
        return "request" if "request" in outcomes else outcomes[0]

    def _ask(self, talker: int, unit: BusUnit, pdu: bytes, end_s: float, others: set[int]) -> str:
        if any(owing == talker for _, owing, _ in self._owed) or self.medium.is_talking(talker, end_s):
            return "busy"
        if self.framing is Framing.RTU and others - {talker}:
            return "merged"
        reply = unit.reply(pdu, self._clock.now_ms() / 1000, self.framing)
        if reply is not None:
            self._owe(talker, unit, reply, end_s)
        return "request"

    def _owe(self, talker: int, unit: BusUnit, reply: Reply, end_s: float) -> None:
        start_s = end_s + max(self._silence_s, reply.wait_s)
        frame = BusFrame(
            start_s=start_s,
            end_s=start_s + len(reply.data) * self.settings.character_s,
            time_ms=self._clock.now_ms(),
            unit=unit.unit_id,
            request=False,
            data=reply.data,
            pdu=reply.pdu,
            what="answer",
        )
        heapq.heappush(self._owed, (start_s, talker, frame))
