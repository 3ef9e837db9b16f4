"""A site's meaning of a register: bit, state, scale and offset, several points of one register."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.quality import QualityClass, Reason, quality
from gateway.config_file import parse_config
from gateway.site import SiteColumns, SiteValue

_CONFIG = """
group: g
node: n
broker: {{host: 127.0.0.1}}
spool: {{path: spool}}
buses:
  - id: bus1
    host: 127.0.0.1
    units:
      - unit: 1
        profile: invt-gd200a
        points:
{points}
"""


def scalar(site: SiteValue, value: float) -> float | None:
    """One value, step by step; ``None`` where the state is unknown."""
    if site.bit is not None:
        value = (int(value) >> site.bit) & 1
    if site.states:
        if int(value) not in site.states:
            return None
        value = site.states[int(value)]
    return value * site.scale + site.offset


sites = st.builds(
    SiteValue,
    scale=st.sampled_from([1.0, -1.0, 0.001]),
    offset=st.sampled_from([0.0, 2.4]),
    bit=st.none() | st.integers(0, 15),
    states=st.just({}) | st.just({0: 0.0, 1: 1.0, 3: 0.0}),
)


@given(st.lists(st.tuples(sites, st.integers(0, 65535)), min_size=1, max_size=10))
def test_columns_agree_with_the_scalar_reading(rows: list[tuple[SiteValue, int]]) -> None:
    """Whatever points stand beside each other, each gets its own value."""
    columns = SiteColumns([site for site, _ in rows])
    value, codes = columns.apply(
        np.arange(len(rows)), np.array([raw for _, raw in rows], np.float64), np.zeros(len(rows), np.uint8)
    )
    for row, (site, raw) in enumerate(rows):
        expected = scalar(site, raw)
        if expected is None:
            assert codes[row] == quality(QualityClass.BAD, Reason.OUT_OF_RANGE)
        else:
            assert value[row] == expected


def test_what_was_not_measured_stays_so() -> None:
    """NaN goes through every step unharmed, and its quality with it."""
    columns = SiteColumns([SiteValue(bit=0), SiteValue(states={1: 1.0}), SiteValue(scale=2.0)])
    value, codes = columns.apply(np.arange(3), np.full(3, np.nan), np.full(3, 193, np.uint8))
    assert np.isnan(value).all()
    assert codes.tolist() == [193] * 3


def test_one_register_gives_several_points() -> None:
    """Two floats of a pump stand in one word; its state becomes running or not."""
    points = """\
          digital_inputs:
            - {metric: sp/high_float, bit: 0}
            - {metric: sp/seal_leak, bit: 1}
          state: {metric: sp/running, states: {1: 1, 2: 1, 3: 0}}
          pid_set: {metric: sp/set, scale: 0.016, unit: MPa}
"""
    unit = parse_config(_CONFIG.format(points=points), Path()).buses[0].units[0]
    assert [(point.metric, point.register.name, point.unit) for point in unit.points] == [
        ("sp/high_float", "digital_inputs", "1"),
        ("sp/seal_leak", "digital_inputs", "1"),
        ("sp/running", "state", "1"),
        ("sp/set", "pid_set", "MPa"),
    ]
    assert unit.points[2].site.states == {1: 1.0, 2: 1.0, 3: 0.0}


def test_mistakes_in_a_points_meaning_are_named() -> None:
    """Unknown units, states that are no numbers and impossible bits, all at once."""
    points = """\
          state: {metric: sp/running, states: {on: 1}, bit: 70, unit: furlong}
"""
    with pytest.raises(Invalid) as caught:
        parse_config(_CONFIG.format(points=points), Path())
    text = str(caught.value)
    assert all(word in text for word in ("furlong", "whole number", "bit"))
