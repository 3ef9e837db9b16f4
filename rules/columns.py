"""Array types of this folder, and truth in three values.

A condition has two columns: where it is true, and where it is false. Where neither holds it is *unknown*. Unknown
operands travel as NaN, so that every comparison with one is neither true nor false without a single extra pass.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Bools: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bytes: TypeAlias = NDArray[np.uint8]
Indices: TypeAlias = NDArray[np.intp]
Shares: TypeAlias = NDArray[Any]
"""What stretches of windows come to: numbers, or records of several."""

NEVER_MS = np.iinfo(np.int64).max // 4
"""A moment that does not come; far enough from the end of int64 that a duration may be added."""

BEGINNING_MS = -NEVER_MS
"""Before every reading."""


class Tri(NamedTuple):
    """Truth of n conditions: bool[n] ``true``, bool[n] ``false``; neither is unknown, both never happens."""

    true: Bools
    false: Bools
