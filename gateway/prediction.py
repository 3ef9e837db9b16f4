"""What a configured bus will have to carry, before anything is connected: the bus arithmetic over its poll plans.

On a serial bus a request takes its characters, the device's turnaround and the silences between frames
(``gateway.wiretime``); on TCP only the turnaround is known, and what lies behind a bridge is not. A bus that cannot
keep up is refused when its configuration is loaded; one with little room is named by ``twingrid check`` and at start.
"""

from __future__ import annotations

from typing import Final

from gateway.budget import BusLoad, UnitLoad, bus_load, costs_of, unit_load
from gateway.config import BusConfig, UnitConfig
from gateway.plan import FEWEST_REQUESTS, Costs, plan
from gateway.profile import HOLDING_REGISTERS
from gateway.transport import SerialTransport, Transport, with_guard
from gateway.wiretime import request_s

SERIAL_TURNAROUND_S: Final = 0.03
"""From request to answer, where nothing was measured: meters take 5 to 100 ms, most about 30."""
TCP_TURNAROUND_S: Final = 0.005


def costs(transport: Transport, turnaround_s: float = 0.0) -> Costs:
    """Seconds that a request and a register cost a bus.

    Args:
        transport: the bus.
        turnaround_s: of the device, as measured; 0: not known.
    """
    usual_s = SERIAL_TURNAROUND_S if isinstance(transport, SerialTransport) else TCP_TURNAROUND_S
    found = costs_of(lambda count: request_s(transport, HOLDING_REGISTERS, count, turnaround_s or usual_s))
    # Where registers cost nothing that is known of, fewer of them are still better.
    return Costs(request=found.request, item=max(found.item, FEWEST_REQUESTS.item * found.request))


def predict(bus: BusConfig) -> BusLoad:
    """The load of a bus by its configuration."""
    return bus_load([_unit(bus.transport, unit) for unit in bus.units])


def _unit(transport: Transport, unit: UnitConfig) -> UnitLoad:
    seconds = costs(with_guard(transport, unit.profile.guard_s), unit.profile.turnaround_s)
    rounds = []
    for interval_ms in sorted({point.interval_ms for point in unit.points}):
        due = {point.register.name: point.register for point in unit.points if point.interval_ms == interval_ms}
        rounds.append((interval_ms, plan(unit.profile, due.values(), costs=seconds)))
    return unit_load(unit.name, rounds, seconds)
