"""Device profiles: what a product's registers mean, as data.

A profile describes a product, never an installation: addresses, types, scales, units and the limits that the maker
set. Which registers are read, how often and what they are called is the gateway's configuration. Addresses count from
0, as on the wire; a file may say ``base: 1`` where a manual counts from 1 (PLC numbers), and the loader takes one off.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

COILS, DISCRETE_INPUTS, HOLDING_REGISTERS, INPUT_REGISTERS = 1, 2, 3, 4
MAX_REGISTERS = 125
MAX_BITS = 2000
"""Most registers and bits one response can carry (Modbus Application Protocol V1.1b3, 6.1 to 6.4)."""


class DataType(StrEnum):
    """How the words of a value are read."""

    BOOL = "bool"
    BITS = "bits"
    U16 = "u16"
    S16 = "s16"
    U32 = "u32"
    S32 = "s32"
    U64 = "u64"
    S64 = "s64"
    F32 = "f32"
    F64 = "f64"

    @property
    def words(self) -> int:
        """Registers the value takes."""
        return {"32": 2, "64": 4}.get(self.value[1:], 1)

    @property
    def is_wide_integer(self) -> bool:
        """Whether values may pass 2**53, where a double loses digits."""
        return self in (DataType.U64, DataType.S64)


class Order(StrEnum):
    """Order of the bytes A (most significant) to D of a 32-bit value; 64-bit values alike."""

    ABCD = "ABCD"
    CDAB = "CDAB"
    BADC = "BADC"
    DCBA = "DCBA"


@dataclass(frozen=True, kw_only=True, slots=True)
class Register:
    """One quantity of a product.

    Attributes:
        name: key of the quantity within the profile.
        function: Modbus function code that reads it, 1 to 4.
        address: protocol address, from 0.
        type: how its words are read.
        order: word and byte order.
        bit: first bit (0 = least significant) for ``bits``.
        bit_count: number of bits for ``bits``.
        scale, offset: value = raw * scale + offset, in ``unit``.
        exponent_from: register holding a power of ten, empty when there is none.
        exponent_sign: +1: value = raw * 10**exponent (SunSpec); -1: value = raw / 10**exponent (decimal places).
        unit: UCUM code.
        absent: raw values, unsigned, that mean "not implemented" or "no sensor".
        low, high: range in ``unit`` outside which the product cannot measure.
        note: what a technician should know.
    """

    name: str
    function: int
    address: int
    type: DataType
    order: Order = Order.ABCD
    bit: int = 0
    bit_count: int = 1
    scale: float = 1.0
    offset: float = 0.0
    exponent_from: str = ""
    exponent_sign: int = 1
    unit: str = "1"
    absent: tuple[int, ...] = ()
    low: float = -math.inf
    high: float = math.inf
    note: str = ""

    @property
    def stop(self) -> int:
        """The address after its last word."""
        return self.address + (self.type.words if self.function in (HOLDING_REGISTERS, INPUT_REGISTERS) else 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """A product.

    Attributes:
        key: name of the profile, its file's name.
        maker, model: as on the label.
        source: where the map comes from.
        max_registers: most registers (or bits) the product answers in one read.
        bridge: most undefined addresses a read may run across; 0: the product refuses them.
        timeout_s: longest time to an answer.
        guard_s: silence to keep before the next request.
        registers: by name.
    """

    key: str
    maker: str
    model: str
    source: str
    max_registers: int = MAX_REGISTERS
    bridge: int = 0
    timeout_s: float = 1.0
    guard_s: float = 0.0
    registers: Mapping[str, Register]
