"""A process that commits and compacts until it is killed; it says which commits were acknowledged.

Commit n holds the readings ``content(n)``, so that any other process can tell what must be there.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from core.offsets import OffsetRange
from core.ports.store import Chunk, Commit
from core.readings import Readings
from core.sparkplug.topics import NodeId
from store.duckdb_store import DuckDBStore
from store.settings import StoreSettings

DAY_MS = 86_400_000
T0_MS = 20_000 * DAY_MS
ROWS = 40
NODE = NodeId("city-1", "gateway-1")
SETTINGS = StoreSettings(
    hot_rows_max=10_000, row_group_rows=16, merge_rows=64, fan_in=2, close_grace_s=1.0, overlay_age_s=1.0
)


def content(number: int) -> Commit:
    """Commit ``number``: 40 readings over two days, of which some repeat an earlier millisecond."""
    first = (number - 1) * ROWS
    offset = np.arange(first, first + ROWS, dtype=np.int64)
    return Commit(
        readings=Readings(
            point=(offset % 5).astype(np.int32),
            time_ms=T0_MS + offset % 700 * 250_000,
            value=offset / 10,
            quality=np.zeros(ROWS, np.uint8),
            epoch=np.full(ROWS, 7),
            offset=offset,
        ),
        chunks=[Chunk(node=NODE, epoch=7, span=OffsetRange(first, first + ROWS), crc32=number)],
    )


def main(folder: Path) -> None:
    """Commit, and every seventh time flush and compact, for ever."""
    store = DuckDBStore(folder, settings=SETTINGS)
    while True:
        number = store.commit(content(store.durable() + 1))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        if number % 7 == 0:
            store.flush()
            store.maintain(T0_MS + 10 * DAY_MS)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
