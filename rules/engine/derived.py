"""Step functions of expressions under a window: ``time(current > 2 A and level < 1 m) over 1 h``.

A condition changes only where one of its operands leaves its band or expires, a number with every reading of its
operands: that is where the engine has events. There the expression is evaluated, row-wise over all facilities, and
where its value is another than before, the window is fed with it as with a reading that never goes stale (it becomes
unknown by an expiry of an operand, which is an event, too). Computed anew over a stretch of history the events are all
readings and expiries; values that are the same as before are left out in both cases, so that the same pieces are held.

What happened in a facility must be known in order, so a slot that has closed is a *front* (``cells.py``): what comes
before it and may change something is late. Such a reading is never admitted in passing but re-evaluated.
"""

from __future__ import annotations

import numpy as np

from rules.columns import BEGINNING_MS, NEVER_MS, Floats, Ints
from rules.engine.conditions import Moments
from rules.engine.layout import ClassLayout, DerivedPlan, Layout
from rules.engine.rows import Rows, firsts, joined, order_by
from rules.engine.windows import Window
from rules.expression import Columns


def sourced(layout: Layout) -> list[ClassLayout]:
    """The classes some window of which looks back over an expression."""
    return [one for one in layout.classes if one.derived]


def derive(layout: Layout, classes: list[ClassLayout], value: Floats, events: Rows) -> Rows:
    """What expressions come to where events change them; taken over into ``value``.

    Args:
        layout: where everything lies.
        classes: the classes with such expressions.
        value: float64[n], the values of all cells before the events.
        events: in any order.

    Returns:
        Rows of the expressions' own cells, in time order for each.
    """
    found: list[Rows] = []
    for one in classes:
        mine = events.take((events.cell >= one.cell0) & (events.cell < one.cell0 + len(one.operands) * one.size))
        if not len(mine.cell):
            continue
        facility = layout.cell_facility[mine.cell]
        order = order_by(facility, mine.time_ms)
        moments = Moments(one, value, mine.take(order), facility[order])
        touched = [plan for plan in one.derived if not plan.inputs.isdisjoint(moments.touched)]
        found += [_changed(one, plan, value, moments) for plan in touched]
    rows = joined(found)
    value[rows.cell] = rows.value
    return rows


def _changed(one: ClassLayout, plan: DerivedPlan, value: Floats, moments: Moments) -> Rows:
    now = _value(plan, moments.columns(), len(moments.row))
    cell = one.cells(plan.column).start + moments.row
    before = np.empty_like(now)
    before[1:] = now[:-1]
    before[moments.begin] = value[cell[moments.begin]]
    return Rows(cell, moments.time_ms, now).take(~((now == before) | (np.isnan(now) & np.isnan(before))))


def _value(plan: DerivedPlan, columns: Columns, count: int) -> Floats:
    """One value a row; no -0.0, which is the same as 0.0."""
    return np.broadcast_to(plan.compute(columns) + 0.0, count)


def stand(layout: Layout, value: Floats) -> None:
    """Set all expressions' cells to what they come to on ``value`` (float64[n] of all cells) as it is."""
    for one in layout.classes:
        columns = Columns(
            lambda operand, one=one: value[one.cells(one.column_of[operand])],  # type: ignore[misc]
            lambda name, one=one: one.attribute[name],  # type: ignore[misc]
        )
        for plan in one.derived:
            value[one.cells(plan.column)] = _value(plan, columns, one.size)


def derived_anew(layout: Layout, one: ClassLayout, plan: DerivedPlan, rows: Rows, until_ms: Ints) -> Rows:
    """What an expression came to, from readings.

    Args:
        layout: where everything lies.
        one: the class.
        plan: the expression.
        rows: readings of the layout's cells, sorted by (cell, time).
        until_ms: int64[m], up to where each facility is looked at.

    Returns:
        Rows with ``cell`` the facility's row in the class, sorted by (row, time), one where the value becomes another.
    """
    events: list[Rows] = []
    for column in sorted(plan.inputs):
        span = one.cells(column)
        start, stop = np.searchsorted(rows.cell, (span.start, span.stop)).tolist()
        mine = rows.between(start, stop)
        end_ms = mine.time_ms + layout.stale_ms[mine.cell]
        lapsed = np.ones(len(end_ms), np.bool_)
        lapsed[:-1] = firsts(mine.cell)[1:] | (mine.time_ms[1:] > end_ms[:-1])
        events += [mine, Rows(mine.cell, end_ms, np.full(len(end_ms), np.nan)).take(lapsed)]
    every = joined(events)
    value = np.full(len(layout.point), np.nan)
    every = joined([every, *_turns(one, plan, every, until_ms, value)])
    row = layout.cell_facility[every.cell] - one.facility0
    every = every.take(every.time_ms <= until_ms[row])
    if not len(every.cell):
        return every
    facility = layout.cell_facility[every.cell]
    order = order_by(facility, every.time_ms)
    moments = Moments(one, value, every.take(order), facility[order])
    found = _changed(one, plan, value, moments)
    return found._replace(cell=found.cell - one.cells(plan.column).start)


def _turns(one: ClassLayout, plan: DerivedPlan, events: Rows, until_ms: Ints, value: Floats) -> list[Rows]:
    """Turns of the calendar from the first event of each facility on; ``value`` gets what held then."""
    terms = [term for term in one.terms if term.column in plan.inputs]
    if not terms or not len(events.cell):
        return []
    begin_ms = np.full(one.size, NEVER_MS)
    np.minimum.at(begin_ms, (events.cell - one.cell0) % one.size, events.time_ms)
    row = np.flatnonzero(begin_ms < NEVER_MS)
    found = []
    for term in terms:
        mine, start = term.take(row), one.cells(term.column).start
        value[start + row], _ = mine.at(begin_ms[row])
        changes = mine.between(begin_ms[row], until_ms[row])
        found.append(Rows(start + row[changes.row], changes.time_ms, changes.value))
    return found


def closed_ms(window: Window) -> Ints | int:
    """int64[m]: the last moment of the last closed slot of each row; one number where it is the same for all."""
    first = int(window.slot.min(initial=NEVER_MS))
    if first != BEGINNING_MS and first == int(window.slot.max(initial=BEGINNING_MS)):
        return first * window.plan.step_ms - 1
    return np.where(window.slot == BEGINNING_MS, BEGINNING_MS, window.slot * window.plan.step_ms - 1)
