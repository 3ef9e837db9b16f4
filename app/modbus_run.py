"""The commands ``modbus read|watch|scan`` at work: questions on a bus, values on the screen, statistics at the end."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import typer

from app.console import Speaker
from app.exits import Exit
from app.modbus_types import Reading, Value, shown
from app.site_run import interrupted, show_json
from app.site_show import progress
from core.clock import SystemClock
from gateway.lines.base import Answer, Failure
from gateway.site_bus import SiteBus, Traffic
from gateway.site_search import Search
from gateway.site_survey.scan import ALL_UNITS, Found, Setting
from gateway.site_survey.state import BusAddress, SearchState, plain
from gateway.transport import Framing, Parity


@dataclass(frozen=True, kw_only=True, slots=True)
class Wire:
    """How the device is reached, as mbpoll's options say it; mbpoll's default on serial is 19200 8E1."""

    device: str
    mode: str = ""
    port: int = 502
    baud: int = 19200
    parity: str = "even"
    stop_bits: int = 1
    timeout_s: float = 1.0

    def bus(self, speaker: Speaker) -> tuple[BusAddress, Setting]:
        """The bus and its setting.

        Raises:
            typer.BadParameter: if a mode or parity is none.
        """
        serial = bool(re.match(r"/|COM\d|tty", self.device))
        mode = self.mode or ("rtu" if serial else "tcp")
        if mode not in list(Framing):
            raise typer.BadParameter(speaker.say("modbus.usage.mode"))
        if not serial:
            return BusAddress(host=self.device, port=self.port, framing=Framing(mode)), Setting()
        parities = {one.value[0]: one for one in Parity}
        parity = parities.get(self.parity[:1].lower())
        if parity is None:
            raise typer.BadParameter(speaker.say("site.usage.setting", text=repr(self.parity)))
        return BusAddress(serial=self.device, framing=Framing(mode)), Setting(self.baud, parity, self.stop_bits)


@dataclass(frozen=True, kw_only=True, slots=True)
class Poll:
    """What is read.

    Attributes:
        units: unit ids, one after the other.
        how: types.
        address: protocol address, from 0.
        base: what is added for the references shown.
        count: values.
        polls: how many rounds; 0: until Ctrl-C.
        rate_s: between two rounds.
        marks: whether changed values are marked.
    """

    units: tuple[int, ...]
    how: Reading
    address: int
    base: int
    count: int
    polls: int
    rate_s: float
    marks: bool = False


@dataclass(slots=True)
class _Seen:
    """The last values of each unit, and the last result for JSON."""

    before: dict[int, tuple[Value, ...]] = field(default_factory=dict)
    results: dict[int, dict[str, Any]] = field(default_factory=dict)


def poll(speaker: Speaker, wire: Wire, what: Poll, as_json: bool) -> Exit:
    """Read and show until it is enough; then the closing statistics."""
    address, setting = wire.bus(speaker)
    bus = SiteBus(address, SystemClock(), least_pause_s=0.0)
    seen = _Seen()

    async def work() -> None:
        over = asyncio.Event()
        try:
            await bus.open(setting)
            with interrupted(over.set):
                number = 0
                while not over.is_set() and (not what.polls or number < what.polls):
                    if number:
                        await _pause(over, what.rate_s)
                    number += 1
                    for unit in what.units if not over.is_set() else ():
                        await _round(speaker, bus, setting, unit, what, wire.timeout_s, seen, as_json)
        finally:
            bus.close()

    asyncio.run(work())
    if as_json:
        show_json(speaker, {"units": list(seen.results.values()), "statistics": statistics(bus.traffic)})
    else:
        closing(speaker, wire.device, bus.traffic)
    return Exit.FINDING if bus.traffic.errors else Exit.OK


async def _pause(over: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(over.wait(), seconds)
    except TimeoutError:
        return


async def _round(
    speaker: Speaker, bus: SiteBus, setting: Setting, unit: int, what: Poll, timeout_s: float, seen: _Seen,
    as_json: bool,
) -> None:  # fmt: skip
    how = what.how
    outcome = await bus.ask(unit, how.function, what.address, what.count * how.words, timeout_s, setting)
    result: dict[str, Any] = {"unit": unit, "function": how.function, "address": what.address}
    if isinstance(outcome, Failure):
        why = failure(speaker, outcome)
        seen.results[unit] = result | {
            "error": outcome.reason.name.lower(),
            "exception": outcome.exception,
            "values": [],
        }
        if not as_json:
            speaker.error(speaker.say("modbus.failed", unit=unit, why=why))
        return
    found = shown(outcome.data, how, what.count, what.address + what.base)
    seen.results[unit] = result | {"error": None, "exception": 0, "values": plain(found)}
    if not as_json:
        _show(speaker, unit, outcome, found, seen.before.get(unit) if what.marks else None)
    seen.before[unit] = found


def _show(speaker: Speaker, unit: int, answer: Answer, found: Sequence[Value], before: Sequence[Value] | None) -> None:
    speaker.out.print(speaker.say("modbus.polling", unit=unit))
    old = {value.reference: value.text for value in before or found}
    for value in found:
        mark = "  *" if old.get(value.reference) != value.text else ""
        speaker.out.print(f"[{value.reference}]:\t{value.text}\t{value.hex}{mark}", markup=False, highlight=False)


def failure(speaker: Speaker, outcome: Failure) -> str:
    """Why there was no value."""
    if outcome.exception:
        return speaker.say("modbus.exception", code=outcome.exception)
    return speaker.say(f"reason.{outcome.reason.name}")


def statistics(traffic: Traffic) -> dict[str, float]:
    """The numbers of mbpoll's closing line."""
    loss = 100 * (traffic.sent - traffic.received) / traffic.sent if traffic.sent else 0.0
    return {"sent": traffic.sent, "received": traffic.received, "errors": traffic.errors, "loss_percent": loss}


def closing(speaker: Speaker, device: str, traffic: Traffic) -> None:
    """The closing statistics."""
    speaker.out.print(speaker.say("modbus.statistics", device=device), markup=False)
    text = speaker.say(
        "modbus.frames",
        sent=traffic.sent,
        received=traffic.received,
        errors=traffic.errors,
        loss=statistics(traffic)["loss_percent"],
    )
    speaker.out.print(text, markup=False)


def scan(speaker: Speaker, wire: Wire, units: tuple[int, ...], settings: Sequence[Setting], as_json: bool) -> Exit:
    """Look for units, without a session."""
    address, setting = wire.bus(speaker)
    bus = SiteBus(address, SystemClock())
    state = SearchState(
        settings=tuple(settings) or (setting,), units=units or ALL_UNITS, timeout_s=wire.timeout_s, thorough=False
    )
    search = Search(bus, state, SystemClock())
    found: list[Found] = []

    def stop() -> None:
        bus.stopping = True

    async def work() -> None:
        try:
            with interrupted(stop):
                await search.run(found.append, lambda now, unit: progress(speaker, now, unit), lambda: None)
        finally:
            bus.close()

    asyncio.run(work())
    if as_json:
        show_json(speaker, {"units": found, "statistics": statistics(bus.traffic)})
    else:
        for one in found:
            key = "site.found" if one.sure else "site.unsure"
            speaker.out.print(speaker.say(key, unit=one.unit, setting=one.setting, ms=1000 * one.response_s))
        closing(speaker, wire.device, bus.traffic)
    return Exit.OK if found else Exit.FINDING
