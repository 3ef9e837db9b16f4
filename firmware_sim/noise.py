"""Noise that is a function, not a stream: the same (seed, time) always gives the same number.

A random generator would make a value depend on how often it was asked for. Here a counter is hashed (SplitMix64,
Steele, Lea and Flood 2014), so any moment can be evaluated on its own, in any order.
"""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache
from typing import Final

_MASK: Final = (1 << 64) - 1


def derive_seed(root: int, name: str) -> int:
    """A 64-bit seed for `name` under the root seed; changing one name changes no other."""
    digest = hashlib.blake2b(f"{root}/{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def uniform(seed: int, index: int) -> float:
    """A number in [0, 1) for the slot `index`."""
    z = (seed + index * 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return ((z ^ (z >> 31)) >> 11) / (1 << 53)


_support = lru_cache(maxsize=1 << 16)(uniform)
"""Support points are asked for again and again as time goes on; there are few of them at a time."""


def smooth(seed: int, time_s: float, period_s: float) -> float:
    """Value noise in [-1, 1]: random support points every `period_s`, joined by a cosine, so without jumps."""
    position = time_s / period_s
    slot = math.floor(position)
    blend = (1 - math.cos((position - slot) * math.pi)) / 2
    first, second = _support(seed, slot), _support(seed, slot + 1)
    return 2 * (first + (second - first) * blend) - 1


def jitter(seed: int, time_s: float, step_s: float = 1.0) -> float:
    """Instrument noise in [-1, 1]: a new value every `step_s`, uncorrelated."""
    return 2 * uniform(seed, math.floor(time_s / step_s)) - 1
