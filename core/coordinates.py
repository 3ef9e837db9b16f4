"""Positions at the edge: stored is WGS-84, shown and handed out may be GCJ-02 or CGCS2000.

GCJ-02 is what maps sold in mainland China are drawn in: WGS-84 shifted by up to some 700 m by a function of place. The
function is not published by its makers; the one here is that of the widely used open implementations, and agrees with
their published pairs (``tests/unit/core/test_coordinates.py``). CGCS2000, the legal system, differs from WGS-84 by
centimetres (its plates' motion apart), below what any position in a registry is known to: it is handed out unchanged.
"""

from __future__ import annotations

from enum import StrEnum
from math import cos, pi, radians, sin, sqrt

_A_M = 6_378_245.0
"""Semi-major axis of the Krasovsky ellipsoid, which the shift is computed on."""
_E2 = 0.006_693_421_622_965_943_23
_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271
"""Outside of this frame nothing is shifted; it is a frame, not the border."""
_CLOSE_DEG = 1e-10


class PositionSystem(StrEnum):
    """Systems in which people give and read positions."""

    WGS84 = "WGS-84"
    GCJ02 = "GCJ-02"
    CGCS2000 = "CGCS2000"


def shown_in(system: PositionSystem, longitude: float, latitude: float) -> tuple[float, float]:
    """Longitude and latitude (degrees) of a WGS-84 place in a system."""
    ways = {PositionSystem.GCJ02: gcj02, PositionSystem.CGCS2000: cgcs2000}
    return ways[system](longitude, latitude) if system in ways else (longitude, latitude)


def wgs84_of(system: PositionSystem, longitude: float, latitude: float) -> tuple[float, float]:
    """The WGS-84 place that a system shows here; CGCS2000 differs by centimetres and is taken unchanged."""
    return wgs84_of_gcj02(longitude, latitude) if system is PositionSystem.GCJ02 else (longitude, latitude)


def gcj02(longitude: float, latitude: float) -> tuple[float, float]:
    """GCJ-02 longitude and latitude (degrees) of a WGS-84 place; outside the frame of China the same place."""
    if not (_WEST <= longitude <= _EAST and _SOUTH <= latitude <= _NORTH):
        return longitude, latitude
    east, north = _shift(longitude - 105.0, latitude - 35.0)
    square = 1 - _E2 * sin(radians(latitude)) ** 2
    meridian_m = _A_M * (1 - _E2) / square**1.5
    parallel_m = _A_M / sqrt(square) * cos(radians(latitude))
    return longitude + east / radians(parallel_m), latitude + north / radians(meridian_m)


def wgs84_of_gcj02(longitude: float, latitude: float) -> tuple[float, float]:
    """The WGS-84 place that ``gcj02`` shows here, to a fraction of a millimetre."""
    x, y = longitude, latitude
    for _ in range(30):
        shown_x, shown_y = gcj02(x, y)
        if abs(shown_x - longitude) < _CLOSE_DEG and abs(shown_y - latitude) < _CLOSE_DEG:
            break
        x, y = x + longitude - shown_x, y + latitude - shown_y
    return x, y


def cgcs2000(longitude: float, latitude: float) -> tuple[float, float]:
    """CGCS2000 longitude and latitude of a WGS-84 place: the same, to centimetres."""
    return longitude, latitude


def _shift(x: float, y: float) -> tuple[float, float]:
    """How far a place is shifted to the east and to the north, m; ``x`` and ``y`` are degrees from 105° E, 35° N."""
    ripple = 20 * sin(6 * x * pi) + 20 * sin(2 * x * pi)
    east = ripple + 20 * sin(x * pi) + 40 * sin(x / 3 * pi) + 150 * sin(x / 12 * pi) + 300 * sin(x / 30 * pi)
    north = ripple + 20 * sin(y * pi) + 40 * sin(y / 3 * pi) + 160 * sin(y / 12 * pi) + 320 * sin(y * pi / 30)
    root = sqrt(abs(x))
    return (
        300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + east * 2 / 3,
        -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + north * 2 / 3,
    )
