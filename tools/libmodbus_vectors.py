"""Golden words for the profiles, laid out by libmodbus and never by an encoder of ours.

A vector of ``tests/golden/profiles/*.yaml`` that no maker's document gives says under ``put`` what the registers hold;
this fills in its ``words`` (or ``data``, for coils and inputs) with libmodbus, and a test compares them again wherever
libmodbus is installed. One item of ``put``:

* ``u16 2305``, ``s16 -53``: one word; libmodbus passes it as it is;
* ``f32 CDAB 230.5``, ``u32 ABCD 0x10000``, ``s32 …``: one of ``modbus_set_float_abcd|badc|cdab|dcba``, which place any
  32 bits;
* ``u64 CDAB 7``, ``s64 …``, ``f64 …``: the same function on both halves, in the order that the letters say;
* ``skip 3``: words nobody reads;
* ``bits 1 0 1``: ``modbus_get_byte_from_bits``.

The names of the four functions speak of the wire in new versions of libmodbus and of the host's memory in old ones (in
3.1.6 on a little-endian machine ``abcd`` sends B A D C). So the function is chosen by what it does with the bytes A, B,
C and D, not by its name.

Usage: ``python tools/libmodbus_vectors.py`` (needs libmodbus: ``apt-get install libmodbus5``).
"""

from __future__ import annotations

import ctypes
import ctypes.util
import re
import struct
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

GOLDEN = Path(__file__).resolve().parents[1] / "tests" / "golden" / "profiles"
_PUT = re.compile(r"^( +)put: (\[.*\])$")
_FORMATS = {"u32": ">I", "s32": ">i", "f32": ">f", "u64": ">Q", "s64": ">q", "f64": ">d"}


def library() -> Any:
    """Load libmodbus.

    Raises:
        OSError: if it is not installed.
    """
    return ctypes.CDLL(ctypes.util.find_library("modbus") or "libmodbus.so.5")


def _half(modbus: Any, order: str, four_bytes: bytes) -> list[int]:
    """Two words: four bytes, most significant first, placed by libmodbus so that the wire shows ``order``."""
    for name in ("abcd", "badc", "cdab", "dcba"):
        shown = b"".join(word.to_bytes(2, "big") for word in _placed(modbus, name, b"ABCD"))
        if shown.decode() == order:
            return _placed(modbus, name, four_bytes)
    raise ValueError(f"libmodbus has no function that places words as {order}")


def _placed(modbus: Any, name: str, four_bytes: bytes) -> list[int]:
    place = modbus[f"modbus_set_float_{name}"]
    place.argtypes = [ctypes.c_float, ctypes.POINTER(ctypes.c_uint16)]
    place.restype = None
    words = (ctypes.c_uint16 * 2)()
    bits = ctypes.c_float.from_buffer_copy(four_bytes[::-1] if sys.byteorder == "little" else four_bytes)
    place(bits, words)
    return list(words)


def item_words(modbus: Any, item: str) -> list[int]:
    """The words of one item of ``put``."""
    kind, *rest = item.split()
    if kind == "skip":
        return [0] * int(rest[0])
    if kind in ("u16", "s16"):
        return [int(rest[0], 0) & 0xFFFF]
    order, number = rest
    value = float(number) if kind.startswith("f") else int(number, 0)
    data = struct.pack(_FORMATS[kind], value)
    if len(data) == 4:
        return _half(modbus, order, data)
    halves = [_half(modbus, order, data[:4]), _half(modbus, order, data[4:])]
    return [word for half in (halves if order in ("ABCD", "BADC") else halves[::-1]) for word in half]


def _bits(modbus: Any, items: Sequence[str]) -> bytes:
    values = [int(bit) for item in items for bit in item.split()[1:]]
    source = (ctypes.c_uint8 * len(values))(*values)
    take = modbus.modbus_get_byte_from_bits
    take.argtypes = [ctypes.POINTER(ctypes.c_uint8), ctypes.c_int, ctypes.c_uint]
    take.restype = ctypes.c_uint8
    return bytes(take(source, i, min(8, len(values) - i)) for i in range(0, len(values), 8))


def laid_out(modbus: Any, put: Sequence[str]) -> tuple[str, str]:
    """Key and value of the line that follows ``put``: ``words`` or ``data``, in hexadecimal."""
    if put[0].startswith("bits"):
        return "data", _bits(modbus, put).hex(" ").upper()
    return "words", " ".join(f"{word:04X}" for item in put for word in item_words(modbus, item))


def filled(modbus: Any, text: str) -> str:
    """The text of a golden file with the words of every ``put`` filled in."""
    lines: list[str] = []
    stale = False
    for line in text.splitlines():
        old, stale = stale and bool(re.match(r"^ +(words|data): ", line)), False
        if old:
            continue
        lines.append(line)
        if match := _PUT.match(line):
            key, value = laid_out(modbus, yaml.safe_load(match[2]))
            lines.append(f'{match[1]}{key}: "{value}"')
            stale = True
    return "\n".join(lines) + "\n"


def main() -> None:
    """Fill in every golden file."""
    modbus = library()
    for path in sorted(GOLDEN.glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        new = filled(modbus, text)
        if new != text:
            path.write_text(new, encoding="utf-8")
            print(f"filled {path.name}")


if __name__ == "__main__":
    main()
