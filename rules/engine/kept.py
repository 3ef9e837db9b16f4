"""Long windows in a snapshot: what would take days of history to compute anew.

A window is written as the ring of its closed slots; heads and tails are folded from it again, in the order in which
they were folded before, so nothing differs by a bit. The slot that was open is not written: its readings are read from
the history, as they are for shorter windows altogether. A window is taken over for a facility only if what it was made
from is the same: the operand, the points with their units and times of expiry, and the attributes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.columns import BEGINNING_MS, Indices, Shares
from rules.engine.layout import ClassLayout, Layout
from rules.engine.plane import Plane
from rules.engine.seasons import Season
from rules.engine.windows import Window
from rules.expression import WindowedOver, attributes_of, form
from rules.operators.folds import fold_up

KEEP_FROM_MS = 6 * 3_600_000
"""Shorter windows are read from the history again."""

Arrays = dict[str, NDArray[Any]]
_ROWS = ("slot", "begun", "window_known_ms")


def keep(plane: Plane, arrays: Arrays) -> list[str]:
    """Write the long windows of a plane into ``arrays``; their names, in order."""
    names = []
    for number, (name, one, window) in enumerate(_long(plane)):
        names.append(name)
        arrays[f"window.{number}.facility"] = plane.layout.facility[one.facilities]
        arrays[f"window.{number}.made_from"] = _made_from(plane.layout, one, window)
        for column in _ROWS:
            arrays[f"window.{number}.{column}"] = getattr(window, column)
        if isinstance(window, Season):
            arrays[f"window.{number}.hours"] = window.hours
            continue
        arrays[f"window.{number}.known"] = window.known_ring
        for field, part in _fields(window.share_ring):
            arrays[f"window.{number}.share{field}"] = part
    return names


def take_over(plane: Plane, names: list[str], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Set the long windows of a plane as they were written, where they were made from the same."""
    written = {name: f"window.{number}" for number, name in enumerate(names)}
    for name, one, window in _long(plane):
        prefix = written.get(name)
        if prefix is None:
            continue
        there = arrays[f"{prefix}.facility"]
        order = np.argsort(there)
        mine = plane.layout.facility[one.facilities]
        place = np.minimum(np.searchsorted(there[order], mine), max(0, len(there) - 1))
        at = order[place] if len(there) else np.zeros(len(mine), np.intp)
        made_from = arrays[f"{prefix}.made_from"]
        if not len(there) or made_from.shape[0] != (own := _made_from(plane.layout, one, window)).shape[0]:
            continue
        same = (there[at] == mine) & (made_from[:, at] == own).all(axis=0)
        _put(window, np.flatnonzero(same), at[same], prefix, arrays)


def _long(plane: Plane) -> Iterator[tuple[str, ClassLayout, Window]]:
    for one, windows in zip(plane.layout.classes, plane.windows, strict=True):
        for window in windows:
            if window.plan.step_ms * window.plan.slots >= KEEP_FROM_MS:
                yield f"{one.class_id}|{form(one.operands[window.plan.column])}", one, window


def _made_from(layout: Layout, one: ClassLayout, window: Window) -> NDArray[np.int64]:
    """int64[k, m]: everything a window's shares depend on beside the readings, numbers by their bits."""
    count = one.size
    found: list[NDArray[np.int64]] = []
    for column in sorted(window.plan.inputs):
        cells = one.cells(column)
        found += [layout.point[cells].astype(np.int64), layout.stale_ms[cells]]
        for conversion, plain in ((layout.factor, 1.0), (layout.offset, 0.0)):
            part = np.full(count, plain) if conversion is None else conversion[cells]
            found.append(part.view(np.int64))
    operand = one.operands[window.plan.column]
    if isinstance(operand, WindowedOver):
        found += [one.attribute[part].view(np.int64) for part in sorted(attributes_of(operand.source), key=repr)]
    return np.stack(found)


def _fields(shares: Shares) -> Iterator[tuple[str, NDArray[Any]]]:
    """The columns of a table of records, or the table itself."""
    if shares.dtype.names is None:
        yield "", shares
    else:
        for name in shares.dtype.names:
            yield f".{name}", shares[name]


def _put(window: Window, row: Indices, at: Indices, prefix: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    for column in _ROWS:
        getattr(window, column)[row] = arrays[f"{prefix}.{column}"][at]
    if isinstance(window, Season):
        window.hours[:, row] = arrays[f"{prefix}.hours"][:, at]
        return
    window.known_ring[:, row] = arrays[f"{prefix}.known"][:, at]
    for field, part in _fields(window.share_ring):
        part[:, row] = arrays[f"{prefix}.share{field}"][:, at]
    _fold(window, row[window.slot[row] != BEGINNING_MS])


def _fold(window: Window, row: Indices) -> None:
    """Heads and tails of some rows, from their rings."""
    slots, fold, slot = window.plan.slots, window.plan.aggregate.fold, window.slot[row]
    inside, place = slot % slots, np.arange(slots)[:, None]
    of_block = window.share_ring.take(window.in_rings(row, slot - inside, slots))
    before = window.share_ring.take(window.in_rings(row, slot - inside - slots, slots))
    fold_up(fold, before)
    window.tail[:-1, row] = np.where(place < inside, of_block, before)
    head = np.full(len(row), window.plan.aggregate.identity)
    for number, share in enumerate(of_block):
        head = np.where(number < inside, fold(head, share), head)
    window.head[row] = head
