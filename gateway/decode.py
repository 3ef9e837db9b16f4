"""From the bytes of one response to columns, without a loop over values.

A ``BlockDecoder`` is compiled once for a request (``gateway.gather``). Registers of one type are decoded together; an
SDM630 block of 25 floats is one gather and one view. Strings are the exception: each is a text of its own, and they are
few.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from core.quality import GOOD, QualityClass, Reason, quality
from core.readings import Float64s, UInt8s
from gateway.gather import NOT_IMPLEMENTED, VIEWS, Group, binary_decimal, byte_positions, groups, unsigned
from gateway.profile import DataType, Encoding, Register

__all__ = ["BlockDecoder", "Decoded", "byte_positions", "divisor"]

_OUT_OF_RANGE = quality(QualityClass.BAD, Reason.OUT_OF_RANGE)
_NOT_A_NUMBER = quality(QualityClass.BAD, Reason.NOT_A_NUMBER)
_WRONG_TYPE = quality(QualityClass.BAD, Reason.WRONG_TYPE)
_EXACT = 2**53
_MAX_EXPONENT = 10
_TENS = 10.0 ** np.arange(_MAX_EXPONENT + 1)
_NO_TEXT: Mapping[int, str] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Decoded:
    """The values of one response.

    Attributes:
        value: float64[n], NaN where there is none.
        quality: uint8[n], see ``core.quality``.
        text: row to text: strings, and decimal digits for unscaled whole numbers beyond 2**53.
    """

    value: Float64s
    quality: UInt8s
    text: Mapping[int, str] = field(default_factory=lambda: _NO_TEXT)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Exponents:
    """Powers of ten that come with the response: row of the value, where the exponent lies, its sign."""

    rows: NDArray[np.intp]
    positions: NDArray[np.intp]
    signed: NDArray[np.bool_]
    sign: NDArray[np.int64]


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
        self._bits = bool(registers) and registers[0].reads_bits
        self.byte_count = (count + 7) // 8 if self._bits else 2 * count
        self._n = len(registers)
        whole = np.array([divisor(register.scale) for register in registers], np.float64)
        self._scale = np.where(whole != 1, 1.0, [register.scale for register in registers])
        self._divisor = whole * np.array([register.divisor for register in registers], np.float64)
        self._offset = np.array([register.offset for register in registers], np.float64)
        self._low = np.array([register.low for register in registers], np.float64)
        self._high = np.array([register.high for register in registers], np.float64)
        self._scaled = bool((self._scale != 1).any() or (self._divisor != 1).any())
        self._shifted = bool((self._offset != 0).any())
        self._bounded = bool(np.isfinite(self._low).any() or np.isfinite(self._high).any())
        self._address = np.array([register.address - start for register in registers], np.intp)
        self._groups = [] if self._bits else groups(start, registers)
        self._whole = len(self._groups) == 1 and len(self._groups[0].rows) == self._n
        self._exponents = _exponents(start, registers, exponents)
        self._strings = [
            (row, np.array(byte_positions(register, start), np.intp), register.encoding)
            for row, register in enumerate(registers)
            if register.type is DataType.STRING
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
        decoded = self._judged(value, codes, text)
        return self._with_strings(octets, decoded) if self._strings else decoded

    def _numbers(self, octets: UInt8s, codes: UInt8s, text: dict[int, str]) -> Float64s:
        value = np.zeros(self._n, np.float64) if self._strings else np.empty(self._n, np.float64)
        for group in self._groups:
            picked = octets[group.positions]
            raw = _raw(group, picked, codes)
            if group.sentinels:
                _mark_sentinels(group, unsigned(picked), codes)
            if group.exact:
                _keep_exact(group, raw, text)
            if self._whole:
                value[:] = raw
            else:
                value[group.rows] = raw
        if self._scaled:
            value = value * self._scale / self._divisor
        if self._exponents is not None:
            _apply_exponents(self._exponents, octets, value, codes)
        return value + self._offset if self._shifted else value

    def _judged(self, value: Float64s, codes: UInt8s, text: dict[int, str]) -> Decoded:
        finite = np.isfinite(value)
        if not finite.all():
            codes[~finite & (codes == GOOD)] = _NOT_A_NUMBER
        if self._bounded:
            outside = (value < self._low) | (value > self._high)
            if outside.any():
                codes[outside & (codes == GOOD)] = _OUT_OF_RANGE
        empty = (codes != GOOD) & (codes != _OUT_OF_RANGE)
        if empty.any():
            value[empty] = np.nan
            text = {row: digits for row, digits in text.items() if not empty[row]}
        return Decoded(value=value, quality=codes, text=text or _NO_TEXT)

    def _with_strings(self, octets: UInt8s, decoded: Decoded) -> Decoded:
        text = dict(decoded.text)
        for row, positions, encoding in self._strings:
            decoded.value[row] = np.nan
            string, decoded.quality[row] = read_string(octets[positions].tobytes(), encoding)
            if string:
                text[row] = string
        return Decoded(value=decoded.value, quality=decoded.quality, text=text)


def read_string(data: bytes, encoding: Encoding) -> tuple[str, int]:
    """The text of a padded field and its quality: NUL or spaces only, or 0xFF throughout, is not implemented."""
    if not data.strip(b"\xff"):
        return "", NOT_IMPLEMENTED
    try:
        string = data.partition(b"\0")[0].decode(encoding.value).strip()
    except UnicodeDecodeError:
        return "", _WRONG_TYPE
    if not string:
        return "", NOT_IMPLEMENTED
    return (string, GOOD) if string.isprintable() else ("", _WRONG_TYPE)


def _raw(group: Group, picked: UInt8s, codes: UInt8s) -> NDArray[np.generic]:
    """The raw numbers of a group, before any scale; marks those that cannot be."""
    view = VIEWS.get(group.type)
    if view is not None:
        return picked.view(view)[:, 0]
    if group.type is DataType.BCD:
        number, bad = binary_decimal(picked)
        if bad.any():
            codes[group.rows[bad]] = _NOT_A_NUMBER
        return number
    raw = unsigned(picked)
    if group.shift is None or group.mask is None:
        return np.not_equal(raw, 0)
    cut: NDArray[np.uint64] = (raw >> group.shift) & group.mask
    if group.known is not None and group.closed is not None:
        _mark_unknown(group.rows, group.known, group.closed, cut, codes)
    return cut


def _mark_unknown(
    rows: NDArray[np.intp], known: NDArray[np.int64], closed: NDArray[np.bool_], raw: NDArray[np.uint64], codes: UInt8s
) -> None:
    wanted = (np.arange(len(rows), dtype=np.int64) << 32) + raw.astype(np.int64)
    nearest = known[np.minimum(np.searchsorted(known, wanted), len(known) - 1)]
    unknown = closed & (nearest != wanted)
    if unknown.any():
        codes[rows[unknown]] = _OUT_OF_RANGE


def _mark_sentinels(group: Group, raw: NDArray[np.uint64], codes: UInt8s) -> None:
    for sentinel in group.sentinels:
        hit = sentinel.applies & (raw == sentinel.raw)
        if hit.any():
            codes[group.rows[hit]] = sentinel.code


def _keep_exact(group: Group, raw: NDArray[np.generic], text: dict[int, str]) -> None:
    beyond = (raw > _EXACT) | (raw < -_EXACT) if raw.dtype.kind == "i" else raw > _EXACT  # type: ignore[operator]
    for position in np.flatnonzero(beyond).tolist():
        text[int(group.rows[position])] = str(raw[position])


def _exponents(start: int, registers: Sequence[Register], exponents: Sequence[Register | None]) -> _Exponents | None:
    found = [(row, exponent) for row, exponent in enumerate(exponents) if exponent is not None]
    if not found:
        return None
    return _Exponents(
        rows=np.array([row for row, _ in found], np.intp),
        positions=np.array([byte_positions(exponent, start) for _, exponent in found], np.intp),
        signed=np.array([exponent.type is DataType.S16 for _, exponent in found], np.bool_),
        sign=np.array([registers[row].exponent_sign for row, _ in found], np.int64),
    )


def _apply_exponents(exponents: _Exponents, octets: UInt8s, value: Float64s, codes: UInt8s) -> None:
    picked = octets[exponents.positions]
    raw = np.where(exponents.signed, picked.view(">i2")[:, 0].astype(np.int64), picked.view(">u2")[:, 0])
    wild = np.abs(raw) > _MAX_EXPONENT
    power = np.where(wild, 0, raw * exponents.sign)
    tens = _TENS[np.abs(power)]
    old = value[exponents.rows]
    # dividing keeps 2116 / 10**3 == 2.116, which 2116 * 1e-3 is not
    value[exponents.rows] = np.where(power > 0, old * tens, old / tens)
    if wild.any():
        codes[exponents.rows[wild]] = NOT_IMPLEMENTED
