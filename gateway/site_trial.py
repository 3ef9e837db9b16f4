"""A profile tried on a unit: every register of it read once, what came beside what it would mean.

Nothing of it is kept: a trial answers whoever is writing the profile. It is bounded, because live polling may share the
bus: so many registers, so many seconds; what did not get its turn says so by its quality (*bus budget*), like any
reading that was due and had no room.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from core.clock import Clock
from core.errors import Unavailable
from core.quality import QualityClass, Reason, quality
from gateway import site_findings as say
from gateway.decode import BlockDecoder
from gateway.lines.base import Answer, Failure
from gateway.plan import Request, plan
from gateway.product import Quirk
from gateway.profile import COILS, DISCRETE_INPUTS, Profile, Register
from gateway.quirks import tries
from gateway.site_bus import BRIDGE_EXCEPTIONS, SiteBus, words_of
from gateway.site_survey.configuration import manners
from gateway.site_survey.state import UnitState

MOST_WORDS: Final = 1000
"""Registers that a trial reads at most; sixteen coils or inputs count as one."""
MOST_S: Final = 30.0
"""No question is begun after so many seconds."""
MOST_TIMEOUT_S: Final = 5.0
"""A profile that is being written may claim any patience; a bus that others wait for has this much."""
MOST_GUARD_S: Final = 1.0
SILENCES: Final = 3
"""So many questions without an answer before the first one, and the unit is not there."""

_NO_ROOM: Final = quality(QualityClass.NOT_MEASURED, Reason.BUS_BUDGET)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """One register of the profile, and what the unit said.

    Attributes:
        register: as the profile has it.
        words: as they came, 0 to 65535; of a coil or input 0 or 1; empty: nothing came.
        value: in the register's unit, NaN where there is none.
        quality: see ``core.quality``.
        text: of a string, or digits beyond 2**53.
        exception: code with which the unit refused; 0: it did not.
    """

    register: Register
    words: tuple[int, ...] = ()
    value: float = math.nan
    quality: int = _NO_ROOM
    text: str = ""
    exception: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """What came of it.

    Attributes:
        registers: in the order of the profile.
        time_ms: when the last answer came.
        asked: questions that went out.
        seconds: from the first to the end.
        complete: every register had its turn.
    """

    registers: tuple[Tried, ...]
    time_ms: int
    asked: int
    seconds: float
    complete: bool


async def try_profile(bus: SiteBus, unit: UnitState, profile: Profile, names: Sequence[str], clock: Clock) -> Trial:
    """Read the registers of a profile once, each question at its turn.

    Args:
        bus: the bus.
        unit: the unit.
        profile: what is tried; its registers with exponents must fit one read (``Checked.unreadable``).
        names: registers that are wanted; empty: all. Those that are none are left out.
        clock: for the limits.

    Raises:
        Unavailable: if the bus cannot be opened, or the unit does not answer at all.
    """
    wanted = [one for one in profile.quantities if not names or one.name in names]
    if not bus.is_shared:  # what live polling knows of its units stays as its own profiles say
        ids, guard_s = manners(profile, unit, bus.bus.framing)
        bus.know(unit.unit, ids, min(guard_s, MOST_GUARD_S))
    reader = _Reader(bus, unit, replace(profile, timeout_s=min(profile.timeout_s, MOST_TIMEOUT_S)), clock)
    # A long map takes a while to plan, and live polling may share this loop.
    for request in await asyncio.to_thread(plan, profile, wanted):
        if not await reader.read(request):
            break
    if reader.asked and not reader.heard and not bus.stopping:
        raise Unavailable(say.SILENT(unit=unit.unit))
    return Trial(
        registers=tuple(reader.found.get(one.name, Tried(register=one)) for one in wanted),
        time_ms=reader.time_ms,
        asked=reader.asked,
        seconds=round(clock.monotonic_s() - reader.began_s, 3),
        complete=all(one.name in reader.found for one in wanted),
    )


class _Said(Enum):
    """What became of a question."""

    ANSWERED = 1
    NO = 2
    """It was refused; a smaller one may not be."""
    SILENT = 3
    OVER = 4
    """It was not asked any more."""


class _Reader:
    """Asks, and counts what it may still ask."""

    def __init__(self, bus: SiteBus, unit: UnitState, profile: Profile, clock: Clock) -> None:
        self.found: dict[str, Tried] = {}
        self.asked = 0
        self.heard = False
        self.time_ms = clock.now_ms()
        self.began_s = clock.monotonic_s()
        self._silences = 0
        self._words = 0
        self._bus, self._unit, self._profile, self._clock = bus, unit, profile, clock

    async def read(self, request: Request) -> bool:
        """Ask for a block, and for its registers one by one if it is refused; whether to go on."""
        said = await self._ask(request)
        if said is _Said.NO and len(request.registers) > 1:
            for register in request.registers:
                if await self._ask(plan(self._profile, [register])[0]) is _Said.OVER:
                    return False
        return said is not _Said.OVER and (self.heard or self._silences < SILENCES)

    async def _ask(self, request: Request) -> _Said:
        words = (request.count + 15) // 16 if request.function in (COILS, DISCRETE_INPUTS) else request.count
        late = self._clock.monotonic_s() - self.began_s >= MOST_S
        if late or self._bus.stopping or self._words + words > MOST_WORDS:
            return _Said.OVER
        self._words += words
        self.asked += 1
        place, own = (request.function, request.address, request.count), self._profile
        outcome = await self._bus.ask(self._unit.unit, *place, own.timeout_s, self._unit.setting, tries=tries(own))
        if isinstance(outcome, Answer):
            self.heard = True
            self.time_ms = outcome.time_ms
            self.found |= {one.register.name: one for one in tried(own.registers, request, outcome.data)}
            return _Said.ANSWERED
        self.found |= {one.register.name: one for one in _untold(request.registers, outcome)}
        if outcome.exception and outcome.exception not in BRIDGE_EXCEPTIONS:
            self.heard = True
            return _Said.NO
        self._silences += 1
        # A unit that was heard and says no by silence is asked for less.
        return _Said.NO if self.heard and Quirk.SILENT_ON_ILLEGAL in own.quirks else _Said.SILENT


def tried(registers: Mapping[str, Register], request: Request, data: bytes) -> tuple[Tried, ...]:
    """The registers of an answered request, by the decoder of live polling.

    Args:
        registers: all of the profile, where the exponents are.
        request: what was asked.
        data: data bytes of the answer.
    """
    wanted = request.registers
    exponents = [registers[one.exponent_from] if one.exponent_from else None for one in wanted]
    found = BlockDecoder(request.address, request.count, wanted, exponents).decode(data)
    bits = bool(wanted) and wanted[0].reads_bits
    raw = [data[index // 8] >> index % 8 & 1 for index in range(request.count)] if bits else words_of(data)
    return tuple(
        Tried(
            register=one,
            words=tuple(raw[one.address - request.address : one.stop - request.address]),
            value=float(found.value[row]),
            quality=int(found.quality[row]),
            text=found.text.get(row, ""),
        )
        for row, one in enumerate(wanted)
    )


def _untold(registers: Iterable[Register], failure: Failure) -> tuple[Tried, ...]:
    code = quality(QualityClass.NOT_MEASURED, failure.reason)
    return tuple(Tried(register=one, quality=code, exception=failure.exception) for one in registers)
