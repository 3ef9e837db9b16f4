"""How much of a bus its polls take: predicted before anything is connected, and summed up from what was measured.

A request takes its frames on the wire and the device's turnaround; a unit takes the sum over its intervals of what one
round costs, divided by the interval. Rounds of several intervals that coincide share requests, so the prediction is an
upper bound. No I/O and no clock.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.plan import Costs, Request

Round = tuple[int, Sequence[Request]]
"""A poll interval in ms, and the requests of one round."""

TIGHT_PERCENT = 80.0
"""Beyond this a bus has too little room for repeats, probes and one slow device."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitLoad:
    """What one unit asks of its bus.

    Attributes:
        name: the unit.
        percent: share of the bus's time.
        requests_per_s: on the average.
        round_s: seconds of a round that reads every point once.
    """

    name: str
    percent: float
    requests_per_s: float
    round_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class BusLoad:
    """What all units of a bus ask of it.

    Attributes:
        units: each of them.
        percent: share of the bus's time; more than 100 cannot be had.
        round_s: seconds in which every point could be read once.
    """

    units: tuple[UnitLoad, ...]
    percent: float
    round_s: float

    @property
    def fits(self) -> bool:
        """Whether the bus can keep up at all."""
        return self.percent <= 100

    @property
    def tight(self) -> bool:
        """Whether it can, with no room to spare."""
        return TIGHT_PERCENT < self.percent <= 100


def unit_load(name: str, rounds: Sequence[Round], costs: Costs) -> UnitLoad:
    """The load of one unit.

    Args:
        name: the unit.
        rounds: its intervals and what is read in each.
        costs: seconds of a request and of a register on its bus.
    """
    seconds = [(interval_ms / 1000, len(requests), _seconds(requests, costs)) for interval_ms, requests in rounds]
    return UnitLoad(
        name=name,
        percent=100 * sum(busy_s / interval_s for interval_s, _, busy_s in seconds),
        requests_per_s=sum(count / interval_s for interval_s, count, _ in seconds),
        round_s=sum(busy_s for _, _, busy_s in seconds),
    )


def bus_load(units: Sequence[UnitLoad]) -> BusLoad:
    """The load of a bus with these units."""
    return BusLoad(
        units=tuple(units),
        percent=sum(unit.percent for unit in units),
        round_s=sum(unit.round_s for unit in units),
    )


def costs_of(request_s: Callable[[int], float]) -> Costs:
    """The costs of a bus from its arithmetic: ``request_s(n)`` is the seconds of a read of n registers, linear in n."""
    one, many = request_s(1), request_s(101)
    item = (many - one) / 100
    return Costs(request=one - item, item=item)


def _seconds(requests: Sequence[Request], costs: Costs) -> float:
    return sum(costs.request + costs.item * request.count for request in requests)
