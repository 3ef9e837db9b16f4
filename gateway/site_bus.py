"""The bus of a commissioning session: one line, one question at a time, each at its turn.

Before each question ``pace`` is awaited (live polling goes first) and a least pause kept. On serial the line is opened
anew when other settings are wanted. A line that live polling shares is used as it is.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from core.clock import Clock
from core.errors import Unavailable
from core.quality import Reason
from gateway import site_findings as say
from gateway.lines import open_line
from gateway.lines.base import Answer, Failure, Frame, Identity, Line, Stamp
from gateway.lines.checksum import crc16
from gateway.lines.mbap import habit
from gateway.plan import Request
from gateway.profile import HOLDING_REGISTERS
from gateway.site_survey.record import RawFrame
from gateway.site_survey.scan import PROBE, Heard, Setting
from gateway.site_survey.state import NO_SETTING, BusAddress
from gateway.site_survey.words import Observation
from gateway.transport import Framing, TransactionIds, Transport

Pace = Callable[[], Awaitable[None]]
"""Awaited before each question; returns when the bus may be used."""
Opener = Callable[[Transport, Stamp], Line]
"""Makes a line, such as ``gateway.lines.open_line``."""

KEPT_FRAMES: Final = 24
BRIDGE_EXCEPTIONS: Final = (10, 11)
"""Exceptions of a bridge that found no way to the unit, or had no answer from it: no sign of life."""


async def at_once() -> None:
    """The pace of a session that has the bus for itself."""


@dataclass(slots=True)
class Exchange:
    """One question and what was heard, byte by byte.

    Attributes:
        sent, heard: raw bytes.
        before: what was heard since the question before, such as a late answer.
        time_ms: when the question went out.
    """

    sent: bytes = b""
    heard: bytes = b""
    before: bytes = b""
    time_ms: int = 0

    def take(self, frame: Frame) -> None:
        """A raw frame passed."""
        if frame.sent:
            if not self.sent:
                self.time_ms = frame.time_ms
            self.sent += frame.data
        elif self.sent:
            self.heard += frame.data
        else:
            self.before += frame.data


@dataclass(slots=True)
class Traffic:
    """Counters of a session's questions, the last of them, and the seconds it took on the line."""

    sent: int = 0
    received: int = 0
    errors: int = 0
    last: Exchange = field(default_factory=Exchange)
    last_s: float = 0.0


class SiteBus:
    """One bus."""

    def __init__(
        self,
        bus: BusAddress,
        clock: Clock,
        *,
        opener: Opener | None = None,
        shared: Line | None = None,
        pace: Pace = at_once,
        least_pause_s: float = 0.02,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Prepare; nothing is opened yet."""
        self.bus = bus
        self.stopping = False
        self.frames: deque[RawFrame] = deque(maxlen=KEPT_FRAMES)
        self.traffic = Traffic()
        self._clock = clock
        self._opener: Opener = opener or open_line
        self._shared = shared
        self._pace = pace
        self._least_pause_s = least_pause_s
        self._line: Line | None = shared
        self._setting: Setting | None = None
        self._free_s = 0.0
        self._sleep = sleep
        self._habits: dict[int, TransactionIds] = {}
        self._guards_s: dict[int, float] = {}

    @property
    def is_open(self) -> bool:
        """Whether the line is connected."""
        return self._line is not None and self._line.connected

    @property
    def is_shared(self) -> bool:
        """Whether live polling uses the line too."""
        return self._shared is not None

    @property
    def tries_settings(self) -> bool:
        """Whether serial settings can be tried here."""
        return bool(self.bus.serial) and self._shared is None

    def close(self) -> None:
        """Close the line; a shared one stays open."""
        if self._line is not None and self._shared is None:
            self._line.close()
            self._line = None

    async def open(self, setting: Setting = NO_SETTING) -> Line:
        """The line with these settings, connected.

        Raises:
            Unavailable: if that fails.
        """
        if self._line is None or (self._setting != setting and self.tries_settings):
            self.close()
            self._line = self._shared or self._opener(self.bus.transport(setting), self._stamp)
            self._setting = setting
            for unit, ids in self._habits.items():
                self._line.expect(unit, transaction_ids=ids)
            for unit, guard_s in self._guards_s.items():
                self._line.expect(unit, guard_s=guard_s)
        if not self._line.connected and not await self._line.connect():
            raise Unavailable(say.NOT_OPEN(bus=self.bus, why=self._line.trouble))
        return self._line

    def know(self, unit: int, transaction_ids: TransactionIds = TransactionIds.SAME, guard_s: float = 0.0) -> None:
        """Know what a unit does and needs, by its product or by what was heard; see ``Line.expect``."""
        if self.bus.framing is Framing.TCP and not self.bus.serial:
            if self.habit(unit) is not transaction_ids:
                self._habits[unit] = transaction_ids
                if self._line is not None:
                    self._line.expect(unit, transaction_ids=transaction_ids)
        elif guard_s > self._guards_s.get(unit, 0.0):
            self._guards_s[unit] = guard_s
            if self._line is not None:
                self._line.expect(unit, guard_s=guard_s)

    def habit(self, unit: int) -> TransactionIds:
        """With which transaction ids a unit was heard to answer."""
        return self._habits.get(unit, TransactionIds.SAME)

    async def ask(
        self, unit: int, function: int, address: int, count: int, timeout_s: float, setting: Setting = NO_SETTING,
        *, tries: int = 1,
    ) -> Answer | Failure:  # fmt: skip
        """One read, at its turn; ``tries``: how often, as long as nothing is answered.

        Raises:
            Unavailable: if the line cannot be opened.
        """
        line = await self._turn(setting)
        request = Request(function=function, address=address, count=count, registers=())
        with _Tapped(line, self.traffic, self._clock):
            outcome = await line.read(unit, request, timeout_s)
        self._account(outcome)
        silent = isinstance(outcome, Failure) and not outcome.exception
        if silent and tries > 1 and not self.stopping:
            return await self.ask(unit, function, address, count, timeout_s, setting, tries=tries - 1)
        return outcome

    async def identity(self, unit: int, timeout_s: float, setting: Setting = NO_SETTING) -> Identity | Failure:
        """Ask a unit who it is (43/14), at its turn.

        Raises:
            Unavailable: if the line cannot be opened.
        """
        line = await self._turn(setting)
        with _Tapped(line, self.traffic, self._clock):
            outcome = await line.identify(unit, timeout_s)
        self._account(outcome)
        return outcome

    async def read_words(
        self, unit: int, block: tuple[int, int, int], seen: Observation, timeout_s: float, setting: Setting = NO_SETTING
    ) -> None:
        """Read a block of words into ``seen``; what is refused is halved until only the refused words are left.

        Args:
            unit: which.
            block: function, address, count (any count).
            seen: takes words, refusals and silences.
            timeout_s: of each read.
            setting: of the bus.

        Raises:
            Unavailable: if the line cannot be opened.
        """
        function, first, total = block
        left = deque((start, min(125, first + total - start)) for start in range(first, first + total, 125))
        while left and not self.stopping:
            address, count = left.popleft()
            outcome = await self.ask(unit, function, address, count, timeout_s, setting)
            if isinstance(outcome, Answer):
                seen.answered(function, address, words_of(outcome.data))
            elif outcome.exception and outcome.exception not in BRIDGE_EXCEPTIONS and count > 1:
                left.appendleft((address + count // 2, count - count // 2))
                left.appendleft((address, count // 2))
            else:
                refused = bool(outcome.exception) and outcome.exception not in BRIDGE_EXCEPTIONS
                seen.failed(function, address, count, refused=refused)
                if not refused and not seen.words:
                    return  # it does not answer at all: do not wait for every block

    async def probe(self, unit: int, timeout_s: float, setting: Setting) -> tuple[Heard, tuple[int, ...]]:
        """Ask whether a unit is there.

        Returns:
            What was heard, and other units whose late answers were heard meanwhile.

        Raises:
            Unavailable: if the line cannot be opened.
        """
        outcome = await self.ask(unit, *PROBE, timeout_s, setting)
        if isinstance(outcome, Failure) and not outcome.exception and self._learns_habit(unit):
            outcome = await self.ask(unit, *PROBE, timeout_s, setting)
        last = self.traffic.last
        numbered = self.bus.framing is not Framing.RTU and not self.bus.serial
        late = set() if numbered else late_units(last.before) | late_units(last.heard) - {unit}
        others = tuple(sorted(late))
        if isinstance(outcome, Answer):
            return Heard.ANSWER, others
        if outcome.exception:
            return (Heard.NOTHING if outcome.exception in BRIDGE_EXCEPTIONS else Heard.EXCEPTION), others
        mine = any(bytes((unit, code)) in last.heard for code in (HOLDING_REGISTERS, HOLDING_REGISTERS | 0x80))
        damaged = outcome.reason is Reason.MALFORMED_REPLY or (mine and not late)
        return (Heard.DAMAGED if damaged else Heard.NOTHING), others

    def _learns_habit(self, unit: int) -> bool:
        """Whether a whole answer with another transaction id was heard; it is expected from now on."""
        last = self.traffic.last
        if self.bus.framing is not Framing.TCP or self.bus.serial:
            return False
        found = habit(last.sent, last.heard)
        if found is TransactionIds.SAME or found is self.habit(unit):
            return False
        self.know(unit, found)
        return True

    async def rest(self, seconds: float) -> None:
        """Ask nothing for a while."""
        await self._sleep(seconds)

    async def _turn(self, setting: Setting) -> Line:
        await self._pace()
        line = await self.open(setting)
        wait_s = self._free_s - self._clock.monotonic_s()
        if wait_s > 0:
            await self._sleep(wait_s)
        return line

    def _account(self, outcome: Answer | Identity | Failure) -> None:
        self._free_s = self._clock.monotonic_s() + self._least_pause_s
        traffic, last = self.traffic, self.traffic.last
        traffic.sent += 1
        answered = not isinstance(outcome, Failure) or bool(outcome.exception)
        traffic.received += answered
        traffic.errors += isinstance(outcome, Failure)
        self.frames.append(RawFrame(sent=last.sent.hex(), received=last.heard.hex(), time_ms=last.time_ms))

    def _stamp(self) -> tuple[int, bool]:
        return self._clock.now_ms(), False


class _Tapped:
    """Hears the raw frames of one question; whoever listened before still hears them."""

    def __init__(self, line: Line, traffic: Traffic, clock: Clock) -> None:
        self._line = line
        self._before = line.tap
        self._traffic = traffic
        self._clock = clock
        self._exchange = traffic.last = Exchange()
        self._began_s = 0.0

    def __enter__(self) -> None:
        self._line.tap = self._heard
        self._began_s = self._clock.monotonic_s()

    def __exit__(self, *_: object) -> None:
        self._traffic.last_s = self._clock.monotonic_s() - self._began_s
        self._line.tap = self._before

    def _heard(self, frame: Frame) -> None:
        self._exchange.take(frame)
        if self._before is not None:
            self._before(frame)


def late_units(data: bytes) -> set[int]:
    """Units whose whole RTU answer to a probe (one holding register, or an exception) lies within ``data``."""
    found = set()
    for start in range(len(data) - 4):
        size = 7 if data[start + 1 : start + 3] == bytes((HOLDING_REGISTERS, 2)) else 5
        is_probe = size == 7 or data[start + 1] == HOLDING_REGISTERS | 0x80
        frame = data[start : start + size]
        if is_probe and len(frame) == size and crc16(frame) == 0:
            found.add(data[start])
    return found


def words_of(data: bytes) -> list[int]:
    """Data bytes of an answer as words."""
    return [int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2)]
