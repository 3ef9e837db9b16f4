"""Durations and times as Prometheus writes them. Pure."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Final

from api.prometheus import findings as say
from api.prometheus.tree import QueryError

_UNITS_MS: Final = {
    "y": 31_536_000_000,
    "w": 604_800_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1_000,
    "ms": 1,
}
_DURATION: Final = re.compile("".join(rf"(?:(\d{{1,9}}){unit})?" for unit in _UNITS_MS))
_LONGEST_MS: Final = 10 * 366 * 86_400_000
_LATEST_S: Final = 253_402_300_799


def duration_ms(text: str) -> int:
    """Milliseconds of ``1h30m``.

    Raises:
        QueryError: if it is none, or more than ten years.
    """
    found = _DURATION.fullmatch(text)
    if not text or found is None:
        raise QueryError(say.DURATION(found=text[:40]))
    total = sum(int(part) * unit for part, unit in zip(found.groups(), _UNITS_MS.values(), strict=True) if part)
    if total > _LONGEST_MS:
        raise QueryError(say.NO_LONG(most=_LONGEST_MS // 86_400_000))
    return total


def step_ms(text: str) -> int:
    """Milliseconds of a step: a duration, or seconds.

    Raises:
        QueryError: if it is neither, or not above 0.
    """
    seconds = _number(text)
    step = duration_ms(text) if seconds is None else round(min(seconds, 1e12) * 1000)
    if not 0 < step <= _LONGEST_MS:
        raise QueryError(say.BAD_STEP(found=text[:40]))
    return step


def time_ms(name: str, text: str) -> int:
    """UTC milliseconds of seconds, or of an RFC 3339 time.

    Raises:
        QueryError: naming the parameter.
    """
    seconds = _number(text)
    if seconds is None:
        try:
            read = datetime.fromisoformat(text)
            seconds = read.timestamp() if read.tzinfo is not None else None
        except (ValueError, OverflowError):
            seconds = None
    if seconds is None or not 0 <= seconds <= _LATEST_S:
        raise QueryError(say.BAD_TIME(name=name, found=text[:40]))
    return round(seconds * 1000)


def in_words(ms: int) -> str:
    """A whole step as it would be written: ``90m`` is ``1h30m``."""
    parts = []
    for unit in ("d", "h", "m", "s", "ms"):
        count, ms = divmod(ms, _UNITS_MS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def utc_text(at_ms: int) -> str:
    """A moment as RFC 3339 in UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in text else None
