"""A device's own time, as its payload writes it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

EARLIEST_MS = 946_684_800_000
"""2000-01-01: an event time before it comes from a clock that was never set."""
_LATEST_MS = 2**53


class TimeForm(StrEnum):
    """How a time is written."""

    MS = "ms"
    SECONDS = "s"
    ISO = "iso"


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceTime:
    """Where a payload carries its event time.

    Attributes:
        path: the field.
        form: milliseconds or seconds since 1970 (UTC), or ISO 8601.
        zone: IANA zone of an ISO time without an offset; empty: such a time cannot be trusted and is not used.
    """

    path: str
    form: TimeForm
    zone: str = ""


def time_ms(value: object, form: TimeForm, zone: str = "") -> int:
    """A written time as UTC milliseconds; 0 if it is none, or earlier than 2000, or without a known zone."""
    moment = _iso_ms(value, zone) if form is TimeForm.ISO else _number_ms(value, form)
    return moment if EARLIEST_MS <= moment < _LATEST_MS else 0


def _number_ms(value: object, form: TimeForm) -> int:
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        return 0
    number_ms = number * 1000 if form is TimeForm.SECONDS else number
    return round(number_ms) if math.isfinite(number_ms) else 0


def _iso_ms(value: object, zone: str) -> int:
    if not isinstance(value, str):
        return 0
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            if not zone:
                return 0
            # An hour that comes twice in autumn is taken as the first one; Asia/Shanghai has none since 1991.
            moment = moment.replace(tzinfo=ZoneInfo(zone))
        return round(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        return 0
