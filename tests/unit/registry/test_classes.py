"""Facility classes as data: complete, bilingual, with known units; wrong files are named."""

from __future__ import annotations

import pytest

from core import units
from core.errors import Finding
from core.places import PointKind
from registry.classbook import load_classes, parse_class

GOOD = """
id: thing
name: {zh: 物, en: Thing}
measurements:
  - {key: level, unit: m, range: [0, 10], normal: [0, 1], interval_s: 30, kind: gauge, name: {zh: 液位, en: Level}}
"""


def test_all_classes_are_there() -> None:
    """23 classes with 194 measurements, each with both names, a known unit and a range that holds its usual band."""
    classes = load_classes()
    assert len(classes) == 23
    measurements = [(entry, m) for entry in classes.values() for m in entry.facility_class.measurements.values()]
    assert len(measurements) == 200
    for entry, measurement in measurements:
        units.unit(measurement.unit)
        low, high = entry.normal[measurement.key]
        assert measurement.low <= low <= high <= measurement.high, (entry.facility_class.id, measurement.key)
        assert measurement.name.zh != measurement.name.en
        assert measurement.kind in PointKind


def test_names_are_unique_within_a_class() -> None:
    """No two measurements of a class read alike, in either language."""
    for entry in load_classes().values():
        names = [measurement.name for measurement in entry.facility_class.measurements.values()]
        assert len({name.zh for name in names}) == len({name.en for name in names}) == len(names), entry


@pytest.mark.parametrize(
    ("wrong", "right", "says"),
    [
        ("unit: furlong", "unit: m", "unknown unit"),
        ("range: [10, 0]", "range: [0, 10]", "empty range"),
        ("range: [0]", "range: [0, 10]", "no pair"),
        ("kind: guess", "kind: gauge", "guess"),
        ("en: Level", "en: ''", "both languages"),
        ("interval_s: 0", "interval_s: 30", "interval"),
        ("id: thing", "ident: thing", "id"),
        ("range: [0, .inf]", "range: [0, 10]", "not finite"),
    ],
)
def test_wrong_class_files_are_named(wrong: str, right: str, says: str) -> None:
    """A class file with an error gives a finding that says what, and no class."""
    findings: list[Finding] = []
    text = GOOD.replace(right, wrong) if right in GOOD else GOOD.replace(wrong, right)
    assert parse_class("thing.yaml", text, findings) is None
    assert says in findings[0].what
    assert findings[0].file == "thing.yaml"


def test_a_good_class_file_is_read() -> None:
    """The example itself is right, so that the failures above fail for their own reason."""
    findings: list[Finding] = []
    assert parse_class("thing.yaml", GOOD, findings) is not None
    assert not findings


def test_a_class_may_have_attributes_for_all_its_facilities() -> None:
    """Numbers and texts are kept as they are; anything else makes the file wrong."""
    findings: list[Finding] = []
    entry = parse_class("thing.yaml", GOOD + "attributes: {design_pressure: 0.6, material: PE}\n", findings)
    assert entry is not None
    assert entry.facility_class.attributes == {"design_pressure": 0.6, "material": "PE"}
    assert parse_class("thing.yaml", GOOD + "attributes: {deep: [1]}\n", findings) is None
    assert len(findings) == 1
