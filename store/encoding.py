"""Numbers as sensors give them: decimals with few digits, and how to store them without losing a bit.

A thermometer says 21.4. As a binary double that is 64 hard bits; as the integer 214 with the scale 1 it is a small
step from the 213 before. So a value is stored as an integer ``scaled`` and a ``scale`` whenever that gives back
*exactly* the same 64 bits, which is checked for every value; otherwise the double itself is stored (``raw``). Two
readings of a scale exist:

* 0 to 9: ``value = scaled / 10**scale`` in double arithmetic;
* 16 to 25: the same with ``scale - 16``, then rounded to single precision, because a Modbus float register that shows
  21.4 holds the single nearest to it, 21.399999618530273.

NaN, negative zero and infinities are ``raw`` (the canonical NaN is stored as nothing at all). One scale serves a
whole run of one point; rows that it does not fit are ``raw``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.readings import Float64s, Int64s

NO_SCALE = -1
SINGLE = 16
_DECIMALS = 10
_EXACT = float(2**53)
_ENOUGH = 0.9
_A_RUN = 512
"""Rows of one scale that follow one another, on the average, for it to be worth while to decode them slice by slice."""
_POWERS = np.power(10.0, np.arange(_DECIMALS))

Int8s = NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """``scaled``: int64[n], 0 where unused; ``scale``: int8[n], NO_SCALE where the raw double holds."""

    scaled: Int64s
    scale: Int8s


def encode(value: Float64s, heads: NDArray[np.intp]) -> Encoded:
    """Find an exact decimal form.

    Args:
        value: float64[n].
        heads: row numbers at which a run (one point) begins; the first is 0.
    """
    n = len(value)
    scaled, scale = np.zeros(n, np.int64), np.full(n, NO_SCALE, np.int8)
    if n == 0:
        return Encoded(scaled, scale)
    rows = np.arange(n)
    for code in (*range(_DECIMALS), *range(SINGLE, SINGLE + _DECIMALS)):
        candidate = value[rows]
        integers, fits = try_scale(candidate, code)
        share = np.add.reduceat(fits.astype(np.int64), heads)
        numbers = np.add.reduceat(np.isfinite(candidate).astype(np.int64), heads)
        taken = (share >= _ENOUGH * numbers) & (share > 0)
        sizes = np.diff(heads, append=len(rows))
        mine = np.repeat(taken, sizes)
        hit = rows[mine & fits]
        scaled[hit], scale[hit] = integers[mine & fits], code
        left = ~taken & (numbers > 0)
        if not left.any():
            break
        rows = rows[np.repeat(left, sizes)]
        heads = np.concatenate(([0], np.cumsum(sizes[left])[:-1])).astype(np.intp)
    return Encoded(scaled, scale)


def try_scale(value: Float64s, code: int) -> tuple[Int64s, NDArray[np.bool_]]:
    """Integers for one scale code, and a mask of the rows they give back bit by bit."""
    with np.errstate(invalid="ignore", over="ignore"):
        shifted = np.rint(value * _POWERS[code % SINGLE])
        usable = np.abs(shifted) < _EXACT
        integers = np.where(usable, shifted, 0.0).astype(np.int64)
    back = decode_one(integers, code)
    return integers, usable & (back.view(np.int64) == value.view(np.int64))


def decode_one(scaled: Int64s, code: int) -> Float64s:
    """The values of one scale code."""
    value: Float64s = scaled / _POWERS[code % SINGLE]
    if code >= SINGLE:
        with np.errstate(over="ignore"):
            value = value.astype(np.float32).astype(np.float64)
    return value


def decode(scaled: Int64s, scale: Int8s, raw: Float64s) -> Float64s:
    """The inverse of ``encode``.

    Args:
        scaled: int64[n].
        scale: int8[n].
        raw: float64[n], read where ``scale`` is NO_SCALE; may be empty if that is nowhere.
    """
    if len(scale) == 0:
        return raw
    low, high = int(scale.min()), int(scale.max())
    if low == high:
        return raw if low == NO_SCALE else decode_one(scaled, low)
    value = raw.copy() if len(raw) else np.empty(len(scale))
    bounds = np.flatnonzero(scale[1:] != scale[:-1]) + 1
    if _A_RUN * len(bounds) < len(scale):
        # The readings of a point have one scale, mostly: slice by slice nothing is looked up.
        for begin, end in pairwise([0, *bounds.tolist(), len(scale)]):
            if (code := int(scale[begin])) != NO_SCALE:
                value[begin:end] = decode_one(scaled[begin:end], code)
        return value
    for code in np.unique(scale).tolist():
        if code != NO_SCALE:
            mine = scale == code
            value[mine] = decode_one(scaled[mine], code)
    return value
