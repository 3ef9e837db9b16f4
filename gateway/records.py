"""The as-built records of a running gateway: a newer one is taken up, and with it every unit begins as it was signed.

A record that cannot be read any more is said once, and the one before goes on holding: what was signed does not become
unsigned because a file is gone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from core.errors import Refused
from gateway import as_built
from gateway.bus import Bus
from gateway.witness import Contradiction, Witness

log = logging.getLogger(__name__)


class Records:
    """Keeps the witnesses of the buses' units; one for a set of drivers."""

    def __init__(self, buses: Sequence[Bus]) -> None:
        """Nothing was read yet."""
        self._buses = [bus for bus in buses if bus.config.record is not None]
        self._stamps: dict[str, tuple[int, int]] = {}
        self._digests: dict[str, str] = {}
        self._told: dict[tuple[str, int], frozenset[Contradiction]] = {}

    async def refresh(self) -> None:
        """Take up records that are new, and say what has begun or ended to speak against a unit."""
        for bus in self._buses:
            await self._take_up(bus)
            for unit in bus.units:
                if unit.witness is not None:
                    self._tell(bus, unit.config.unit, unit.config.name, frozenset(unit.witness.contradictions))

    async def _take_up(self, bus: Bus) -> None:
        path = bus.config.record
        if path is None:
            return
        stamp = await asyncio.to_thread(as_built.stamp, path)
        if stamp == self._stamps.get(bus.config.id):
            return
        self._stamps[bus.config.id] = stamp
        try:
            signed = await asyncio.to_thread(as_built.load, path)
        except Refused as error:
            log.warning("as-built record is not used", extra={"bus": bus.config.id, "why": str(error)})
            return
        if signed.digest == self._digests.get(bus.config.id):
            return
        self._digests[bus.config.id] = signed.digest
        log.info("as-built record is held against the bus", extra={"bus": bus.config.id, "digest": signed.digest[:16]})
        for unit in bus.units:
            one = signed.units.get(unit.config.unit)
            unit.witness = Witness(one, unit.config) if one is not None else None

    def _tell(self, bus: Bus, number: int, name: str, found: frozenset[Contradiction]) -> None:
        before = self._told.get((bus.config.id, number), frozenset())
        self._told[bus.config.id, number] = found
        place = {"bus": bus.config.id, "unit": name}
        for one in found - before:
            log.warning("unit contradicts its record", extra={**place, "doubt": one.doubt.value, "why": one.text.en})
        if before and not found:
            log.info("unit agrees with its record again", extra=place)
