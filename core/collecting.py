"""Python's collector of cycles, kept from walking a heap that only grows.

Reading a registry makes millions of records that stay until the end. Each of the collector's full walks looks at all of
them and finds nothing: a quarter of the time. What holds no cycle is freed as ever.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_SELDOM = (200_000, 50, 1_000)


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Let the collector look seldom meanwhile. For a process that does one large piece of work, in any one thread."""
    before = gc.get_threshold()
    gc.set_threshold(*_SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)
