"""The readings that are not in a segment yet, mirrored in memory as the blocks they were committed in.

The database holds the same rows; they are read from there only when the store opens. A block never changes once it is
in the list, so a reader takes the list under the lock and scans it without one. Small blocks are joined as they pile
up, which keeps a scan for one point at a few hundred array operations at most.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.readings import Readings, concat

_JOIN_BLOCKS = 16
_JOIN_ROWS = 65_536


class HotBlocks:
    """An append-only sequence of batches. Not thread-safe; its owner holds the view lock."""

    def __init__(self, blocks: Sequence[Readings] = ()) -> None:
        """Start with ``blocks``, oldest first."""
        self._blocks: list[Readings] = []
        self.rows = 0
        for block in blocks:
            self.append(block)

    def append(self, batch: Readings) -> None:
        """Add the newest batch."""
        if len(batch) == 0:
            return
        self._blocks.append(batch)
        self.rows += len(batch)
        tail = self._blocks[-_JOIN_BLOCKS:]
        small = [block for block in tail if len(block) < _JOIN_ROWS]
        if len(small) == len(tail) == _JOIN_BLOCKS:
            self._blocks[-_JOIN_BLOCKS:] = [concat(tail)]

    def snapshot(self) -> tuple[Readings, ...]:
        """The blocks as they are now, oldest first."""
        return tuple(self._blocks)
