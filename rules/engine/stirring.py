"""Late readings that change a comparison but move no machine.

A machine at rest is moved only by a condition that comes true: ``when`` while it is normal, ``clear`` while it is
active. So if a machine has been at rest since before a late reading, and its condition is false while that reading
holds, all goes on as it was: the alarm, the timers, and everything after, because behind the next reading of the cell
the step functions are the same.

Whether the condition is false is asked of the late reading and of what is certain about the other operands; what is
not certain counts as unknown. Kleene logic is monotone: a condition that is false though it knows less does not come
true when it knows more, nor does one that is false come true when it knows less. So where an operand has been in its
usual band or unknown since before the late reading, a value of that band may stand for it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rules.columns import NEVER_MS, Bools, Floats, Indices, Ints
from rules.engine.layout import ClassLayout, RulePlan
from rules.engine.plane import Plane
from rules.engine.rows import Rows
from rules.engine.suspects import Looked
from rules.expression import Columns, Operand


class _Certain(NamedTuple):
    """What is certain of each cell: int64[n] since when it is in its usual band, and bool[n] in spite of that."""

    since_ms: Ints
    steady: Bools


def stirring(plane: Plane, late: Rows, looked: Looked) -> Bools:
    """Which late rows may move a machine.

    Returns:
        bool[len(late)]; never where the row changes nothing.
    """
    changing = np.flatnonzero(looked.changing)
    certain = _Certain(plane.cells.usual_ms.copy(), np.zeros(len(plane.cells.usual_ms), np.bool_))
    certain.since_ms[late.cell[changing]] = NEVER_MS
    certain.steady[looked.cell] = looked.steady
    rows = late.take(changing)
    moves: Bools = looked.until_ms[changing] == NEVER_MS
    for one in plane.layout.classes:
        mine = np.flatnonzero(
            ~moves & (rows.cell >= one.cell0) & (rows.cell < one.cell0 + len(one.operands) * one.size)
        )
        place = rows.cell[mine] - one.cell0
        column = place // one.size
        row = place - column * one.size
        # What a window looks back over is never let pass: it would be held from then on.
        aggregated = [number for plan in one.derived for number in plan.inputs]
        moves[mine[np.isin(column, aggregated)]] = True
        for number, plan in enumerate(one.rules):
            reading = np.flatnonzero(plan.reads[column])
            if len(reading):
                chosen = mine[reading]
                q = one.machines(number).start + row[reading]
                moves[chosen] |= _moves(plane, one, plan, q, row[reading], rows.take(chosen), certain)
    result = np.zeros(len(late.cell), np.bool_)
    result[changing] = moves
    return result


def _moves(
    plane: Plane, one: ClassLayout, plan: RulePlan, machine: Indices, row: Indices, late: Rows, certain: _Certain
) -> Bools:
    def load(operand: Operand) -> Floats:
        cell = one.cells(one.column_of[operand]).start + row
        sure = (certain.since_ms[cell] < late.time_ms) | certain.steady[cell]
        return np.where(cell == late.cell, late.value, np.where(sure, plane.cells.usual_value(cell), np.nan))

    def known(operand: Operand) -> Floats:
        """Only of the late row itself it is certain: knowing less may well make this come true."""
        cell = one.cells(one.column_of[operand]).start + row
        return np.where(cell == late.cell, (~np.isnan(late.value)).astype(np.float64), np.nan)

    columns = Columns(load, lambda part: one.attribute[part][row], known=known)
    when = plan.when(columns)
    stays = when.true if plan.clear is None else plan.clear(columns).false
    quiet = np.where(plane.machines.on[machine] == 1, stays, when.false)
    return ~(quiet & plane.machines.at_rest(machine, late.time_ms))
