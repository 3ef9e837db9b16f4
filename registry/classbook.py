"""Facility classes as data: one YAML file a class in ``registry/classes``.

Beyond what ``core.places.FacilityClass`` carries, the registry knows the usual band of a measurement (for charts) and
the skill a class asks of the construction grid (for routing).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import isfinite
from typing import Any

import yaml

from core import units
from core.errors import Invalid, Refused
from core.findings import Finding, Said, Sentence
from core.foreign import translated
from core.places import FacilityClass, Measurement, PointKind, Text
from registry import findings as kinds


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassEntry:
    """A facility class with what only the registry needs.

    Attributes:
        facility_class: names and measurements.
        normal: measurement key to the usual band.
        skill: asked of the construction grid; empty: any.
        code: small class of urban grid management, empty where there is none (indoor equipment).
    """

    facility_class: FacilityClass
    normal: Mapping[str, tuple[float, float]]
    skill: str = ""
    code: str = ""


@cache
def load_classes() -> Mapping[str, ClassEntry]:
    """The classes that ship with the registry, by id.

    Raises:
        Invalid: naming every wrong file and field at once.
    """
    findings: list[Finding] = []
    entries: dict[str, ClassEntry] = {}
    for item in sorted(files("registry").joinpath("classes").iterdir(), key=lambda path: path.name):
        if not item.name.endswith(".yaml"):
            continue
        entry = parse_class(item.name, item.read_text(encoding="utf-8"), findings)
        if entry is None:
            continue
        if f"{entry.facility_class.id}.yaml" != item.name:
            findings.append(
                _finding(item.name, kinds.CLASS_OTHER_ID(id=entry.facility_class.id), kinds.CLASS_NAME_ALIKE)
            )
        entries[entry.facility_class.id] = entry
    if findings:
        raise Invalid(findings)
    return entries


def parse_class(file: str, text: str, findings: list[Finding]) -> ClassEntry | None:
    """Read one class file; ``None`` and findings if it is wrong."""
    before = len(findings)
    try:
        document = yaml.safe_load(text)
        measurements = [_measurement(file, item, findings) for item in document["measurements"]]
        entry = ClassEntry(
            facility_class=FacilityClass(
                id=str(document["id"]),
                name=_text(document["name"]),
                measurements={item.key: item for item in measurements},
                attributes={str(name): _attribute(one) for name, one in document.get("attributes", {}).items()},
            ),
            normal={str(item["key"]): _pair(item["normal"]) for item in document["measurements"]},
            skill=str(document.get("skill", "")),
            code=str(document.get("code", "")),
        )
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        findings.append(
            _finding(
                file, kinds.CLASS_NO_FILE(reason=translated(type(error).__name__, repr(error))), kinds.CLASS_COMPARE
            )
        )
        return None
    if len(entry.facility_class.measurements) != len(measurements):
        findings.append(_finding(file, kinds.CLASS_KEY_TWICE(), kinds.CLASS_OWN_KEY))
    return entry if len(findings) == before else None


def _measurement(file: str, item: Mapping[str, Any], findings: list[Finding]) -> Measurement:
    low, high = _pair(item["range"])
    result = Measurement(
        key=str(item["key"]),
        unit=str(item["unit"]),
        low=low,
        high=high,
        interval_s=float(item["interval_s"]),
        kind=PointKind(item["kind"]),
        name=_text(item["name"]),
        event_interval_s=float(item["event_interval_s"]) if "event_interval_s" in item else None,
    )
    try:
        units.unit(result.unit)
    except Refused as error:
        findings.append(_finding(file, kinds.CLASS_BAD_UNIT(key=result.key, reason=error), kinds.CLASS_UNIT_CODE))
    if not (low < high and 0 < result.pace_s <= result.interval_s):
        findings.append(_finding(file, kinds.CLASS_EMPTY_RANGE(key=result.key), kinds.CLASS_RANGE))
    return result


def _attribute(value: object) -> float | str:
    """A default for facilities that have none of their own: a finite number, or a text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise ValueError(f"{value!r} is no number and no text")
    return float(value)


def _pair(value: object) -> tuple[float, float]:
    if not (isinstance(value, list) and len(value) == 2):
        raise ValueError(f"{value!r} is no pair [low, high]")
    low, high = float(value[0]), float(value[1])
    if not (isfinite(low) and isfinite(high)):
        raise ValueError(f"{value!r} is not finite")
    return low, high


def _text(value: Mapping[str, Any]) -> Text:
    zh, en = str(value["zh"]), str(value["en"])
    if not (zh and en):
        raise ValueError("a name is needed in both languages")
    return Text(zh=zh, en=en)


def _finding(file: str, problem: Said, hint: Sentence) -> Finding:
    return kinds.CLASS_FILE.at(file, problem=problem, hint=hint)
