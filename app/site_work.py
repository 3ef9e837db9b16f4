"""The technician's workplace: one commissioning session, at most one step on the bus, everybody told of each change.

Steps that ask the bus run as a task of their own, so that a phone that loses its signal loses nothing; what they find
is in the session. Everything that changes the session takes turns: a short step (the live grid) is waited for, a
long one refuses others. What computes or writes files runs in a thread, because live polling may share this loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel

from app import site_findings as say
from app import site_view
from app.site_drills import SiteDrills
from app.site_feed import Feed
from app.site_models import BusForm, RunEnd, RunView, SiteState, TrafficView
from app.site_problems import SiteError, said
from app.site_traffic import Traffic
from core.clock import Clock
from core.errors import Refused, TwingridError
from gateway import site_findings
from gateway.drills import DrillPost
from gateway.lines import open_line
from gateway.lines.base import Frame, Line, Stamp
from gateway.profile import Profile
from gateway.site_bus import Pace
from gateway.site_session import SiteSession
from gateway.site_store import STATE_FILE, SiteStore
from gateway.site_survey.drill import DrillState
from gateway.site_survey.state import BusAddress, SessionState, Step, UnitState
from gateway.transport import Framing, SerialTransport, Transport

log = logging.getLogger(__name__)
_T = TypeVar("_T")

PATIENCE_S: Final = 5.0
"""How long a change waits for a short step."""
PAUSE_S: Final = 0.02


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveBus:
    """A bus that this gateway polls: its line, and a place between the turns of polling."""

    id: str
    gateway: str
    transport: Transport
    line: Line
    pace: Pace

    @property
    def address(self) -> BusAddress:
        """As a session calls it."""
        to = self.transport
        if isinstance(to, SerialTransport):
            return BusAddress(id=self.id, serial=to.path, framing=to.framing, guard_s=to.guard_s, gateway=self.gateway)
        return BusAddress(
            id=self.id,
            host=to.host,
            port=to.port,
            framing=to.framing,
            tls=to.tls,
            guard_s=to.guard_s,
            gateway=self.gateway,
        )


class SiteWork:
    """See the module."""

    def __init__(
        self,
        folder: Path,
        *,
        profiles: Mapping[str, Profile],
        clock: Clock,
        program: str,
        live: Mapping[str, LiveBus] | None = None,
        pause_s: float = PAUSE_S,
        post: DrillPost | None = None,
    ) -> None:
        """Open the session in ``folder`` if there is one.

        Raises:
            Refused: if the folder holds something else.
        """
        self.folder = folder
        self.profiles = profiles
        self.feed = Feed()
        self.traffic = Traffic(Framing.TCP)
        self._clock = clock
        self._program = program
        self._live = dict(live or {})
        self._pause_s = pause_s
        self._turn = asyncio.Lock()
        self._session: SiteSession | None = None
        self._tapped: LiveBus | None = None
        self._version = 0
        self._run: RunView | None = None
        self._ended: RunEnd | None = None
        self._task: asyncio.Task[None] | None = None
        self._runs = 0
        self.drills = SiteDrills(post, self.desk, self._changed, clock)
        if (folder / STATE_FILE).is_file():
            self._open(None)

    # --- the session ----------------------------------------------------------------------------------------------

    @property
    def session(self) -> SiteSession:
        """The session.

        Raises:
            SiteError: if no bus was chosen yet.
        """
        if self._session is None:
            raise SiteError(say.NO_SESSION)
        return self._session

    def unit(self, number: int) -> UnitState:
        """A unit of the session.

        Raises:
            Refused: if there is none.
        """
        units = self.session.state.units
        if number not in units:
            raise Refused(site_findings.NO_UNIT(unit=number, known=", ".join(map(str, units)) or "-"))
        return units[number]

    async def begin(self, form: BusForm) -> None:
        """Begin a session on a bus.

        Raises:
            Refused: if there is one on another bus, or the gateway has no such bus.
        """
        async with self._alone():
            if form.live and form.live not in self._live:
                raise Refused(say.NOT_LIVE(bus=form.live, known=", ".join(self._live) or "-"))
            address = self._live[form.live].address if form.live else _address(form)
            if self._session is not None and str(self._session.state.bus) != str(address):
                raise Refused(say.OTHER_SESSION(there=str(self._session.state.bus)))
            if self._session is None:
                self._open(address)
        self._changed()

    async def put_aside(self) -> None:
        """End the session; its files stay in the folder under other names."""
        async with self._alone():
            if self._session is not None:
                await self._session.close()
                await self.drills.close()
                self._untap()
                store = SiteStore(self.folder)
                store.set_aside(STATE_FILE, str(self._clock.now_ms()))
                store.set_aside("record*.*", str(self._clock.now_ms()))
                self._session = None
                self._ended = None
        self._changed()

    def _open(self, address: BusAddress | None) -> None:
        known = address or SiteSession(self.folder, profiles=self.profiles).state.bus
        live = next((one for one in self._live.values() if str(one.address) == str(known)), None)
        self.traffic = Traffic(known.framing)
        self._session = SiteSession(
            self.folder,
            address,
            profiles=self.profiles,
            opener=self._opener,
            shared=live.line if live else None,
            pace=live.pace if live else None,
            least_pause_s=self._pause_s,
            clock=self._clock,
            on_change=self._state_changed,
        )
        if live is not None:
            live.line.tap = self._heard
            self._tapped = live

    def _opener(self, transport: Transport, stamp: Stamp) -> Line:
        line = open_line(transport, stamp)
        line.tap = self._heard
        return line

    def _heard(self, frame: Frame) -> None:
        self.traffic.heard(frame)
        self.feed.changed()

    def _untap(self) -> None:
        if self._tapped is not None:
            self._tapped.line.tap = None
            self._tapped = None

    async def close(self) -> None:
        """End the running step and the session."""
        self.feed.close()
        await self.drills.close()
        if self._session is not None:
            self._session.stop()
            if self._task is not None:
                await asyncio.wait([self._task])
            await self._session.close()
        self._untap()

    # --- changes --------------------------------------------------------------------------------------------------

    def _state_changed(self, _: SessionState) -> None:
        self._changed()

    def _changed(self) -> None:
        self._version += 1
        self.feed.changed()

    def state(self) -> SiteState:
        """All of it, for the page."""
        found = self._session.state if self._session is not None else None
        drills = self.all_drills()
        return SiteState(
            version=self._version,
            now_ms=self._clock.now_ms(),
            program=self._program,
            live_buses=tuple(self._live),
            bus=site_view.bus_view(found, self._tapped is not None) if found else None,
            search=site_view.search_view(found) if found else None,
            units=[site_view.unit_view(unit, self.profiles, drills) for unit in found.units.values()] if found else [],
            signed=found.signed if found else None,
            unproven=site_view.unproven(found) if found else [],
            run=self._run,
            ended=self._ended,
            tests=self.drills.possible,
        )

    def all_drills(self) -> Mapping[str, DrillState]:
        """The test alarms, as they stand now."""
        kept = self._session.state.drills if self._session is not None else {}
        return {**kept, **self.drills.now}

    def traffic_since(self, number: int) -> TrafficView:
        """Frames after the one with this number, and the last minute of the bus."""
        return self.traffic.since(number, self._clock.now_ms())

    def reader(self) -> Callable[[], list[tuple[str, BaseModel]]]:
        """What is new to one reader of the stream, each time it is asked."""
        seen_version, seen_frame, seen_run = -1, 0, None

        def news() -> list[tuple[str, BaseModel]]:
            nonlocal seen_version, seen_frame, seen_run
            found: list[tuple[str, BaseModel]] = []
            # Frames go before the state that they led to, so that the end of a step is the last that is heard of it.
            if self.traffic.number != seen_frame:
                found.append(("traffic", self.traffic_since(min(seen_frame, self.traffic.number))))
                seen_frame = self.traffic.number
            if self._version != seen_version:
                seen_version, seen_run = self._version, self._run
                found.append(("state", self.state()))
            elif self._run is not None and self._run is not seen_run:
                seen_run = self._run
                found.append(("run", self._run))
            return found

        return news

    async def desk(self, change: Callable[[SiteSession], _T]) -> _T:
        """A change that does not ask the bus, at its turn and off the loop.

        Raises:
            Refused: if a long step is running, or as the change does.
        """
        async with self._alone():
            return await asyncio.to_thread(change, self.session)

    async def apart(self, change: Callable[[SiteSession | None], _T]) -> _T:
        """The same where no bus need be chosen yet.

        Raises:
            Refused: if a long step is running, or as the change does.
        """
        async with self._alone():
            return await asyncio.to_thread(change, self._session)

    @contextlib.asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        await self._take_turn()
        try:
            yield
        finally:
            self._turn.release()

    async def _take_turn(self) -> None:
        try:
            await asyncio.wait_for(self._turn.acquire(), PATIENCE_S if self._is_short() else 0.5)
        except TimeoutError:
            running = self._run.step.value if self._run else Step.SIGN.value
            raise Refused(site_findings.RUNNING(step=running)) from None

    def _is_short(self) -> bool:
        return self._run is None or self._run.step is Step.READ

    # --- steps ----------------------------------------------------------------------------------------------------

    async def start(self, step: Step, unit: int | None, work: Callable[[SiteSession], Awaitable[object]]) -> RunView:
        """Begin a step on the bus; it goes on by itself.

        Raises:
            Refused: if another one is running, or there is no such unit.
        """
        session = self.session
        if unit is not None:
            self.unit(unit)
        await self._take_turn()
        self._runs += 1
        self._run = RunView(number=self._runs, step=step, unit=unit, began_ms=self._clock.now_ms())
        self._task = asyncio.create_task(self._finish(self._run, work(session)), name=f"site-{step.value}")
        self._changed()
        return self._run

    def progress(self, **values: float) -> None:
        """How far the running step is."""
        if self._run is not None:
            self._run = self._run.model_copy(update=values)
            self.feed.changed()

    def stop(self) -> None:
        """End the running step after the question that is out."""
        if self._session is not None and self._run is not None:
            self._session.stop()
            self._run = self._run.model_copy(update={"stopping": True})
            self._changed()

    async def _finish(self, run: RunView, work: Awaitable[object]) -> None:
        problem = None
        try:
            await work
        except TwingridError as error:
            problem = said(error)
        except Exception as error:  # a step must not take the page with it: it is logged, and the page says so
            log.exception("a step of commissioning failed", extra={"step": run.step.value})
            problem = said(error)
        finally:
            stopped = self._run is not None and self._run.stopping
            self._ended = RunEnd(
                number=run.number,
                step=run.step,
                unit=run.unit,
                ended_ms=self._clock.now_ms(),
                stopped=stopped,
                problem=problem,
            )
            self._run = None
            self._turn.release()
            self._changed()


def _address(form: BusForm) -> BusAddress:
    serial = bool(form.serial)
    framing = form.framing
    if serial and framing is Framing.TCP:
        framing = Framing.RTU
    if not serial and not form.host:
        raise SiteError(say.NO_SESSION)
    return BusAddress(
        id=form.id,
        host="" if serial else form.host,
        port=form.port,
        framing=framing,
        serial=form.serial,
        gateway=form.gateway,
    )
