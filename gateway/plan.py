"""From the points that are due to the fewest requests that read them.

Registers of one unit and function are sorted by address and taken into a block as long as the block stays within the
most registers the product answers in one read and runs across nothing that the product does not answer. Whether a block
is allowed does not depend on what else is in it (every part of an allowed block is allowed), so taking as much as
possible each time gives the fewest blocks.

A hole may be crossed when the profile knows every address in it, or when the profile allows holes and this one is short
enough. A register with an exponent is read in one block with it: scale and value must be of one moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.errors import Refused
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
class _Span:
    """Addresses that must come in one response."""

    start: int
    stop: int
    register: Register


def plan(profile: Profile, registers: Iterable[Register]) -> tuple[Request, ...]:
    """The fewest requests that read ``registers`` of one unit, ordered by function and address.

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
        requests += _blocks(profile, function, spans)
    return tuple(requests)


def limit(profile: Profile, function: int) -> int:
    """Most registers (bits) of one read: what the product answers, never more than the protocol carries."""
    return min(profile.max_registers, MAX_REGISTERS) if function in (3, 4) else _bit_limit(profile)


def _bit_limit(profile: Profile) -> int:
    # A profile of registers says nothing about bits: 16 of them travel in one word.
    return min(profile.max_registers * 16, MAX_BITS)


def _span(profile: Profile, register: Register) -> _Span:
    start, stop = register.address, register.stop
    if register.exponent_from:
        exponent = profile.registers[register.exponent_from]
        start, stop = min(start, exponent.address), max(stop, exponent.stop)
    if stop - start > limit(profile, register.function):
        raise Refused(f"register {register.name!r} and its exponent lie too far apart for one read of {profile.key}")
    return _Span(start, stop, register)


def _blocks(profile: Profile, function: int, spans: Sequence[_Span]) -> list[Request]:
    known = _known_addresses(profile, function)
    most = limit(profile, function)
    requests: list[Request] = []
    start, stop, members = spans[0].start, spans[0].stop, [spans[0].register]
    for span in spans[1:]:
        end = max(stop, span.stop)
        if end - start <= most and _may_cross(profile, function, known, stop, span.start):
            stop = end
            members.append(span.register)
            continue
        requests.append(Request(function=function, address=start, count=stop - start, registers=tuple(members)))
        start, stop, members = span.start, span.stop, [span.register]
    requests.append(Request(function=function, address=start, count=stop - start, registers=tuple(members)))
    return requests


def _may_cross(profile: Profile, function: int, known: frozenset[int], stop: int, start: int) -> bool:
    hole = start - stop
    if hole <= 0:
        return True
    if function in (1, 2) and hole > MAX_BIT_HOLE:
        return False
    return hole <= profile.bridge or all(address in known for address in range(stop, start))


def _known_addresses(profile: Profile, function: int) -> frozenset[int]:
    return frozenset(
        address
        for register in profile.registers.values()
        if register.function == function
        for address in range(register.address, register.stop)
    )
