"""What conditions do to machines, and rules as tables of it.

A rule whose comparisons are all with fixed numbers cannot tell two values of one band (``guards.py``) apart. So what
it does to a machine is worked out once for every combination of its operands' bands, and unknown, with the conditions
themselves; judging it is then counting bands and one look-up, whatever the conditions are made of.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from rules.columns import Bytes, Floats, Indices, Tri
from rules.engine.guards import Guard
from rules.expression import Columns, Operand, TruthFunction

_ONE, _TWO, _THREE = (np.uint8(number) for number in (1, 2, 3))

LARGEST_TABLE = 20_000
"""Combinations of bands; a rule that has more is judged by its conditions."""


def drive_of(when: Tri, clear: Tri | None) -> Bytes:
    """Pack what ``when`` and ``clear`` (None: not when) say into uint8[n]: 3 * (while normal) + (while active)."""
    normal: Bytes = when.true + _ONE
    normal -= when.false
    if clear is None:
        normal += _ONE
        normal *= _TWO
        return normal
    active: Bytes = clear.true + _ONE
    active *= ~(when.true | clear.false)
    normal *= _THREE
    normal += active
    return normal


@dataclass(frozen=True, slots=True, eq=False)
class DriveTable:
    """The drives of one rule by the bands of its k operands.

    Attributes:
        columns: the operands' columns.
        shares: intp[bands] of each operand, what a band adds to the place in the table.
        drive: uint8[combinations].
    """

    columns: tuple[int, ...]
    shares: tuple[Indices, ...]
    drive: Bytes

    def drives(self, band: Callable[[int], Indices]) -> Bytes:
        """uint8[n]; ``band`` gives the bands of a column, intp[n] as ``Guard.number`` counts them."""
        place = self.shares[0].take(band(self.columns[0]))
        for column, share in zip(self.columns[1:], self.shares[1:], strict=True):
            place += share.take(band(column))
        return self.drive.take(place)


def drive_table(
    when: TruthFunction,
    clear: TruthFunction | None,
    operands: Sequence[tuple[int, Operand]],
    own: Sequence[Guard],
    guards: Sequence[Guard],
) -> DriveTable | None:
    """The table of a rule, if it can be judged by one.

    Args:
        when: what raises the alarm.
        clear: what ends it.
        operands: what they read, and in which columns; at least one.
        own: the guard of each, of the cuts of this rule alone.
        guards: those of the class, by column, which have all these cuts and those of other rules.
    """
    if any(guard.restless or guard.own for guard in own):
        return None
    values = [guard.samples() for guard in own]
    sizes = [len(column) for column in values]
    if prod(sizes) > LARGEST_TABLE:
        return None
    strides = [prod(sizes[place + 1 :]) for place in range(len(sizes))]
    combination = np.arange(prod(sizes))
    mesh: dict[Operand, Floats] = {
        operand: column.take(combination // stride % len(column))
        for (_, operand), column, stride in zip(operands, values, strides, strict=True)
    }
    columns = Columns(mesh.__getitem__, _no_attribute)
    drive = drive_of(when(columns), None if clear is None else clear(columns))
    return DriveTable(
        columns=tuple(column for column, _ in operands),
        shares=tuple(
            guard.number(guards[column].samples()) * stride
            for (column, _), guard, stride in zip(operands, own, strides, strict=True)
        ),
        drive=np.broadcast_to(drive, len(combination)).copy(),
    )


def _no_attribute(part: object) -> Floats:
    raise AssertionError(f"a rule with the attribute {part} has no table")
