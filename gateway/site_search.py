"""The questions of commissioning, asked: searching a bus, identifying a unit, reading its points, watching it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from core.clock import Clock
from core.errors import Refused
from core.quality import QualityClass, class_of
from gateway.decode import BlockDecoder
from gateway.lines.base import Answer, Failure
from gateway.plan import Request, plan
from gateway.product import Quirk
from gateway.profile import HOLDING_REGISTERS, INPUT_REGISTERS, Profile, Register
from gateway.quirks import tries
from gateway.site_bus import BRIDGE_EXCEPTIONS, SiteBus, words_of
from gateway.site_survey.fitted import identity_registers
from gateway.site_survey.identify import next_question
from gateway.site_survey.record import UnitRecord
from gateway.site_survey.scan import Found, Heard, Probe, Progress, Scan
from gateway.site_survey.state import HeardState, SearchState, UnitState
from gateway.site_survey.words import Observation

LATE_TIMEOUT_S: Final = 2.5
"""How long a unit whose late answer was heard is waited for when it is asked again."""
LISTEN_S: Final = 2.0
"""How long the end of a search on a serial bus listens for answers that are late."""
ANY_ADDRESS: Final = 20
"""So many unit ids answering without one silence are one device that does not care for the unit id."""

_FAR_APART: Final = frozenset({1, 100, 247})

OnFind = Callable[[Progress, Found | None], None]
OnWatch = Callable[[float, int, int], None]


class Search:
    """One search of a bus, resumed from what was heard before."""

    def __init__(self, bus: SiteBus, state: SearchState, clock: Clock) -> None:
        """Plan the search and let it know what was heard already."""
        self._bus = bus
        self._clock = clock
        self._state = state
        self._heard = list(state.heard)
        self._scan = Scan(state.settings, state.units, state.timeout_s, state.thorough)
        self._known = {(one.setting, one.unit): one for one in state.heard}
        self._any_address = False
        self._ended = False

    @property
    def state(self) -> SearchState:
        """The search so far."""
        state = self._state
        return SearchState(
            settings=state.settings,
            units=state.units,
            timeout_s=state.timeout_s,
            thorough=state.thorough,
            heard=tuple(self._heard),
            ended=self._ended,
            any_address=self._any_address,
        )

    async def run(
        self, on_found: Callable[[Found], None], on_progress: OnFind | None, save: Callable[[], None]
    ) -> None:
        """Ask until the search ends or is stopped; ``save`` is called after each question."""
        while not self._bus.stopping:
            probe = self._scan.next()
            if probe is None or self._any_address:
                await self._listen(on_found)
                self._ended = True
                return
            before = self._known.get((probe.setting, probe.unit))
            if before is not None:
                self._scan.heard(probe, before.what, before.took_s)
                continue
            found, late = await self._ask(probe)
            if found is not None:
                on_found(found)
            self._any_address = self._answers_to_all()
            if on_progress is not None:
                on_progress(self._scan.progress(), found)
            for unit in late:
                await self._ask_again(Probe(probe.setting, unit), on_found)
            save()

    async def _listen(self, on_found: Callable[[Found], None]) -> None:
        """Wait for answers of slow units to the last questions."""
        silent = [one for one in self._heard if one.what is Heard.NOTHING]
        if not silent or not self._bus.tries_settings:
            return
        await self._bus.rest(LISTEN_S)
        _, late = await self._bus.probe(silent[-1].unit, self._state.timeout_s, silent[-1].setting)
        for unit in late:
            await self._ask_again(Probe(silent[-1].setting, unit), on_found)

    async def _ask(self, probe: Probe, timeout_s: float = 0.0) -> tuple[Found | None, tuple[int, ...]]:
        began_s = self._clock.monotonic_s()
        what, late = await self._bus.probe(probe.unit, timeout_s or self._state.timeout_s, probe.setting)
        took_s = self._clock.monotonic_s() - began_s
        self._heard.append(HeardState(probe.setting, probe.unit, what, round(took_s, 4)))
        return self._scan.heard(probe, what, took_s), late

    async def _ask_again(self, probe: Probe, on_found: Callable[[Found], None]) -> None:
        """A late answer was heard: the unit is slow, and there."""
        if any(one.unit == probe.unit and one.setting == probe.setting for one in self._scan.found):
            return
        found, _ = await self._ask(probe, LATE_TIMEOUT_S)
        if found is not None:
            on_found(found)

    def _answers_to_all(self) -> bool:
        """Whether even ids far apart answer, and none is silent: one device behind all of them."""
        if self._bus.tries_settings or len(self._heard) < ANY_ADDRESS:
            return False
        silent = any(one.what is Heard.NOTHING for one in self._heard)
        return not silent and {one.unit for one in self._heard} >= _FAR_APART


# --- identification -------------------------------------------------------------------------------------------------


async def identify(
    bus: SiteBus,
    unit: UnitState,
    profiles: Mapping[str, Profile],
    timeout_s: float,
    on_question: Callable[[Observation], None] | None,
) -> tuple[Observation, int, bool]:
    """Ask a unit until one profile stands out.

    Returns:
        What was seen, questions asked, and whether the unit answered at all.
    """
    seen = Observation()
    who = await bus.identity(unit.unit, timeout_s, unit.setting)
    seen.asked_identity = True
    answered = not isinstance(who, Failure) or bool(who.exception)
    if not isinstance(who, Failure):
        seen.identity = {number: who.text(number) for number in sorted(who.objects)}
    asked, silences = 1, 0
    while not bus.stopping and silences < 3:
        wanted = next_question(profiles, seen, asked)
        if wanted is None:
            break
        if on_question is not None:
            on_question(seen)
        asked += 1
        outcome = await ask_for(bus, unit, wanted, seen, timeout_s)
        silent = isinstance(outcome, Failure) and not outcome.exception
        # A unit that answers other questions but not this one may be silent on what it does not have.
        silences = silences + 1 if silent and not answered else 0
        answered = answered or not silent
    return seen, asked, answered


async def ask_for(
    bus: SiteBus, unit: UnitState, wanted: Request, seen: Observation, timeout_s: float
) -> Answer | Failure:
    """One read into ``seen``."""
    outcome = await bus.ask(unit.unit, wanted.function, wanted.address, wanted.count, timeout_s, unit.setting)
    if isinstance(outcome, Answer):
        seen.answered(wanted.function, wanted.address, words_of(outcome.data))
    else:
        code = 0 if outcome.exception in BRIDGE_EXCEPTIONS else outcome.exception
        seen.failed(wanted.function, wanted.address, wanted.count, refused=bool(code), exception=code)
    return outcome


async def read_identity(bus: SiteBus, unit: UnitState, profile: Profile, seen: Observation) -> None:
    """Read what stays the same as long as the device does, as far as it was not read yet."""
    for register in identity_registers(profile):
        if seen.asked(register) or bus.stopping:
            continue
        count = register.stop - register.address
        wanted = Request(function=register.function, address=register.address, count=count, registers=(register,))
        await ask_for(bus, unit, wanted, seen, profile.timeout_s)


async def seen_again(bus: SiteBus, signed: UnitRecord, timeout_s: float) -> Observation:
    """Ask a signed unit for what identifies it and for its points' registers, one by one."""
    seen = Observation()
    if signed.identity:
        who = await bus.identity(signed.unit, timeout_s, signed.setting)
        seen.asked_identity = True
        if not isinstance(who, Failure):
            seen.identity = {number: who.text(number) for number in who.objects}
    wanted = [(function, address, 1) for function, address in sorted(signed.signature)]
    wanted += [
        (one.register.function, one.register.address, one.register.stop - one.register.address)
        for one in signed.points
        if not one.register.reads_bits
    ]
    for function, address, count in wanted:
        if bus.stopping:
            break
        if all((function, address + i) in seen.words for i in range(count)):
            continue
        outcome = await bus.ask(signed.unit, function, address, count, timeout_s, signed.setting)
        if isinstance(outcome, Answer):
            seen.answered(function, address, words_of(outcome.data))
        elif outcome.exception and outcome.exception not in BRIDGE_EXCEPTIONS:
            seen.failed(function, address, count, refused=True, exception=outcome.exception)
        elif not seen.words and not seen.identity:
            break
    return seen


# --- reading points -------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class PointReads:
    """What a read of points came to: values that live polling would report as good, by quantity."""

    values: dict[str, float] = field(default_factory=dict)
    answered: bool = False


async def read_points(bus: SiteBus, unit: UnitState, own: Profile, names: Sequence[str]) -> PointReads:
    """Read quantities as live polling does; a block that is refused is read quantity by quantity.

    Args:
        bus: the bus.
        unit: the unit.
        own: its own map.
        names: quantities of it.
    """
    reads = PointReads(dict.fromkeys(names, math.nan))
    registers = [own.registers[name] for name in names]
    for request in plan(own, registers):
        outcome = await _read(bus, unit, own, request, reads)
        refused = isinstance(outcome, Failure) and (outcome.exception or Quirk.SILENT_ON_ILLEGAL in own.quirks)
        if refused and len(request.registers) > 1:
            for register in request.registers:
                await _read(bus, unit, own, plan(own, [register])[0], reads)
    return reads


async def _read(bus: SiteBus, unit: UnitState, own: Profile, request: Request, reads: PointReads) -> Answer | Failure:
    place = (request.function, request.address, request.count)
    outcome = await bus.ask(unit.unit, *place, own.timeout_s, unit.setting, tries=tries(own))
    if isinstance(outcome, Answer):
        reads.answered = True
        for register, value in decoded_points(own, request, outcome.data).items():
            reads.values[register] = value
    return outcome


def decoded_points(own: Profile, request: Request, data: bytes) -> dict[str, float]:
    """Values of one answer by the decoder of live polling; NaN where the value is not good."""
    registers = request.registers
    exponents = [own.registers[one.exponent_from] if one.exponent_from else None for one in registers]
    found = BlockDecoder(request.address, request.count, registers, exponents).decode(data)
    return {
        register.name: float(found.value[row]) if class_of(int(found.quality[row])) is QualityClass.GOOD else math.nan
        for row, register in enumerate(registers)
    }


async def look_at_profile(bus: SiteBus, unit: UnitState, profile: Profile, seen: Observation, timeout_s: float) -> None:
    """Read all words of a profile, and those beside them, for a unit may count addresses from one more or less.

    A unit may refuse to be read beyond its map, across a hole, or from the middle of a value; so what is refused is
    asked for again as the profile has it, then one address further up and down, and at last register by register.
    """
    words = [one for one in profile.quantities if one.function in (HOLDING_REGISTERS, INPUT_REGISTERS)]
    for request in plan(profile, words):
        first, count = request.address, request.count
        wide = (
            (first - 1, count + 2) if first and first + count < 65536 and count + 2 <= profile.max_registers else None
        )
        if wide and await _look(bus, unit, request.function, *wide, seen, timeout_s):
            continue
        whole = await _shifted(bus, unit, request.function, first, count, seen, timeout_s)
        for register in request.registers if not whole else ():
            await _shifted(bus, unit, register.function, register.address, register.width, seen, timeout_s)
        if bus.stopping or (seen.silent and not seen.words):
            return


async def _shifted(
    bus: SiteBus, unit: UnitState, function: int, first: int, count: int, seen: Observation, timeout_s: float
) -> bool:
    """A block where the profile has it, and one address up and down; whether the first was answered."""
    found = await _look(bus, unit, function, first, count, seen, timeout_s)
    for start in (first + 1, first - 1):
        if 0 <= start <= 65536 - count:
            await _look(bus, unit, function, start, count, seen, timeout_s)
    return found


async def _look(
    bus: SiteBus, unit: UnitState, function: int, first: int, count: int, seen: Observation, timeout_s: float
) -> bool:
    if bus.stopping or (seen.silent and not seen.words):
        return False
    if all((function, first + index) in seen.words for index in range(count)):
        return True
    outcome = await bus.ask(unit.unit, function, first, count, timeout_s, unit.setting)
    if isinstance(outcome, Answer):
        seen.answered(function, first, words_of(outcome.data))
        return True
    seen.failed(function, first, count, refused=bool(outcome.exception))
    return False


# --- watching -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Watched:
    """What was seen while a unit was watched: times of answers in seconds, polls without one, how long."""

    response_s: list[float] = field(default_factory=list)
    errors: int = 0
    seconds: float = 0.0


async def watch(
    bus: SiteBus, unit: UnitState, own: Profile, registers: Sequence[Register], seconds: float, clock: Clock,
    on_progress: OnWatch | None,
) -> Watched:  # fmt: skip
    """Poll some quantities of a unit for a while; a refused read is an error, since live polling would meet it too."""
    watched = Watched()
    requests = plan(own, registers)
    if not requests:
        raise Refused("there is nothing to poll")
    began_s = clock.monotonic_s()
    for request in itertools.cycle(requests):
        if bus.stopping or watched.seconds >= seconds:
            break
        place = (request.function, request.address, request.count)
        outcome = await bus.ask(unit.unit, *place, own.timeout_s, unit.setting, tries=tries(own))
        if isinstance(outcome, Answer):
            watched.response_s.append(bus.traffic.last_s)
        else:
            watched.errors += 1
        watched.seconds = clock.monotonic_s() - began_s
        if on_progress is not None:
            on_progress(watched.seconds, len(watched.response_s) + watched.errors, watched.errors)
    return watched
