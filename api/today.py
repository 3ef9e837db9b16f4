"""Which day it is where the city is."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from api.ports import ApiPorts


def today_of(ports: ApiPorts) -> str:
    """Today's ISO date by the site calendar's time zone."""
    now = datetime.fromtimestamp(ports.clock.now_ms() / 1000, UTC)
    return now.astimezone(ZoneInfo(ports.calendars.year(now.year).zone)).date().isoformat()
