"""The table of recordings: what ships is right, and every mistake is told with its place."""

from __future__ import annotations

import pytest

from bench.replay_plan import FAMILIES, WrongTable, load_families
from registry.classbook import load_classes

CLASSES = {name: entry.facility_class for name, entry in load_classes().items()}

WRONG = """
- id: lab
  title: Laboratory
  parts:
    - id: room
      files: [a.csv]
      interval_s: 60
      tolerance_min: 5
      time: [t]
      colour: red
      facilities:
        - {class: indoor_air, points: {air_temp: {column: T, unit: Pa}, warmth: {column: W, unit: Cel}}}
        - {class: indoor_space, points: {}}
      labels: {column: f, healthy: ["0"], kinds: {"1": noise}, only: [rh]}
      left_out: [{from: "2024-01-02", until: "2024-01-01", why: backwards}]
    - {id: bare}
- {id: empty}
"""


def test_the_shipped_table_is_right() -> None:
    """Every class, measurement and unit exists."""
    families = load_families(FAMILIES.read_text(encoding="utf-8"), CLASSES)
    assert {family.id for family in families} == {"occupancy", "sensor_faults", "gecco", "lbnl", "skab"}
    assert all(part.devices and part.points for family in families for part in family.parts)


def test_every_mistake_is_told_at_once() -> None:
    """Unknown fields, classes, measurements, units, labels and times, each with its part."""
    with pytest.raises(WrongTable) as told:
        load_families(WRONG, CLASSES)
    lines = str(told.value).splitlines()
    for piece in (
        "lab/room: unknown field colour",
        "lab/room: class indoor_air has no measurement warmth",
        "lab/room: there is no class indoor_space",
        "lab/room: air_temp: ",
        "lab/room: labels of rh, which is not played",
        "lab/room: 2024-01-02 to 2024-01-01 is no stretch of time",
        "lab/bare: field files is missing",
        "empty: no parts",
    ):
        assert any(line.startswith(piece) for line in lines), piece


def test_an_empty_table_is_refused() -> None:
    """Nothing to play is a mistake, not a success."""
    with pytest.raises(WrongTable, match="no family"):
        load_families("", CLASSES)
