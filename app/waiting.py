"""What waits in a queue between two threads, taken without waiting for more."""

from __future__ import annotations

import queue
from typing import TypeVar

T = TypeVar("T")


def drained(waiting: queue.SimpleQueue[T], most: int) -> list[T]:
    """At most so many items, in their order."""
    found: list[T] = []
    while len(found) < most:
        try:
            found.append(waiting.get_nowait())
        except queue.Empty:
            break
    return found
