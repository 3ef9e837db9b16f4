"""Positions at the edge agree with published pairs, and come back."""

from __future__ import annotations

from math import cos, hypot, radians

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.coordinates import cgcs2000, gcj02, wgs84_of_gcj02

EXACT = ((116.404, 39.915), (116.41024449916938, 39.91640428150164))
"""A pair that the test suites of several open implementations share, to the last digit."""
SHARED = (
    ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
    ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
    ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
)
"""Pairs of an implementation that takes another ellipsoid: it differs by millimetres."""


def metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Distance of two near places."""
    return 111_320 * hypot((one[0] - other[0]) * cos(radians(one[1])), one[1] - other[1])


def test_the_shift_is_the_published_one() -> None:
    """To the last digits of a double."""
    place, shown = EXACT
    assert gcj02(*place) == pytest.approx(shown, abs=1e-12)


@pytest.mark.parametrize(("place", "shown"), SHARED)
def test_other_implementations_agree(place: tuple[float, float], shown: tuple[float, float]) -> None:
    """Within a few centimetres, though they compute on another ellipsoid."""
    assert metres(gcj02(*place), shown) < 0.05


@given(st.floats(73, 136), st.floats(3, 54))
def test_a_shown_place_leads_back(longitude: float, latitude: float) -> None:
    """There and back is the same place, and no place is shifted further than some 1,500 m."""
    place = (longitude, latitude)
    shown = gcj02(*place)
    assert metres(place, wgs84_of_gcj02(*shown)) < 0.001
    assert 1 < metres(place, shown) < 1_500


@pytest.mark.parametrize("place", [(2.35, 48.85), (-112.1, 31.7), (112.1, -31.7)])
def test_elsewhere_nothing_is_shifted(place: tuple[float, float]) -> None:
    """Outside the frame of China all systems show the same place."""
    assert gcj02(*place) == place


def test_cgcs2000_is_wgs84_here() -> None:
    """They differ by centimetres, which no position of the registry is known to."""
    assert cgcs2000(112.1, 31.7) == (112.1, 31.7)
