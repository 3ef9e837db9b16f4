"""What the settings of a serial line mean in time: characters and silences (Modbus over Serial Line V1.02, 2.5.1.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_SILENT_CHARACTERS: Final = 3.5
_FIXED_SILENCE_S: Final = 0.00175
_FASTEST_COUNTED_BAUD: Final = 19200
_TEXT: Final = re.compile(r"(\d+)\s+([78])([NEO])([12])")


class Parity(StrEnum):
    """Parity bit of a character."""

    NONE = "N"
    EVEN = "E"
    ODD = "O"


@dataclass(frozen=True, kw_only=True)
class LineSettings:
    """Speed and character format of a serial line.

    Attributes:
        baud: bits per second.
        parity: parity bit, or none.
        data_bits: 8 for RTU, 7 or 8 for ASCII.
        stop_bits: 1 or 2.
    """

    baud: int = 9600
    parity: Parity = Parity.NONE
    data_bits: int = 8
    stop_bits: int = 1

    @classmethod
    def parse(cls, text: str) -> LineSettings:
        """Reads the usual short form, such as "9600 8N1".

        Raises:
            ValueError: it is not of that form.
        """
        match = _TEXT.fullmatch(text.strip().upper())
        if match is None or not 50 <= int(match[1]) <= 4_000_000:
            raise ValueError(f"line settings must look like '9600 8N1', not {text!r}")
        return cls(baud=int(match[1]), data_bits=int(match[2]), parity=Parity(match[3]), stop_bits=int(match[4]))

    @property
    def text(self) -> str:
        """The usual short form."""
        return f"{self.baud} {self.data_bits}{self.parity}{self.stop_bits}"

    @property
    def bits_per_character(self) -> int:
        """Start bit, data, parity and stop bits."""
        return 1 + self.data_bits + (self.parity is not Parity.NONE) + self.stop_bits

    @property
    def character_s(self) -> float:
        """Time of one character on the wire."""
        return self.bits_per_character / self.baud

    @property
    def silence_s(self) -> float:
        """Silence that separates two RTU frames: 3.5 characters, above 19200 baud a fixed 1.75 ms."""
        return _FIXED_SILENCE_S if self.baud > _FASTEST_COUNTED_BAUD else _SILENT_CHARACTERS * self.character_s
