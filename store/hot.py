"""The readings that are not in a segment yet, mirrored in memory as one growing set of columns.

The database holds the same rows; they are read from there only when the store opens. Rows below the length never
change, and an append only writes beyond it, so a reader takes the arrays and the length under the lock and scans them
without it. One long scan instead of many short ones matters: each array operation gives up the interpreter's lock and
has to win it back from the thread that commits.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from core.readings import Readings, empty

_FIRST_CAPACITY = 16_384
_NAMES = ("point", "time_ms", "value", "quality", "epoch", "offset")


class HotColumns:
    """Append-only columns: one thread appends, any thread takes snapshots meanwhile."""

    def __init__(self, batches: Iterable[Readings] = ()) -> None:
        """Start with ``batches``, oldest first."""
        nothing = empty()
        self._columns = {name: getattr(nothing, name) for name in _NAMES}
        self._text: dict[int, str] = {}
        self.rows = 0
        for batch in batches:
            self.append(batch)

    def append(self, batch: Readings) -> None:
        """Add the newest batch."""
        first, stop = self.rows, self.rows + len(batch)
        self._reserve(stop)  # rows beyond the length are nobody's yet, so no lock is needed until it grows
        for name, column in self._columns.items():
            column[first:stop] = getattr(batch, name)
        for row, text in batch.text.items():
            self._text[first + row] = text
        self.rows = stop

    def snapshot(self) -> Readings:
        """The rows as they are now, in the order they came; later texts may be in the mapping, later rows are not."""
        rows = self.rows  # before the columns: those that replace them hold at least as many
        views = {name: column[:rows] for name, column in self._columns.items()}
        return Readings(**views, text=self._text)

    def _reserve(self, rows: int) -> None:
        """Room for ``rows``; snapshots keep the arrays they have."""
        capacity = len(self._columns["point"])
        if rows <= capacity:
            return
        capacity = max(rows, 2 * capacity, _FIRST_CAPACITY)
        for name, column in self._columns.items():
            grown = np.empty(capacity, column.dtype)
            grown[: self.rows] = column[: self.rows]
            self._columns[name] = grown
