"""From the bytes of one response to columns, without a loop over values.

A ``BlockDecoder`` is compiled once for a request. Each register becomes a row of byte positions in big-endian order, so
that every word and byte order is the same gather: positions[n, k] picks n values of k bytes, and a view turns them into
numbers. Registers of one type are decoded together; an SDM630 block of 25 floats is one gather and one view.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from core.quality import GOOD, QualityClass, Reason, quality
from core.readings import Float64s, UInt8s
from gateway.profile import DataType, Order, Register

_DTYPES: Mapping[DataType, str] = {
    DataType.BOOL: ">u2",
    DataType.BITS: ">u2",
    DataType.U16: ">u2",
    DataType.S16: ">i2",
    DataType.U32: ">u4",
    DataType.S32: ">i4",
    DataType.U64: ">u8",
    DataType.S64: ">i8",
    DataType.F32: ">f4",
    DataType.F64: ">f8",
}
_OUT_OF_RANGE = quality(QualityClass.BAD, Reason.OUT_OF_RANGE)
_NOT_IMPLEMENTED = quality(QualityClass.BAD, Reason.NOT_IMPLEMENTED)
_NOT_A_NUMBER = quality(QualityClass.BAD, Reason.NOT_A_NUMBER)
_EXACT = 2**53
_MAX_EXPONENT = 10
_NO_TEXT: Mapping[int, str] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Decoded:
    """The values of one response.

    Attributes:
        value: float64[n], NaN where there is none.
        quality: uint8[n], see ``core.quality``.
        text: row to decimal digits, for unscaled integers beyond 2**53.
    """

    value: Float64s
    quality: UInt8s
    text: Mapping[int, str] = field(default_factory=lambda: _NO_TEXT)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Group:
    """Registers of one type: where their bytes lie, and which rows of the result they fill."""

    type: DataType
    rows: NDArray[np.intp]
    positions: NDArray[np.intp]
    absent: tuple[NDArray[np.bool_], ...] = ()
    absent_raw: tuple[NDArray[np.generic], ...] = ()
    shift: NDArray[np.uint16] | None = None
    mask: NDArray[np.uint16] | None = None
    exact_text: bool = False


def byte_positions(register: Register, start: int) -> list[int]:
    """Positions of a register's bytes in a response that begins at ``start``, most significant first."""
    words = list(range(register.address - start, register.stop - start))
    if register.order in (Order.CDAB, Order.DCBA):
        words.reverse()
    swapped = register.order in (Order.BADC, Order.DCBA)
    return [2 * word + byte for word in words for byte in ((1, 0) if swapped else (0, 1))]


def divisor(scale: float) -> float:
    """The whole number to divide by instead of multiplying with ``scale``, 1 if there is none.

    2350 / 100 is 23.5; 2350 * 0.01 is not, and such tails cost bytes in every store behind.
    """
    whole = round(1 / scale)
    return float(whole) if abs(scale) < 1 and abs(whole * scale - 1) < 1e-12 else 1.0


class BlockDecoder:
    """Decodes the response to one request: ``count`` addresses from ``start`` with one function code."""

    def __init__(
        self, start: int, count: int, registers: Sequence[Register], exponents: Sequence[Register | None]
    ) -> None:
        """Compile.

        Args:
            start: first address of the request.
            count: addresses requested.
            registers: what to decode; row i of the result is ``registers[i]``.
            exponents: for each of them the register holding its power of ten, or None; within the same block.
        """
        self._bits = bool(registers) and registers[0].function in (1, 2)
        self.byte_count = (count + 7) // 8 if self._bits else 2 * count
        self._n = len(registers)
        self._divisor = np.array([divisor(register.scale) for register in registers], np.float64)
        self._scale = np.where(self._divisor != 1, 1.0, [register.scale for register in registers])
        self._offset = np.array([register.offset for register in registers], np.float64)
        self._low = np.array([register.low for register in registers], np.float64)
        self._high = np.array([register.high for register in registers], np.float64)
        self._scaled = bool((self._scale != 1).any() or (self._divisor != 1).any() or (self._offset != 0).any())
        self._bounded = bool(np.isfinite(self._low).any() or np.isfinite(self._high).any())
        self._address = np.array([register.address - start for register in registers], np.intp)
        self._groups = [] if self._bits else _groups(start, registers)
        self._whole = len(self._groups) == 1 and len(self._groups[0].rows) == self._n
        self._exponents = [
            (row, register.exponent_sign, byte_positions(exponent, start), exponent.type is DataType.S16)
            for row, (register, exponent) in enumerate(zip(registers, exponents, strict=True))
            if exponent is not None
        ]

    def decode(self, data: bytes) -> Decoded:
        """Decode the data bytes of a response (after the byte count).

        Raises:
            ValueError: if the number of bytes is not the one that was asked for.
        """
        if len(data) != self.byte_count:
            raise ValueError(f"{self.byte_count} data bytes were asked for, {len(data)} came")
        octets = np.frombuffer(data, np.uint8)
        if self._bits:
            bits = np.unpackbits(octets, bitorder="little")[self._address]
            return Decoded(value=bits.astype(np.float64), quality=np.full(self._n, GOOD, np.uint8))
        codes = np.full(self._n, GOOD, np.uint8)
        text: dict[int, str] = {}
        with np.errstate(invalid="ignore", over="ignore"):  # a signalling NaN is data here, not an accident
            value = self._numbers(octets, codes, text)
        return self._judged(value, codes, text)

    def _numbers(self, octets: UInt8s, codes: UInt8s, text: dict[int, str]) -> Float64s:
        value = np.empty(self._n, np.float64)
        for group in self._groups:
            raw = octets[group.positions].view(_DTYPES[group.type])[:, 0]
            if group.shift is not None and group.mask is not None:
                raw = (raw >> group.shift) & group.mask
            elif group.type is DataType.BOOL:
                raw = raw != 0
            _mark_absent(group, raw, codes)
            if group.exact_text:
                _keep_exact(group, raw, text)
            if self._whole:
                value[:] = raw
            else:
                value[group.rows] = raw
        if self._scaled:
            value = value * self._scale / self._divisor + self._offset
        self._apply_exponents(octets, value, codes)
        return value

    def _apply_exponents(self, octets: UInt8s, value: Float64s, codes: UInt8s) -> None:
        for row, sign, positions, signed in self._exponents:
            exponent = int.from_bytes(octets[positions].tobytes(), "big", signed=signed)
            if abs(exponent) <= _MAX_EXPONENT:
                # dividing keeps 2116 / 10**3 == 2.116, which 2116 * 1e-3 is not
                value[row] = value[row] * 10.0**exponent if sign * exponent > 0 else value[row] / 10.0 ** abs(exponent)
            else:
                codes[row] = _NOT_IMPLEMENTED

    def _judged(self, value: Float64s, codes: UInt8s, text: dict[int, str]) -> Decoded:
        finite = np.isfinite(value)
        if not finite.all():
            codes[~finite] = _NOT_A_NUMBER
        if self._bounded:
            outside = (value < self._low) | (value > self._high)
            if outside.any():
                codes[outside & (codes == GOOD)] = _OUT_OF_RANGE
        empty = (codes == _NOT_A_NUMBER) | (codes == _NOT_IMPLEMENTED)
        if empty.any():
            value[empty] = np.nan
            text = {row: digits for row, digits in text.items() if not empty[row]}
        return Decoded(value=value, quality=codes, text=text or _NO_TEXT)


def _mark_absent(group: _Group, raw: NDArray[np.generic], codes: UInt8s) -> None:
    for applies, sentinel in zip(group.absent, group.absent_raw, strict=True):
        hit = applies & (raw == sentinel)
        if hit.any():
            codes[group.rows[hit]] = _NOT_IMPLEMENTED


def _keep_exact(group: _Group, raw: NDArray[np.generic], text: dict[int, str]) -> None:
    numbers = raw.tolist()
    for row, number in zip(group.rows.tolist(), numbers, strict=True):
        if abs(number) > _EXACT:
            text[row] = str(number)


def _groups(start: int, registers: Sequence[Register]) -> list[_Group]:
    by_key: dict[tuple[DataType, bool], list[int]] = {}
    for row, register in enumerate(registers):
        plain = register.scale == 1 and register.offset == 0 and not register.exponent_from
        by_key.setdefault((register.type, register.type.is_wide_integer and plain), []).append(row)
    return [
        _group(start, [registers[row] for row in rows], rows, data_type, exact)
        for (data_type, exact), rows in by_key.items()
    ]


def _group(start: int, members: list[Register], rows: list[int], data_type: DataType, exact: bool) -> _Group:
    depth = max(len(member.absent) for member in members)
    width = np.dtype(_DTYPES[data_type]).itemsize
    absent = []
    raw_absent = []
    for level in range(depth):
        absent.append(np.array([level < len(member.absent) for member in members], np.bool_))
        words = b"".join(
            (member.absent[level] if level < len(member.absent) else 0).to_bytes(width, "big") for member in members
        )
        raw_absent.append(np.frombuffer(words, _DTYPES[data_type]))
    bits = data_type is DataType.BITS
    return _Group(
        type=data_type,
        rows=np.array(rows, np.intp),
        positions=np.array([byte_positions(member, start) for member in members], np.intp),
        absent=tuple(absent),
        absent_raw=tuple(raw_absent),
        shift=np.array([member.bit for member in members], np.uint16) if bits else None,
        mask=np.array([(1 << member.bit_count) - 1 for member in members], np.uint16) if bits else None,
        exact_text=exact,
    )
