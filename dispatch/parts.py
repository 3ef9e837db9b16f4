"""Many keys are asked for in parts: a statement takes only so many of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

MOST = 500
"""Keys in one statement; SQLite before 3.32 takes no more than 999 values."""
_Key = TypeVar("_Key")


def in_parts(keys: Sequence[_Key], most: int = MOST) -> Iterator[Sequence[_Key]]:
    """The keys in order, at most so many at a time; nothing for none."""
    for begin in range(0, len(keys), most):
        yield keys[begin : begin + most]
