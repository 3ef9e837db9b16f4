"""Commissioning at work: one session is one bus, from nothing to the signed record.

The I/O around ``gateway.site_survey``. Each step can be used alone, again, and after a restart: what is known is
written to the session's folder after each of them, and during a long one every few seconds. Steps that ask the bus are
coroutines; one at a time. ``stop`` ends the running one after the question that is out; it then returns what it has.
Nothing but reads (functions 1 to 4 and 43) ever leaves.

In a folder: ``session.json``, ``photos/``, and once signed ``record.json``, ``record-zh.pdf``, ``record-en.pdf``.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from core.clock import Clock
from core.errors import Refused, Unavailable
from core.places import Text
from gateway import site_findings as say
from gateway.lines.base import Failure, Line
from gateway.profile import HOLDING_REGISTERS, INPUT_REGISTERS, Profile, Register
from gateway.site_bus import Opener, Pace, SiteBus, at_once
from gateway.site_desk import RECORD_FILE, Signed, SiteDesk, without_proofs
from gateway.site_search import (
    OnFind,
    OnWatch,
    Search,
    identify,
    look_at_profile,
    read_identity,
    read_points,
    seen_again,
    watch,
)
from gateway.site_survey import built
from gateway.site_survey.alike import side_by_side
from gateway.site_survey.configuration import Configuration, manners
from gateway.site_survey.fitted import fitted, identity_registers, measurement, patience_s, patient
from gateway.site_survey.grid import Cell, grid
from gateway.site_survey.identify import is_identified, rank, sample
from gateway.site_survey.proof import Reference, prove, timing
from gateway.site_survey.record import contradictions
from gateway.site_survey.scan import ALL_UNITS, Found, Setting, likely_first, settings_to_try
from gateway.site_survey.state import (
    NO_SETTING,
    BusAddress,
    FitState,
    PointState,
    ProofState,
    ReferenceReading,
    SearchState,
    SessionState,
    SnapshotState,
    Step,
    TimingState,
    UnitState,
    words_by_name,
    words_by_place,
)
from gateway.site_survey.typed import shown
from gateway.site_survey.words import Observation, Snapshot
from gateway.site_trial import Trial, try_profile

__all__ = ["Configuration", "OnFind", "OnWatch", "Opener", "Pace", "Rechecked", "Signed", "SiteSession"]

MOST_WORDS: Final = 1000
KEPT_SNAPSHOTS: Final = 8
KEPT_FRAMES: Final = 8
MOST_FITS: Final = 10
SAVE_EVERY_S: Final = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Rechecked:
    """What contradicts a signed record now, by unit; of units ``unheard`` nothing is said."""

    contradictions: Mapping[int, tuple[Text, ...]]
    unheard: tuple[int, ...]


class SiteSession(SiteDesk):
    """One session; see the module.

    ``running`` says which step is using the bus; ``state`` is the newest state, replaced as a whole at each change.
    """

    def __init__(
        self,
        folder: Path,
        bus: BusAddress | None = None,
        *,
        profiles: Mapping[str, Profile] | None = None,
        opener: Opener | None = None,
        shared: Line | None = None,
        pace: Pace | None = None,
        least_pause_s: float = 0.02,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Clock | None = None,
        on_change: Callable[[SessionState], None] | None = None,
    ) -> None:
        """Begin a session in a new folder, or go on with the one that is there.

        Args:
            folder: of the session; made if it is missing.
            bus: where; may be left out where a session exists, and must agree with it otherwise.
            profiles: by key; None: those that are shipped.
            opener: makes lines; None: ``open_line``.
            shared: a line that live polling uses too: it is used as it is, never reopened and never closed.
            pace: awaited before each question, so that it goes between the turns of live polling.
            least_pause_s: silence before each question beyond that.
            sleep: how the session waits.
            clock: None: the machine's.
            on_change: told of every new state, after it was written.

        Raises:
            Refused: if the folder holds the session of another bus, or no session and no bus was given.
            Unavailable: if the folder cannot be written.
        """
        super().__init__(folder, bus, profiles, clock, on_change)
        self.running: Step | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._bus = SiteBus(
            self.state.bus,
            self._clock,
            opener=opener,
            shared=shared,
            pace=pace or at_once,
            least_pause_s=least_pause_s,
            sleep=sleep,
        )

    def stop(self) -> None:
        """End the running step after the question that is out; it returns what it has."""
        self._bus.stopping = True

    @property
    def is_stopping(self) -> bool:
        """Whether the last step was told to stop."""
        return self._bus.stopping

    @property
    def is_open(self) -> bool:
        """Whether the bus can be asked, as far as is known."""
        return self._bus.is_open

    async def close(self) -> None:
        """Stop, wait for the running step, and close the line (not a shared one)."""
        self.stop()
        await self._idle.wait()
        self._bus.close()

    async def find(
        self,
        settings: Sequence[Setting] = (),
        units: Sequence[int] = (),
        on_progress: OnFind | None = None,
        *,
        timeout_s: float = 0.3,
        thorough: bool = False,
    ) -> tuple[UnitState, ...]:
        """Search the bus; a search that was stopped goes on where it ended if it is asked for alike.

        Args:
            settings: serial settings to try; empty: those of the profiles and the usual ones. Ignored on TCP.
            units: unit ids; empty: 1 to 247.
            on_progress: told after each question, with questions asked, planned, seconds left.
            timeout_s: how long a question waits.
            thorough: search every setting through all unit ids.

        Returns:
            All units of the session, by unit id.

        Raises:
            Unavailable: if the host or port cannot be opened.
            Refused: if a step is running already.
        """
        if not self._bus.tries_settings:
            settings = tuple(settings[:1]) or (NO_SETTING,)
        wanted = SearchState(
            settings=tuple(settings) or settings_to_try(self._profiles.values()),
            units=likely_first(tuple(units) or ALL_UNITS),
            timeout_s=timeout_s,
            thorough=thorough,
        )
        with self._step(Step.FIND):
            before = self.state.search
            alike = before is not None and not before.ended and replace(before, heard=()) == wanted
            search = Search(self._bus, before if before is not None and alike else wanted, self._clock)
            try:
                await search.run(self._found, on_progress, lambda: self._save_now_and_then(search))
            finally:
                self._change(replace(self.state, search=search.state))
                self._keep_one_of_all(search.state)
        return tuple(self.state.units.values())

    async def identify(
        self, unit: int, on_progress: Callable[[tuple[FitState, ...]], None] | None = None
    ) -> tuple[FitState, ...]:
        """Ask the unit who it is, then what its registers hold, until one profile stands out.

        The best profile is chosen if it is sure; otherwise ``choose_profile`` is a person's to call.

        Returns:
            The profiles that fit best, at most ten.

        Raises:
            Unavailable: if the bus cannot be opened.
            Refused: if there is no such unit, or a step is running.
        """
        state = self._unit(unit)

        def tell(seen: Observation) -> None:
            if on_progress is not None:
                on_progress(self._fits(seen))

        with self._step(Step.IDENTIFY, state):
            seen, asked, answered = await identify(self._bus, state, self._profiles, patience_s(state, None), tell)
            if not answered:
                raise Unavailable(say.SILENT(unit=unit))
            fits = rank(self._profiles.values(), seen)
            sure = is_identified(fits) and not self._bus.stopping
            profile = fits[0].profile if sure else state.profile
            if sure:
                await read_identity(self._bus, state, patient(self._profiles[profile], state), seen)
            if profile != state.profile:
                state = without_proofs(state, profile)
            self._put(
                replace(
                    state,
                    identity=seen.identity,
                    asked_identity=True,
                    words=words_by_name(seen.words),
                    refused=tuple(sorted(f"{place[0]}:{place[1]}" for place in seen.refused)),
                    silent=tuple(sorted(f"{place[0]}:{place[1]}" for place in seen.silent)),
                    asked=asked,
                    fits=self._fits(seen),
                    identified=sure,
                    alike=side_by_side(self._profiles, fits),
                    sure=True,
                )
            )
        return self.state.units[unit].fits

    async def look(self, unit: int, function: int, address: int, count: int) -> tuple[Cell, ...]:
        """Read words and show what each could mean; call it again and again for a live grid.

        Addresses that the unit refuses are left out; a block it refuses is halved until they are found.

        Args:
            unit: which.
            function: 3 or 4.
            address: first, from 0.
            count: how many, at most 1,000.

        Raises:
            Unavailable: if the bus cannot be opened, or nothing answered.
            Refused: if there is no such unit, the range is none, or a step is running.
        """
        state = self._unit(unit)
        right = function in (HOLDING_REGISTERS, INPUT_REGISTERS) and 1 <= count <= MOST_WORDS
        if not right or not 0 <= address <= 65536 - count:
            raise Refused(say.BAD_RANGE(function=function, address=address, count=count, most=MOST_WORDS))
        timeout_s = patience_s(state, self._profiles.get(state.profile))

        async def look(seen: Observation) -> None:
            await self._bus.read_words(unit, (function, address, count), seen, timeout_s, state.setting)

        return await self._look(unit, look)

    async def look_at_profile(self, unit: int) -> tuple[Cell, ...]:
        """Read all registers of the unit's profile, and the addresses beside them, as one snapshot.

        Raises:
            Unavailable, Refused: as ``look``.
        """
        state = self._unit(unit)
        profile = self._profiles.get(state.profile)
        if profile is None:
            raise Refused(say.NO_PROFILE_YET(unit=unit))

        async def look(seen: Observation) -> None:
            await look_at_profile(self._bus, state, profile, seen, patience_s(state, profile))

        return await self._look(unit, look)

    async def try_profile(self, unit: int, profile: Profile, names: Sequence[str] = ()) -> Trial:
        """Read the registers of a profile that is being written, once (``gateway.site_trial``); nothing is kept.

        Raises:
            Unavailable, Refused: as ``look``.
        """
        state = self._unit(unit)
        with self._step(Step.READ, state):
            return await try_profile(self._bus, state, patient(profile, state), names, self._clock)

    async def prove(self, unit: int, references: Sequence[ReferenceReading]) -> tuple[ProofState, ...]:
        """Read the points as they will be read later and judge them; a quantity that was no point becomes one.

        Raises:
            Refused: if a quantity is not known or a text is no number (all at once), or a step is running.
            Unavailable: if the bus cannot be opened.
        """
        own = self.check(unit, references)
        state = self._unit(unit)
        names = list(dict.fromkeys(one.register for one in references))
        with self._step(Step.PROVE, state):
            self._bus.frames.clear()
            await self._bus.open(state.setting)
            reads = await read_points(self._bus, state, patient(own, state), names)
            now_ms = self._clock.now_ms()
            proofs = tuple(_proof(one, own.registers[one.register], reads.values, now_ms) for one in references)
            points = dict(state.points)
            for proof in proofs:
                name = proof.reading.register
                point = points.get(name) or PointState(register=name, measurement=measurement(name))
                points[name] = replace(point, proof=proof)
            frames = tuple(self._bus.frames)[-KEPT_FRAMES:]
            seen = await self._who(state)
            self._put(
                replace(
                    state,
                    points=points,
                    frames=frames,
                    words=words_by_name(seen.words),
                    identity=seen.identity or state.identity,
                )
            )
        return proofs

    async def watch(self, unit: int, seconds: float = 60.0, on_progress: OnWatch | None = None) -> TimingState:
        """Poll the unit's points for a while: response times and errors.

        Raises:
            Refused: if the unit has neither points nor a profile, or a step is running.
            Unavailable: if the bus cannot be opened.
        """
        state = self._unit(unit)
        profile = self._profiles.get(state.profile)
        own = fitted(profile, state)
        names = list(state.points) or [one.name for one in (sample(profile) if profile else ())] or list(own.registers)
        if not names:
            raise Refused(say.NO_PROFILE_YET(unit=unit))
        with self._step(Step.PROVE, state):
            await self._bus.open(state.setting)
            registers = [own.registers[name] for name in names]
            seen = await watch(self._bus, state, patient(own, state), registers, seconds, self._clock, on_progress)
            measured = timing(seen.response_s, seen.errors, seen.seconds)
            times = (measured.p50_s, measured.p99_s, measured.longest_s)
            p50_ms, p99_ms, longest_ms = (None if math.isnan(one) else round(1000 * one, 2) for one in times)
            result = TimingState(
                polls=measured.polls,
                errors=measured.errors,
                p50_ms=p50_ms,
                p99_ms=p99_ms,
                longest_ms=longest_ms,
                seconds=round(measured.seconds, 3),
            )
            self._put(replace(self._unit(unit), timing=result))
        return result

    async def recheck(self, record: Mapping[str, Any]) -> Rechecked:
        """Ask the units of a signed record for what identifies them, and compare.

        Args:
            record: content of ``record.json``.

        Raises:
            Refused: if it is no record, or a step is running.
            Unavailable: if the bus cannot be opened.
        """
        try:
            units = built.signed_units(record.get("record", record))
        except ValueError as error:
            raise Refused(say.NO_RECORD(file=RECORD_FILE, why=error)) from None
        found: dict[int, tuple[Text, ...]] = {}
        unheard = []
        with self._step(Step.PROVE):
            for signed in units:
                if self._bus.stopping:
                    break
                known = self.state.units.get(signed.unit) or UnitState(unit=signed.unit)
                profile = self._profiles.get(signed.profile)
                self._bus.know(signed.unit, *manners(profile, known, self.state.bus.framing))
                timeout_s = patience_s(known, profile)
                seen = await seen_again(self._bus, signed, timeout_s)
                if not seen.words and not seen.refused and not seen.identity:
                    unheard.append(signed.unit)
                elif texts := contradictions(signed, seen):
                    found[signed.unit] = texts
        return Rechecked(contradictions=found, unheard=tuple(unheard))

    @contextlib.contextmanager
    def _step(self, step: Step, unit: UnitState | None = None) -> Iterator[None]:
        """The bus is this step's; a step that was told to stop ends here."""
        if self.running is not None:
            raise Refused(say.RUNNING(step=self.running.value))
        if unit is not None:
            self._bus.know(unit.unit, *manners(self._profiles.get(unit.profile), unit, self.state.bus.framing))
        self.running = step
        self._bus.stopping = False
        self._idle.clear()
        try:
            yield
        finally:
            self.running = None
            self._idle.set()

    async def _who(self, state: UnitState) -> Observation:
        """What is known of the unit, with that by which it will be known again; anew for one that was proven before."""
        seen = Observation(words=words_by_place(state.words))
        profile = self._profiles.get(state.profile)
        again = any(point.proof is not None for point in state.points.values())
        if again and state.identity:
            who = await self._bus.identity(state.unit, patience_s(state, profile), state.setting)
            seen.identity = {} if isinstance(who, Failure) else {number: who.text(number) for number in who.objects}
        if profile is not None:
            for register in identity_registers(profile) if again else ():
                for address in range(register.address, register.stop):
                    seen.words.pop((register.function, address), None)
            await read_identity(self._bus, state, patient(profile, state), seen)
        return seen

    def _found(self, found: Found) -> None:
        """Keep a unit that gave a sign of life; a whole answer is worth more than a damaged one."""
        known = self.state.units.get(found.unit)
        if known is not None and (known.sure or not found.sure) and known.response_ms is not None:
            return
        base = known or UnitState(unit=found.unit)
        response_ms = round(1000 * self._bus.traffic.last_s, 1)
        ids = self._bus.habit(found.unit)
        self._put(replace(base, setting=found.setting, sure=found.sure, response_ms=response_ms, transaction_ids=ids))

    def _keep_one_of_all(self, search: SearchState) -> None:
        """One device that answers to every unit id is one unit: the first."""
        if search.any_address:
            heard = sorted(one.unit for one in search.heard)
            fresh = {one for one in heard[1:] if not self.state.units[one].profile}
            units = {number: unit for number, unit in self.state.units.items() if number not in fresh}
            self._change(replace(self.state, units=units))

    def _save_now_and_then(self, search: Search) -> None:
        if self._clock.monotonic_s() - self._saved_s >= SAVE_EVERY_S:
            self._change(replace(self.state, search=search.state))

    def _fits(self, seen: Observation) -> tuple[FitState, ...]:
        return tuple(
            FitState(
                profile=fit.profile,
                product=self._profiles[fit.profile].product,
                evidence=round(fit.evidence, 3),
                share=round(fit.share, 4),
                reasons=fit.reasons,
            )
            for fit in rank(self._profiles.values(), seen)[:MOST_FITS]
        )

    async def _look(self, unit: int, look: Callable[[Observation], Awaitable[None]]) -> tuple[Cell, ...]:
        seen = Observation()
        with self._step(Step.READ, self._unit(unit)):
            await look(seen)
            if not seen.words and seen.silent:
                raise Unavailable(say.SILENT(unit=unit))
            if not seen.words:
                return ()
            taken = SnapshotState(time_ms=self._clock.now_ms(), words=words_by_name(seen.words))
            state = self._unit(unit)
            self._put(replace(state, snapshots=(*state.snapshots, taken)[-KEPT_SNAPSHOTS:]))
        history = [
            Snapshot(words_by_place(one.words), one.time_ms)
            for one in self.state.units[unit].snapshots
            if one.words.keys() >= taken.words.keys()
        ]
        return grid([*history[:-1], Snapshot(words_by_place(taken.words), taken.time_ms)])


def _proof(reading: ReferenceReading, register: Register, values: Mapping[str, float], time_ms: int) -> ProofState:
    """A reference beside what was read."""
    seen = shown(reading.shown, register.unit)
    reference = Reference(metric=reading.register, shown=seen, tolerance=reading.tolerance)
    found = prove(reference, values[reading.register])
    return ProofState(
        reading=reading,
        time_ms=time_ms,
        value=None if math.isnan(found.value) else found.value,
        error=None if math.isnan(found.error) else found.error,
        allowed=found.allowed,
        verdict=found.verdict,
    )
