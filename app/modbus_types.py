"""The data types of mbpoll's ``-t`` and how words are shown in them. Values in, values out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from gateway.lines.checksum import crc16
from gateway.profile import COILS, DISCRETE_INPUTS, HOLDING_REGISTERS, INPUT_REGISTERS, DataType, Order
from gateway.site_survey.forms import Form, values

TABLES: Final = {"0": COILS, "1": DISCRETE_INPUTS, "3": INPUT_REGISTERS, "4": HOLDING_REGISTERS}
"""mbpoll's numbers of the four tables."""
_FORMS: Final = {
    "": DataType.U16, "uint16": DataType.U16, "int16": DataType.S16, "hex": DataType.U16,
    "int": DataType.S32, "uint": DataType.U32, "float": DataType.F32,
    "int64": DataType.S64, "uint64": DataType.U64, "double": DataType.F64, "string": DataType.U16,
}  # fmt: skip
KNOWN: Final = "0, 1, 3, 4; " + ", ".join(f":{name}" for name in _FORMS if name)


@dataclass(frozen=True, slots=True)
class Reading:
    """How values are asked for and shown.

    Attributes:
        function: Modbus function code.
        type: of each value.
        order: of its words.
        shape: ``hex`` and ``string`` are shown so; empty: as a number.
    """

    function: int
    type: DataType = DataType.U16
    order: Order = Order.CDAB
    shape: str = ""

    @property
    def reads_bits(self) -> bool:
        """Coils and inputs."""
        return self.function in (COILS, DISCRETE_INPUTS)

    @property
    def words(self) -> int:
        """Registers of one value (bits: one)."""
        return 1 if self.reads_bits else self.type.words

    @property
    def most(self) -> int:
        """Most values of one read."""
        return 2000 if self.reads_bits else 125 // self.words


@dataclass(frozen=True, slots=True)
class Value:
    """One value: its reference, its words in hexadecimal, and the value as text and number."""

    reference: int
    hex: str
    text: str
    number: float | None


def reading(text: str, big_endian: bool) -> Reading:
    """From mbpoll's ``-t`` and ``-B``; like mbpoll the low word comes first unless ``-B`` is given.

    Raises:
        ValueError: if there is no such type.
    """
    table, _, name = text.partition(":")
    if table not in TABLES or name not in _FORMS or (name and table in "01"):
        raise ValueError(text)
    shape = name if name in ("hex", "string") else ""
    return Reading(TABLES[table], _FORMS[name], Order.ABCD if big_endian else Order.CDAB, shape)


def shown(data: bytes, how: Reading, count: int, first: int) -> tuple[Value, ...]:
    """The values of an answer.

    Args:
        data: its data bytes.
        how: see there.
        count: values asked for.
        first: reference of the first.
    """
    if how.reads_bits:
        bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[:count].tolist()
        return tuple(Value(first + index, str(bit), str(bit), bit) for index, bit in enumerate(bits))
    words = np.frombuffer(data, ">u2").astype(np.uint16)
    if how.shape == "string":
        text = data.decode("latin-1").rstrip("\0 ")
        printable = "".join(sign if sign.isprintable() else "." for sign in text)
        return (Value(first, data.hex(" ", 2).upper(), printable, None),)
    column = values(words, Form(how.type, how.order if how.words > 1 else Order.ABCD))
    found = []
    for index in range(count):
        start = index * how.words
        raw = " ".join(f"{word:04X}" for word in words[start : start + how.words].tolist())
        number = float(column[start])
        text = f"0x{words[start]:04X}" if how.shape == "hex" else _text(number, how.type)
        found.append(Value(first + start, raw, text, number if np.isfinite(number) else None))
    return tuple(found)


def _text(number: float, kind: DataType) -> str:
    if not np.isfinite(number):
        return "nan"
    return f"{number:.7g}" if kind in (DataType.F32, DataType.F64) else str(int(number))


def pasted(texts: Sequence[str]) -> tuple[int, ...]:
    """Words from pasted hexadecimal; of a whole RTU answer (its CRC fits) the data is taken.

    Raises:
        ValueError: if it is none, or not of whole words.
    """
    text = re.sub(r"0[xX]|[\s,;:\-]+", "", " ".join(texts))
    data = bytes.fromhex(text)
    if len(data) >= 7 and crc16(data) == 0 and data[1] in (HOLDING_REGISTERS, INPUT_REGISTERS):
        data = data[3:-2] if data[2] == len(data) - 5 else data
    if not data or len(data) % 2:
        raise ValueError(text)
    return tuple(int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2))
