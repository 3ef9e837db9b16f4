"""Whether a point's values have changed their meaning: another scale, offset or byte order, from one poll to the next.

A process moves; it does not multiply itself by exactly ten, shift by 273.15, or swap its words. Even so a process may
by chance look like that once, and a false alarm here withholds true ones. So a change is believed only if

* the point is a living measurement (it has moved ``LEAST_MOVES`` times in ``LEAST_SEEN`` readings) that never, as far
  back as it is remembered, was where it is now: machines that run and stop are known by having done so before;
* the new values, taken back through one transformation of a closed list, lie in the band in which the point has been;
* that would be a rare chance: the band is narrow, or points of different units made the same step in the same answer;
* it stays so for ``CONFIRMED`` readings without an exception.

From the first such reading on the value is in doubt; if one reading speaks otherwise, it was the process. No I/O, no
clock; state is a few columns a unit.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.readings import Float64s
from gateway.profile import DataType, Register

LEAST_SEEN: Final = 120
LEAST_MOVES: Final = 30
CONFIRMED: Final = 5
BACK: Final = 3
"""So many readings in the old band end a change of meaning."""
ALONE: Final = 0.03
"""Widest band, relative to its middle, of a point whose step nobody shares: a hit by chance is then one in hundreds."""
TOGETHER: Final = 0.1
"""Widest band of points of different units that step together."""
TELLING: Final = 0.3
"""Widest band in which even the swapping of bytes is told from a process that ranges over decades."""
GENERATION: Final = 20_000
"""Answers after which the older half of what is remembered is forgotten."""
_KELVIN: Final = 273.15
_MARGIN: Final = 0.25
_LEAST_MARGIN: Final = 0.002

_STRUCTS: Final = {
    DataType.U32: struct.Struct(">I"),
    DataType.S32: struct.Struct(">i"),
    DataType.F32: struct.Struct(">f"),
}
_SWAPS: Final = {"words": (2, 3, 0, 1), "bytes": (1, 0, 3, 2), "words and bytes": (3, 2, 1, 0)}


@dataclass(frozen=True, slots=True)
class Meaning:
    """One transformation: its name, how it is taken back, and how sure it is by itself.

    Attributes:
        name: what has changed, such as ``x10`` or ``bytes``.
        back: from the value now to what it was before; NaN where it cannot be.
        strict: it could be chance, so the band must be narrow or others must have stepped along.
    """

    name: str
    back: Callable[[float], float]
    strict: bool


def meanings(register: Register) -> tuple[Meaning, ...]:
    """The changes of meaning that are looked for in a register; none where values are states or texts."""
    if register.reads_bits or register.type not in _NUMBERS or register.unit in ("", "1"):
        return ()
    found = [Meaning(f"x{10.0**k:g}", _scaled(10.0**k), strict=True) for k in (1, 2, 3, -1, -2, -3)]
    if register.unit in ("Cel", "K"):
        found.append(Meaning("kelvin", _shifted(_KELVIN if register.unit == "Cel" else -_KELVIN), strict=False))
    packed = _STRUCTS.get(register.type)
    if packed is not None:
        found += [Meaning(name, _swapped(register, packed, order), strict=False) for name, order in _SWAPS.items()]
    return tuple(found)


class StepWatch:
    """Watches the points of one unit."""

    def __init__(self, registers: Sequence[Register]) -> None:
        """Nothing was seen yet."""
        n = len(registers)
        self._registers = tuple(registers)
        self._meanings = tuple(meanings(register) for register in registers)
        self._watched = np.array([bool(one) for one in self._meanings], np.bool_)
        self._seen = np.zeros(n, np.int64)
        self._moves = np.zeros(n, np.int64)
        self._last = np.full(n, np.nan)
        self._low, self._high = np.full((2, n), np.inf), np.full((2, n), -np.inf)
        self._meaning = np.full(n, -1, np.intp)
        self._streak = np.zeros(n, np.int64)
        self._back = np.zeros(n, np.int64)
        self._answers = 0
        # What lies within these says nothing new: the usual answer costs one comparison.
        self._quiet_low = np.where(self._watched, np.inf, -np.inf)
        self._quiet_high = np.where(self._watched, -np.inf, np.inf)

    @property
    def doubtful(self) -> NDArray[np.bool_]:
        """Points whose value is in doubt now: a change of meaning is suspected or confirmed; bool[n]."""
        mask: NDArray[np.bool_] = self._meaning >= 0
        return mask

    def changed(self) -> dict[int, str]:
        """Points whose meaning has changed, confirmed: row to the name of the transformation."""
        rows = np.flatnonzero((self._meaning >= 0) & (self._streak >= CONFIRMED)).tolist()
        return {row: self._meanings[row][int(self._meaning[row])].name for row in rows}

    def see(self, rows: NDArray[np.intp], value: Float64s) -> None:
        """Take the values of one answer.

        Args:
            rows: intp[k], points, each at most once.
            value: float64[k] before any scale of this site; NaN where there is none.
        """
        self._answers += 1
        if self._answers % GENERATION == 0:
            self._forget()
        if not ((value < self._quiet_low[rows]) | (value > self._quiet_high[rows])).any():
            return
        there = np.isfinite(value) & self._watched[rows]
        rows, value = rows[there], value[there]
        if not len(rows):
            return
        low, high = self._band(rows)
        margin = np.maximum(_MARGIN * (high - low), _LEAST_MARGIN * np.maximum(np.abs(low), np.abs(high)))
        with np.errstate(invalid="ignore"):
            inside = (value >= low - margin) & (value <= high + margin)
        suspected = self._meaning[rows] >= 0
        known = (self._seen[rows] >= LEAST_SEEN) & (self._moves[rows] >= LEAST_MOVES)
        plain = ~suspected & (inside | ~known)
        self._learn(rows[plain], value[plain])
        for index in np.flatnonzero(suspected).tolist():
            self._follow(int(rows[index]), float(value[index]), inside=bool(inside[index]))
        fresh = np.flatnonzero(~suspected & ~inside & known).tolist()
        if fresh:
            self._suspect([(int(rows[index]), float(value[index])) for index in fresh])
        self._quieten(rows)

    def _quieten(self, rows: NDArray[np.intp]) -> None:
        """Between which values a point that is known and not in doubt may move without a closer look."""
        low, high = self._low[1, rows], self._high[1, rows]
        quiet = (self._seen[rows] >= LEAST_SEEN) & (self._moves[rows] >= LEAST_MOVES) & (self._meaning[rows] < 0)
        self._quiet_low[rows] = np.where(quiet, low, np.inf)
        self._quiet_high[rows] = np.where(quiet, high, -np.inf)

    def _forget(self) -> None:
        """The older half of what is remembered makes room, where there is something newer."""
        fresh = np.isfinite(self._low[1])
        self._low[0, fresh], self._high[0, fresh] = self._low[1, fresh], self._high[1, fresh]
        self._low[1], self._high[1] = np.inf, -np.inf
        watched = np.flatnonzero(self._watched)
        self._quiet_low[watched], self._quiet_high[watched] = np.inf, -np.inf

    def _band(self, rows: NDArray[np.intp]) -> tuple[Float64s, Float64s]:
        return self._low[:, rows].min(axis=0), self._high[:, rows].max(axis=0)

    def _learn(self, rows: NDArray[np.intp], value: Float64s) -> None:
        if not len(rows):
            return
        self._moves[rows] += value != self._last[rows]
        self._last[rows] = value
        self._seen[rows] += 1
        self._low[1, rows] = np.minimum(self._low[1, rows], value)
        self._high[1, rows] = np.maximum(self._high[1, rows], value)

    def _suspect(self, outside: Sequence[tuple[int, float]]) -> None:
        """Which of these steps are a change of meaning; the others are the process, and are learned."""
        fits = {row: self._fitting(row, value) for row, value in outside}
        units: dict[str, set[str]] = {}
        for row, found in fits.items():
            for index in found:
                units.setdefault(self._meanings[row][index].name, set()).add(self._registers[row].unit)
        for row, value in outside:
            width = self._width(row)
            for index in fits[row]:
                meaning = self._meanings[row][index]
                together = len(units[meaning.name]) > 1 and width <= TOGETHER
                if together or width <= (ALONE if meaning.strict else TELLING):
                    self._meaning[row], self._streak[row], self._back[row] = index, 1, 0
                    break
            else:
                self._learn(np.array([row], np.intp), np.array([value]))

    def _follow(self, row: int, value: float, *, inside: bool) -> None:
        """One more reading of a point in doubt."""
        if self._takes_back(row, int(self._meaning[row]), value):
            self._streak[row] += 1
            self._back[row] = 0
            return
        if self._streak[row] >= CONFIRMED:
            # What was confirmed ends by going back; whatever else it reads, its meaning is not the old one.
            self._back[row] = self._back[row] + 1 if inside else 0
            if self._back[row] < BACK:
                return
        self._meaning[row], self._streak[row], self._back[row] = -1, 0, 0
        self._learn(np.array([row], np.intp), np.array([value]))

    def _fitting(self, row: int, value: float) -> list[int]:
        return [index for index in range(len(self._meanings[row])) if self._takes_back(row, index, value)]

    def _takes_back(self, row: int, index: int, value: float) -> bool:
        low, high = (float(one[0]) for one in self._band(np.array([row], np.intp)))
        if low <= 0.0 <= high:
            return False  # nothing has a scale at zero, and whatever is small lies near it
        was = self._meanings[row][index].back(value)
        margin = max(_MARGIN * (high - low), _LEAST_MARGIN * max(abs(low), abs(high)))
        return low - margin <= was <= high + margin

    def _width(self, row: int) -> float:
        low, high = (float(one[0]) for one in self._band(np.array([row], np.intp)))
        middle = abs(low + high) / 2
        return (high - low) / middle if middle else np.inf


_NUMBERS: Final = frozenset(
    {
        DataType.U16,
        DataType.S16,
        DataType.U32,
        DataType.S32,
        DataType.U64,
        DataType.S64,
        DataType.F32,
        DataType.F64,
        DataType.BCD,
    }
)


def _scaled(factor: float) -> Callable[[float], float]:
    return lambda value: value / factor


def _shifted(by: float) -> Callable[[float], float]:
    return lambda value: value - by


def _swapped(register: Register, packed: struct.Struct, order: Sequence[int]) -> Callable[[float], float]:
    """The value that the same bytes are in another order; the raw number is worked out from the value."""
    factor = register.scale / register.divisor

    def back(value: float) -> float:
        raw = (value - register.offset) / factor
        try:
            data = packed.pack(raw if register.type is DataType.F32 else round(raw))
        except (struct.error, OverflowError, ValueError):
            return np.nan
        was: float = packed.unpack(bytes(data[index] for index in order))[0]
        return was * factor + register.offset

    return back
