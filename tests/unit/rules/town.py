"""A small town for the tests: one class of facilities with few measurements, and its points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from core.calendar import Timetable
from core.places import ClassMembers, FacilityClass, Measurement, PointKind, Relation, Text
from core.readings import Readings, concat
from rules.language.load import load_rules
from rules.rule_set import RuleSet
from tests.unit.rules.reference.judge import Turns

KEYS = ("a", "b", "c")
STALE_MS = {"a": 7_000, "b": 9_500, "c": 30_000}


def measurement(key: str, unit: str = "1") -> Measurement:
    """A measurement with a wide range; c and what is called a counter are counters."""
    kind = PointKind.COUNTER if key in {"c", "counter"} else PointKind.GAUGE
    return Measurement(key=key, unit=unit, low=-1e9, high=1e9, interval_s=3, kind=kind, name=Text(zh=key, en=key))


def town_class(**units: str) -> FacilityClass:
    """The class ``well`` with the measurements given, by default a, b, c without units."""
    units = units or dict.fromkeys(KEYS, "1")
    measurements = {key: measurement(key, unit) for key, unit in units.items()}
    return FacilityClass(id="well", name=Text(zh="井", en="Well"), measurements=measurements)


RULE = """
- id: {id}
  class: well
  when: "{when}"
  severity: high
  lead: construction
  say: {{zh: 坏了, en: Broken}}
  do: {{zh: [去看], en: [look]}}
  source: DESIGN
  evidence: proposal
"""


def rule_text(rule_id: str, when: str, **fields: str) -> str:
    """One rule as a file would say it; ``fields`` such as ``clear="a < 2"``; ``for`` is written ``for_``."""
    lines = [f'  {name.rstrip("_")}: "{value}"\n' for name, value in fields.items()]
    return RULE.format(id=rule_id, when=when) + "".join(lines)


def rule_set(*texts: str, **units: str) -> RuleSet:
    """The rules of all texts."""
    return load_rules({"rules.yaml": "".join(texts)}, {"well": town_class(**units)})


def members(
    count: int,
    attributes: Mapping[str, Sequence[float]] | None = None,
    texts: Mapping[str, Sequence[str | None]] | None = None,
    group: Mapping[Relation, tuple[str, ...]] | None = None,
    unit: str = "1",
) -> ClassMembers:
    """``count`` wells; well i has the points 10 * i, 10 * i + 1, 10 * i + 2 and the registry number 100 + i."""
    index = np.arange(count)
    return ClassMembers(
        class_id="well",
        facility=(100 + index).astype(np.int32),
        code=tuple(f"well-{i}" for i in range(count)),
        point={key: (10 * index + place).astype(np.int32) for place, key in enumerate(KEYS)},
        stale_after_ms={key: np.full(count, STALE_MS[key], np.int64) for key in KEYS},
        unit=dict.fromkeys(KEYS, unit),
        attribute={name: np.array(values, np.float64) for name, values in (attributes or {}).items()},
        text={name: tuple(values) for name, values in (texts or {}).items()},
        group=group or {},
    )


class TownCalendar:
    """For each term the step function of each well."""

    def __init__(self, terms: Mapping[str, Sequence[Turns]]) -> None:
        self.terms = terms

    def timetable(self, term: str, facility: np.ndarray) -> Timetable:
        """Every well keeps its own."""
        return Timetable(facility.astype(np.intp) - 100, self.terms[term])


class Store:
    """All readings ever ingested, as the store would give them back."""

    def __init__(self) -> None:
        self.batches: list[Readings] = []
        self.reads = 0

    def read(self, points: np.ndarray, from_ms: int, to_ms: int) -> Readings:
        """Readings of some points in [from_ms, to_ms)."""
        self.reads += 1
        every = concat(self.batches).one_per_millisecond()
        return every.take(np.isin(every.point, points) & (every.time_ms >= from_ms) & (every.time_ms < to_ms))
