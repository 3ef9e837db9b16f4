"""The ways in which words can be numbers: types and byte orders, all of them at once and in columns.

16 bits: unsigned and signed, in both byte orders; 32 and 64 bits: unsigned, signed and floating, in the four orders of
``gateway.profile.Order`` (for 64 bits: words reversed, bytes swapped, both). Integers of 64 bits that a double cannot
hold exactly are rounded: a display shows no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.readings import Float64s
from gateway.profile import DataType, Order

_DTYPES: Final = {
    DataType.U16: ">u2", DataType.S16: ">i2", DataType.U32: ">u4", DataType.S32: ">i4", DataType.F32: ">f4",
    DataType.U64: ">u8", DataType.S64: ">i8", DataType.F64: ">f8",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Form:
    """One way to read words as a number."""

    type: DataType
    order: Order

    @property
    def words(self) -> int:
        """How many words it takes."""
        return self.type.words

    @property
    def floating(self) -> bool:
        """Whether it is a floating-point number."""
        return self.type in (DataType.F32, DataType.F64)

    def __str__(self) -> str:
        """``f32 CDAB``; the order of one word is ``AB`` or ``BA``."""
        order = self.order.value if self.words > 1 else "BA" if self.order is Order.BADC else "AB"
        return f"{self.type.value} {order}"


FORMS: Final[tuple[Form, ...]] = tuple(
    Form(kind, order) for kind in _DTYPES for order in Order if kind.words > 1 or order in (Order.ABCD, Order.BADC)
)
"""Every form, the usual order of each type first."""


def values(words: NDArray[np.uint16], form: Form) -> Float64s:
    """The number that begins at each word.

    Args:
        words: uint16[n], neighbouring words.
        form: how to read them.

    Returns:
        float64[n], NaN where too few words follow and where the number is none.
    """
    result = np.full(len(words), np.nan)
    count = len(words) - form.words + 1
    if count < 1:
        return result
    windows = np.lib.stride_tricks.sliding_window_view(words, form.words)
    if form.order in (Order.CDAB, Order.DCBA):
        windows = windows[:, ::-1]
    if form.order in (Order.BADC, Order.DCBA):
        windows = windows.byteswap()
    raw = np.ascontiguousarray(windows.astype(">u2")).view(_DTYPES[form.type])[:, 0]
    with np.errstate(invalid="ignore"):  # signalling NaNs are data here
        result[:count] = raw
    result[~np.isfinite(result)] = np.nan
    return result
