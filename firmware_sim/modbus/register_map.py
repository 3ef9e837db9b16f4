"""A product's register map as data, and the reading of it.

A map lists what exists; everything else is a hole and is refused with exception 2, as real devices do. Addresses are
zero-based protocol addresses, what goes on the wire.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from firmware_sim.encoding import DataType, WordOrder, encode, to_raw, word_count


class Table(IntEnum):
    """The four address spaces, numbered by the function code that reads them."""

    COILS = 1
    DISCRETE_INPUTS = 2
    HOLDING_REGISTERS = 3
    INPUT_REGISTERS = 4


class ModbusRefusalError(Exception):
    """A request that is answered with an exception code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code}")
        self.code = code


ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, TARGET_FAILED = 1, 2, 3, 11


@dataclass(frozen=True, kw_only=True)
class Register:
    """One quantity of a map.

    Attributes:
        name: unique inside the product.
        table: address space.
        address: first address, zero-based.
        data_type: type of the raw value.
        scale: engineering value = raw x scale.
        unit: UCUM code of the engineering value; "1" for numbers and states.
        word_order: order of bytes of values wider than 16 bits.
        invalid: raw code for "not available"; None: the product has none.
        note: what a reader of the map must know.
    """

    name: str
    table: Table
    address: int
    data_type: DataType
    scale: float = 1.0
    unit: str = "1"
    word_order: WordOrder = WordOrder.ABCD
    invalid: int | None = None
    note: str = ""

    @property
    def width(self) -> int:
        """Addresses the value takes."""
        return word_count(self.data_type)


@dataclass(frozen=True, kw_only=True)
class Identification:
    """Objects of Read Device Identification (function 43, MEI type 14).

    Attributes:
        vendor, product_code, revision: the basic objects 0 to 2, which every device with the function has.
        url, product_name, model_name, application: the regular objects 3 to 6; empty: it has none.
        private: objects of the maker, 0x80 to 0xFF; any: the conformity level is "extended".
        basic: the level is "basic": regular objects are not told even if somebody asks.
    """

    vendor: str
    product_code: str
    revision: str
    url: str = ""
    product_name: str = ""
    model_name: str = ""
    application: str = ""
    private: Mapping[int, str] = field(default_factory=dict)
    basic: bool = False

    @property
    def conformity(self) -> int:
        """Level as it stands in an answer: 0x81 basic, 0x82 regular, 0x83 extended, all with individual access."""
        if self.private:
            return 0x83
        return 0x81 if self.basic else 0x82

    def objects(self) -> dict[int, bytes]:
        """Object id to value, without empty optional objects."""
        basic = {0: self.vendor, 1: self.product_code, 2: self.revision}
        regular = {3: self.url, 4: self.product_name, 5: self.model_name, 6: self.application}
        optional = {} if self.basic else regular | dict(self.private)
        return {key: text.encode() for key, text in (basic | optional).items() if text or key < 3}


@dataclass(frozen=True, kw_only=True)
class Product:
    """A maker's product and its map.

    Attributes:
        key: id of the map, `maker-model` in small letters.
        maker, model: as printed on the label.
        registers: the map.
        reference: where the map comes from.
        max_registers: most registers per request the product answers; more is exception 3.
        whole_values: True: a request may not begin or end inside a value (exception 2).
        identification: None: the product does not know function 43 (exception 1).
        note: what must be said about the map.
    """

    key: str
    maker: str
    model: str
    registers: tuple[Register, ...]
    reference: str
    max_registers: int = 125
    whole_values: bool = False
    identification: Identification | None = None
    note: str = ""
    _layout: dict[Table, dict[int, tuple[Register, int]]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        layout: dict[Table, dict[int, tuple[Register, int]]] = {}
        for register in self.registers:
            space = layout.setdefault(register.table, {})
            for word in range(register.width):
                if register.address + word in space:
                    msg = f"{self.key}: {register.name} overlaps another register at {register.address + word:#x}"
                    raise ValueError(msg)
                space[register.address + word] = (register, word)
        if len({r.name for r in self.registers}) != len(self.registers):
            msg = f"{self.key}: register names must be unique"
            raise ValueError(msg)
        object.__setattr__(self, "_layout", layout)

    def register(self, name: str) -> Register:
        """The register called `name`.

        Raises:
            KeyError: the map has none of that name.
        """
        for register in self.registers:
            if register.name == name:
                return register
        raise KeyError(f"{self.key} has no register {name!r}")

    def cells(self, table: Table, address: int, count: int) -> Sequence[tuple[Register, int]]:
        """(register, word inside it) for every address of a request.

        Raises:
            ModbusRefusalError: the product lacks the table (1), wants fewer registers (3) or an address is a hole (2).
        """
        space = self._layout.get(table)
        if space is None:
            raise ModbusRefusalError(ILLEGAL_FUNCTION)
        if table >= Table.HOLDING_REGISTERS and count > self.max_registers:
            raise ModbusRefusalError(ILLEGAL_VALUE)
        try:
            cells = [space[a] for a in range(address, address + count)]
        except KeyError:
            raise ModbusRefusalError(ILLEGAL_ADDRESS) from None
        if self.whole_values and (cells[0][1] != 0 or cells[-1][1] != cells[-1][0].width - 1):
            raise ModbusRefusalError(ILLEGAL_ADDRESS)
        return cells


def read_words(cells: Sequence[tuple[Register, int]], value_of: Callable[[Register], float]) -> bytes:
    """The register bytes of a request; each value is evaluated once, so its words belong together."""
    answer = bytearray()
    current: Register | None = None
    encoded = b""
    for register, word in cells:
        if register is not current:
            current = register
            raw = to_raw(value_of(register), register.data_type, register.scale, register.invalid)
            encoded = encode(raw, register.data_type, register.word_order)
        answer += encoded[2 * word : 2 * word + 2]
    return bytes(answer)


def read_bits(cells: Sequence[tuple[Register, int]], value_of: Callable[[Register], float]) -> list[int]:
    """The bits of a request."""
    return [int(to_raw(value_of(register), DataType.BIT, 1.0, None)) for register, _ in cells]
