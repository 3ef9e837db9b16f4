"""How far two places are apart. Pure."""

from __future__ import annotations

import math

_EARTH_M = 6_371_008.8
"""Mean radius (IUGG)."""

Spot = tuple[float, float]
"""Longitude and latitude, WGS-84 degrees."""


def metres(one: Spot, other: Spot) -> float:
    """The line between two places on the ground (great circle, haversine)."""
    lon, lat, lon2, lat2 = (math.radians(at) for at in (*one, *other))
    chord = math.sin((lat2 - lat) / 2) ** 2 + math.cos(lat) * math.cos(lat2) * math.sin((lon2 - lon) / 2) ** 2
    return 2 * _EARTH_M * math.asin(min(1.0, math.sqrt(chord)))
