"""From the points that are due to the cheapest requests that read them.

Registers of one unit and function are sorted by address and cut into blocks. A block is allowed as long as it stays
within the most registers the product answers in one read and runs across nothing that the product does not answer:
every part of an allowed block is allowed. Among all ways to cut, the one that costs the bus least is taken, by dynamic
programming over the sorted registers: each request costs its frames and the device's turnaround, each register the
bytes it takes. Where nothing is known of the bus, that is the fewest requests, and among those the fewest registers.

A hole may be crossed when the profile knows every address in it, when a read across it was answered before, or when the
profile allows holes and this one is short enough; never when it holds an address that made a read fail
(``gateway.knowledge``). A register with an exponent is read in one block with it, so that scale and value are of one
moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.errors import Refused
from gateway.knowledge import UnitKnowledge
from gateway.product import Quirk
from gateway.profile import MAX_BITS, MAX_REGISTERS, Profile, Register

ALLOWED_FUNCTIONS = frozenset({1, 2, 3, 4, 43})
"""The function codes that may leave a gateway: reads, and the identification of a device. Never a write."""

MAX_BIT_HOLE = 64
"""Bits read needlessly within one request; beyond it a hole costs more than a request saves."""


def check_function(function: int) -> None:
    """The one gate through which every request to a device goes.

    Raises:
        Refused: if the function code is not a read.
    """
    if function not in ALLOWED_FUNCTIONS:
        raise Refused(f"function code {function} never leaves a gateway; only {sorted(ALLOWED_FUNCTIONS)} do")


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One read.

    Attributes:
        function: 1 to 4.
        address: first address.
        count: registers, or bits for functions 1 and 2.
        registers: what it reads, in ascending order of address.
    """

    function: int
    address: int
    count: int
    registers: tuple[Register, ...]


@dataclass(frozen=True, slots=True)
class Costs:
    """What reads cost a bus, in any one unit of time.

    Attributes:
        request: each request.
        item: each register (or bit) in it.
    """

    request: float = 1.0
    item: float = 1e-6


FEWEST_REQUESTS = Costs()
_SAME = 1e-12


@dataclass(frozen=True, slots=True)
class _Span:
    """Addresses that must come in one response."""

    start: int
    stop: int
    register: Register


def plan(
    profile: Profile,
    registers: Iterable[Register],
    known: Mapping[int, UnitKnowledge] | None = None,
    costs: Costs = FEWEST_REQUESTS,
) -> tuple[Request, ...]:
    """The cheapest requests that read ``registers`` of one unit, ordered by function and address.

    Args:
        profile: the product.
        registers: what is wanted.
        known: by function code, what the unit was found to answer and to refuse.
        costs: what requests and registers cost the bus.

    Raises:
        Refused: if a register with its exponent does not fit one read.
    """
    requests: list[Request] = []
    chosen = list(registers)
    for function in sorted({register.function for register in chosen}):
        check_function(function)
        spans = sorted(
            (_span(profile, register) for register in chosen if register.function == function),
            key=lambda span: (span.start, span.stop),
        )
        learned = known.get(function) if known else None
        requests += _cheapest(_Terms(profile, function, learned), spans, costs)
    return tuple(requests)


def limit(profile: Profile, function: int) -> int:
    """Most registers (bits) of one read: what the product answers, never more than the protocol carries."""
    return min(profile.max_registers, MAX_REGISTERS) if function in (3, 4) else _bit_limit(profile)


def _bit_limit(profile: Profile) -> int:
    # A profile of registers says nothing about bits: 16 of them travel in one word.
    return min(profile.max_bits or profile.max_registers * 16, MAX_BITS)


def _span(profile: Profile, register: Register) -> _Span:
    start, stop = register.address, register.stop
    if register.exponent_from:
        exponent = profile.registers[register.exponent_from]
        start, stop = min(start, exponent.address), max(stop, exponent.stop)
    if stop - start > limit(profile, register.function):
        raise Refused(f"register {register.name!r} and its exponent lie too far apart for one read of {profile.key}")
    return _Span(start, stop, register)


class _Terms:
    """What one function code of a unit may be asked for."""

    def __init__(self, profile: Profile, function: int, learned: UnitKnowledge | None) -> None:
        self.most = limit(profile, function)
        self._bridge = profile.bridge if function in (3, 4) else min(profile.bridge, MAX_BIT_HOLE)
        self._profile, self._function = profile, function
        self._single = Quirk.NEEDS_SINGLE_READS in profile.quirks
        self._known = _known_addresses(profile, function)
        self._barred: frozenset[int] = frozenset()
        self._cuts: frozenset[int] = frozenset()
        self._longest_hole = MAX_REGISTERS if function in (3, 4) else MAX_BIT_HOLE
        if learned is not None:
            self._known = self._known | learned.model.legal
            self._barred, self._cuts = learned.barred, learned.cuts
            self.most = min(self.most, learned.model.longest or self.most)

    def joins(self, start: int, stop: int, span: _Span) -> bool:
        """Whether a block from ``start`` to ``stop`` may be extended to take in ``span``."""
        if max(stop, span.stop) - start > self.most or any(start < cut <= span.start for cut in self._cuts):
            return False
        if self._single and span.stop > stop:
            return False
        if self._profile.refuses(self._function, start, max(stop, span.stop)):
            return False
        if self._barred and not self._barred.isdisjoint(range(start, max(stop, span.stop))):
            return False
        hole = span.start - stop
        if hole <= 0:
            return True
        if hole > self._longest_hole:
            return False
        return hole <= self._bridge or all(address in self._known for address in range(stop, span.start))


def _cheapest(terms: _Terms, spans: Sequence[_Span], costs: Costs) -> list[Request]:
    """The cut into allowed blocks whose sum of costs is least."""
    count = len(spans)
    # cheapest[i]: cost of reading spans i…; best[i]: the first span after the block that begins with i, and its stop
    cheapest = [0.0] * (count + 1)
    best: list[tuple[int, int]] = [(0, 0)] * count
    for first in reversed(range(count)):
        start, stop = spans[first].start, spans[first].stop
        cheapest[first] = float("inf")
        for last in range(first, count):
            if last > first and not terms.joins(start, stop, spans[last]):
                break
            stop = max(stop, spans[last].stop)
            cost = costs.request + costs.item * (stop - start) + cheapest[last + 1]
            if cost <= cheapest[first] + _SAME:  # of equal ways the one with the longest blocks first
                cheapest[first], best[first] = cost, (last + 1, stop)
    requests = []
    first = 0
    while first < count:
        after, stop = best[first]
        start = spans[first].start
        members = tuple(span.register for span in spans[first:after])
        function = members[0].function
        requests.append(Request(function=function, address=start, count=stop - start, registers=members))
        first = after
    return requests


def pieces(profile: Profile, request: Request) -> tuple[tuple[int, int], ...]:
    """The ranges of a request that must each be read in one piece, in ascending order."""
    spans = sorted((span.start, span.stop) for span in (_span(profile, register) for register in request.registers))
    return tuple(spans)


def _known_addresses(profile: Profile, function: int) -> frozenset[int]:
    return frozenset(
        address
        for register in profile.registers.values()
        if register.function == function
        for address in range(register.address, register.stop)
    )
