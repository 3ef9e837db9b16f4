"""Device profiles: what a product's registers mean, as data.

A profile describes a product, never an installation: addresses, types, scales, units and the limits that the maker
set. Which registers are read, how often and what they are called is the gateway's configuration. Addresses here count
from 0, as on the wire; a file writes them as the maker does (``base: 0``, ``1`` or ``plc``), and the loader translates.

A bit with a key becomes a register of its own, ``word.bit``, so that a point can be one fault bit of a status word.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from core.alarms import Severity
from core.places import Text
from gateway.product import Evidence, Kind, Quirk

COILS, DISCRETE_INPUTS, HOLDING_REGISTERS, INPUT_REGISTERS = 1, 2, 3, 4
MAX_REGISTERS = 125
MAX_BITS = 2000
"""Most registers and bits one response can carry (Modbus Application Protocol V1.1b3, 6.1 to 6.4)."""


class DataType(StrEnum):
    """How the words of a value are read."""

    BOOL = "bool"
    BITS = "bits"
    ENUM = "enum"
    U16 = "u16"
    S16 = "s16"
    U32 = "u32"
    S32 = "s32"
    U64 = "u64"
    S64 = "s64"
    F32 = "f32"
    F64 = "f64"
    BCD = "bcd"
    STRING = "string"

    @property
    def words(self) -> int:
        """Registers the value takes, unless the register itself says more (see ``WORDS``)."""
        return {"32": 2, "64": 4}.get(self.value[1:], 1)

    @property
    def is_wide_integer(self) -> bool:
        """Whether values may pass 2**53, where a double loses digits."""
        return self in (DataType.U64, DataType.S64)


WORDS: Mapping[DataType, tuple[int, ...]] = MappingProxyType(
    {
        DataType.BITS: (1, 2, 4),
        DataType.ENUM: (1, 2, 4),
        DataType.BCD: (1, 2, 3, 4),
        DataType.STRING: tuple(range(1, MAX_REGISTERS + 1)),
    }
)
"""Types whose number of registers is the register's to say, and how many it may be."""


class Encoding(StrEnum):
    """How the bytes of a string are read."""

    ASCII = "ascii"
    UTF8 = "utf-8"


class Order(StrEnum):
    """Order of the bytes A (most significant) to D of a 32-bit value; 64-bit values alike."""

    ABCD = "ABCD"
    CDAB = "CDAB"
    BADC = "BADC"
    DCBA = "DCBA"


@dataclass(frozen=True, kw_only=True, slots=True)
class Meaning:
    """What one raw value or one bit stands for.

    Attributes:
        text: for people.
        key: for programs; a bit with a key can be read as ``register.key``.
        severity: how bad it is that the value or bit shows; ``None``: it is no fault. A hint for whoever writes a rule.
    """

    text: Text
    key: str = ""
    severity: Severity | None = None


_NO_MEANINGS: Mapping[int, Meaning] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True, slots=True)
class Register:
    """One quantity of a product.

    Attributes:
        name: key of the quantity within the profile.
        function: Modbus function code that reads it, 1 to 4.
        address: protocol address, from 0.
        type: how its words are read.
        order: word and byte order.
        words: registers it takes; 0: as the type says.
        bit: first bit (0 = least significant) for ``bits`` and ``enum``.
        bit_count: number of bits for ``bits`` and ``enum``; 0: all of them.
        scale, divisor, offset: value = raw * scale / divisor * 10**exponent + offset, in ``unit``.
        exponent_from: register holding a power of ten, empty when there is none.
        exponent_sign: +1: value = raw * 10**exponent (SunSpec); -1: value = raw / 10**exponent (decimal places).
        unit: UCUM code.
        absent: raw values, unsigned, that mean "not implemented" or "no sensor".
        sensor_error: raw values, unsigned, with which the product says that a sensor failed.
        low, high: range in ``unit`` outside which the product cannot measure.
        states: raw value to meaning.
        closed: a value that is not among ``states`` is bad; otherwise it is merely unnamed.
        flags: bit to meaning, for status and fault words.
        encoding: of a string.
        label: what people call it, if the words of ``gateway.quantities`` do not fit.
        note: what a technician should know.
        written: the address as the maker writes it.
        part_of: the register whose bit this is; empty for a register of the map itself.
    """

    name: str
    function: int
    address: int
    type: DataType
    order: Order = Order.ABCD
    words: int = 0
    bit: int = 0
    bit_count: int = 1
    scale: float = 1.0
    divisor: float = 1.0
    offset: float = 0.0
    exponent_from: str = ""
    exponent_sign: int = 1
    unit: str = "1"
    absent: tuple[int, ...] = ()
    sensor_error: tuple[int, ...] = ()
    low: float = -math.inf
    high: float = math.inf
    states: Mapping[int, Meaning] = field(default_factory=lambda: _NO_MEANINGS, hash=False)
    closed: bool = False
    flags: Mapping[int, Meaning] = field(default_factory=lambda: _NO_MEANINGS, hash=False)
    encoding: Encoding = Encoding.ASCII
    label: Text | None = None
    note: Text | None = None
    written: str = ""
    part_of: str = ""

    @property
    def width(self) -> int:
        """Registers the value takes."""
        return self.words or self.type.words

    @property
    def reads_bits(self) -> bool:
        """Whether it is a coil or a discrete input."""
        return self.function in (COILS, DISCRETE_INPUTS)

    @property
    def stop(self) -> int:
        """The address after its last word."""
        return self.address + (1 if self.reads_bits else self.width)

    @property
    def scaled(self) -> bool:
        """Whether its value is anything but the raw number."""
        return self.scale != 1 or self.divisor != 1 or self.offset != 0 or bool(self.exponent_from)


@dataclass(frozen=True, kw_only=True, slots=True)
class Hole:
    """Addresses known to be refused: never read across.

    Attributes:
        function: 1 to 4.
        start: first refused protocol address.
        stop: the address after the last.
    """

    function: int
    start: int
    stop: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """A register by whose value a product is known.

    Attributes:
        register: what to read; its range is part of the signature.
        equals: values it may have; empty: any within the range.
        matches: regular expression for the whole of a string; empty: any.
    """

    register: Register
    equals: tuple[int, ...] = ()
    matches: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Identification:
    """How to tell that a device is this product.

    Attributes:
        objects: function 43/14 object id to a regular expression for the whole of its text.
        signatures: registers that all hold.
    """

    objects: Mapping[int, str] = field(default_factory=dict, hash=False)
    signatures: tuple[Signature, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Factory:
    """How the product leaves the factory, where a scan looks first; ``None``: unknown.

    Attributes:
        unit: unit id.
        baud: bit/s.
        parity: ``none``, ``even`` or ``odd``.
        stop_bits: 1 or 2.
    """

    unit: int | None = None
    baud: int | None = None
    parity: str | None = None
    stop_bits: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """A product.

    Attributes:
        key: name of the profile, its file's name.
        maker, model: as on the label.
        source: where the map comes from.
        evidence: how good that source is.
        kind: what the product is for.
        base: how the file counts addresses: ``0``, ``1`` or ``plc``.
        max_registers: most registers the product answers in one read.
        max_bits: most coils or inputs it answers in one read; 0: sixteen a register.
        bridge: most undefined addresses a read may run across; 0: the product refuses them.
        illegal: addresses it is known to refuse, whatever ``bridge`` says.
        timeout_s: longest time to an answer.
        guard_s: silence to keep before the next request.
        turnaround_s: usual time from the end of a request to the beginning of its answer; 0: unknown.
        quirks: in what it differs from the standard.
        identify: how it is known.
        factory: how it leaves the factory.
        note: what a technician should know.
        registers: by name, keyed bits included.
    """

    key: str
    maker: Text
    model: Text
    source: Text
    evidence: Evidence = Evidence.PROJECT
    kind: Kind = Kind.OTHER
    base: str = "0"
    max_registers: int = MAX_REGISTERS
    max_bits: int = 0
    bridge: int = 0
    illegal: tuple[Hole, ...] = ()
    timeout_s: float = 1.0
    guard_s: float = 0.0
    turnaround_s: float = 0.0
    quirks: tuple[Quirk, ...] = ()
    identify: Identification = Identification()
    factory: Factory = Factory()
    note: Text | None = None
    registers: Mapping[str, Register] = field(hash=False)

    @property
    def product(self) -> Text:
        """Maker and model."""
        return Text(zh=f"{self.maker.zh} {self.model.zh}", en=f"{self.maker.en} {self.model.en}")

    @property
    def quantities(self) -> tuple[Register, ...]:
        """The registers of the map itself, without the bits that have a name of their own."""
        return tuple(register for register in self.registers.values() if not register.part_of)

    def refuses(self, function: int, start: int, stop: int) -> bool:
        """Whether any address from ``start`` to before ``stop`` is known to be refused."""
        return any(hole.function == function and hole.start < stop and start < hole.stop for hole in self.illegal)


NO_PROFILE = Profile(
    key="", maker=Text(zh="", en=""), model=Text(zh="", en=""), source=Text(zh="", en=""), registers={}
)
"""What stands for a profile that was not found."""
