"""Units convert within their dimension and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refused
from core.units import UNITS, convert, unit


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        (212, "[degF]", "Cel", 100.0),
        (1, "m[H2O]", "kPa", 9.80665),
        (0.35, "MPa", "bar", 3.5),
        (1, "kgf/cm2", "MPa", 0.0980665),
        (1, "[psi]", "Pa", 6894.757293168361),
        (100, "[psi]", "bar", 6.894757293168361),
        (10, "[ft_i]", "m", 3.048),
        (12, "[in_i]", "[ft_i]", 1.0),
        (36, "m3/h", "L/s", 10.0),
        (90, "min", "h", 1.5),
        (5, "%", "1", 0.05),
    ],
)
def test_known_conversions(value: float, source: str, target: str, expected: float) -> None:
    """Figures from the definitions of the units."""
    assert convert(value, source, target) == pytest.approx(expected, rel=1e-12)


@given(st.sampled_from(sorted(UNITS)), st.sampled_from(sorted(UNITS)), st.floats(-1e6, 1e6))
def test_there_and_back_again(source: str, target: str, value: float) -> None:
    """Converting back gives the value; another dimension is refused."""
    if unit(source).dimension != unit(target).dimension:
        with pytest.raises(Refused, match="measures"):
            convert(value, source, target)
    else:
        assert convert(convert(value, source, target), target, source) == pytest.approx(value, rel=1e-9, abs=1e-6)


def test_a_misspelled_unit_is_named_with_its_neighbour() -> None:
    """The person is told what was probably meant."""
    with pytest.raises(Refused, match="did you mean 'MPa'"):
        unit("mpa")
    with pytest.raises(Refused, match="did you mean '\\[psi\\]'"):
        unit("psi")


def test_every_unit_is_in_its_page() -> None:
    """``docs/units.md``, which the error for an unknown unit names, lists every code beside its dimension."""
    page = (Path(__file__).resolve().parents[3] / "docs" / "units.md").read_text(encoding="utf-8")
    rows = {row.split("|")[1].strip(): row for row in page.splitlines() if row.startswith("| ")}
    missing = [one.code for one in UNITS.values() if f"`{one.code}`" not in rows.get(one.dimension, "")]
    assert missing == []
