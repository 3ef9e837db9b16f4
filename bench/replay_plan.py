"""What the replays play, read from ``bench/replay_families.yaml``: files, columns, classes, labels.

All mistakes of the table are told at once, each with its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from core import units
from core.errors import Refused
from core.places import FacilityClass

FAMILIES = Path(__file__).parent / "replay_families.yaml"


class WrongTable(ValueError):
    """The table of recordings is wrong; the message has a line for each mistake."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column of the files and the unit it stands in."""

    name: str
    unit: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    """What a file is the recording of: a facility of a class, measurement key to column."""

    class_id: str
    points: Mapping[str, Column]


@dataclass(frozen=True, kw_only=True, slots=True)
class Labels:
    """A column that says row by row whether something is wrong.

    Attributes:
        column: its name.
        healthy: the values that say no.
        kinds: every other value to what is wrong.
        only: the measurements whose sensor is at fault; empty: any.
    """

    column: str
    healthy: frozenset[str]
    kinds: Mapping[str, str]
    only: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """A time known from the notes of a recording: [start, stop) in UTC milliseconds, and what is said of it."""

    start_ms: int
    stop_ms: int
    what: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Gaps:
    """Which rule tells of missing readings, and what it calls missing.

    Attributes:
        rule: beginning of its ids.
        within_ms: what it looks back at.
        most: share that may be missing, 0 to 1.
        join_ms: gaps with no more than that between them are one to it.
    """

    rule: str
    within_ms: int
    most: float
    join_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """Files of one shape: a row of the table.

    Attributes:
        files: glob patterns under the data folder.
        interval_s: expected time between two readings.
        tolerance_ms: how long after a fault an alarm may begin and still belong to it.
        separator, quote, names, time_format: how the files are written; without names the first line has them.
        header: names in place of a first line that lacks some; that line is skipped.
        time: the columns of the time stamp, joined by ``T``.
        whole_days: a fault ends at midnight, the next day has its own.
        faults, left_out: from the notes, beside the labels.
        unlabelled: beginning of the ids of rules of which the labels do not speak, to what the recording holds.
        gaps: what is judged by the time stamps themselves.
    """

    id: str
    files: tuple[str, ...]
    interval_s: float
    tolerance_ms: int
    time: tuple[str, ...]
    devices: tuple[Device, ...]
    separator: str = ","
    quote: str = '"'
    names: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    time_format: str = ""
    whole_days: bool = False
    labels: Labels | None = None
    faults: tuple[Stretch, ...] = ()
    left_out: tuple[Stretch, ...] = ()
    unlabelled: Mapping[str, str] = field(default_factory=dict)
    gaps: Gaps | None = None

    @property
    def points(self) -> int:
        """Points of one file."""
        return sum(len(device.points) for device in self.devices)


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """Recordings of one origin."""

    id: str
    title: str
    parts: tuple[Part, ...] = field(default_factory=tuple)


def load_families(text: str, classes: Mapping[str, FacilityClass]) -> tuple[Family, ...]:
    """The families of a table.

    Raises:
        WrongTable: naming every mistake.
    """
    wrong: list[str] = []
    found = [_family(entry, classes, wrong) for entry in yaml.safe_load(text) or []]
    if not found:
        wrong.append("the table names no family")
    if wrong:
        raise WrongTable("\n".join(wrong))
    return tuple(family for family in found if family is not None)


def _family(entry: Mapping[str, Any], classes: Mapping[str, FacilityClass], wrong: list[str]) -> Family | None:
    place = str(entry.get("id", "?"))
    parts = [_part(one, f"{place}/{one.get('id', '?')}", classes, wrong) for one in entry.get("parts", [])]
    if not parts:
        wrong.append(f"{place}: no parts")
    return Family(
        id=place, title=str(entry.get("title", place)), parts=tuple(part for part in parts if part is not None)
    )


_NEEDED = ("id", "files", "interval_s", "tolerance_min", "time", "facilities")
_OPTIONAL = (
    "separator",
    "quote",
    "names",
    "header",
    "time_format",
    "whole_days",
    "labels",
    "faults",
    "left_out",
    "unlabelled",
    "gaps",
)


def _part(entry: Mapping[str, Any], place: str, classes: Mapping[str, FacilityClass], wrong: list[str]) -> Part | None:
    wrong += [f"{place}: unknown field {name}" for name in sorted(set(entry) - {*_NEEDED, *_OPTIONAL})]
    missing = [name for name in _NEEDED if name not in entry]
    wrong += [f"{place}: field {name} is missing" for name in missing]
    if missing:
        return None
    devices = tuple(_device(one, place, classes, wrong) for one in entry["facilities"])
    return Part(
        id=str(entry["id"]),
        files=tuple(entry["files"]),
        interval_s=float(entry["interval_s"]),
        tolerance_ms=round(60_000 * float(entry["tolerance_min"])),
        time=tuple(entry["time"]),
        devices=devices,
        separator=str(entry.get("separator", ",")),
        quote=str(entry.get("quote", '"')),
        names=tuple(entry.get("names", ())),
        header=tuple(entry.get("header", ())),
        time_format=str(entry.get("time_format", "")),
        whole_days=bool(entry.get("whole_days", False)),
        labels=_labels(entry.get("labels"), place, devices, wrong),
        faults=_stretches(entry.get("faults", ()), "kind", place, wrong),
        left_out=_stretches(entry.get("left_out", ()), "why", place, wrong),
        unlabelled={str(rule): str(why) for rule, why in entry.get("unlabelled", {}).items()},
        gaps=_gaps(entry.get("gaps")),
    )


def _device(entry: Mapping[str, Any], place: str, classes: Mapping[str, FacilityClass], wrong: list[str]) -> Device:
    class_id = str(entry["class"])
    if class_id not in classes:
        wrong.append(f"{place}: there is no class {class_id}")
        return Device(class_id=class_id, points={})
    known = classes[class_id].measurements
    points = {}
    for key, one in entry["points"].items():
        if key not in known:
            wrong.append(f"{place}: class {class_id} has no measurement {key}")
            continue
        points[key] = Column(name=str(one["column"]), unit=str(one["unit"]))
        try:
            units.convert(0.0, points[key].unit, known[key].unit)
        except Refused as error:
            wrong.append(f"{place}: {key}: {error}")
    return Device(class_id=class_id, points=points)


def _labels(
    entry: Mapping[str, Any] | None, place: str, devices: tuple[Device, ...], wrong: list[str]
) -> Labels | None:
    if entry is None:
        return None
    only = frozenset(entry.get("only", ()))
    measured = {key for device in devices for key in device.points}
    wrong += [f"{place}: labels of {key}, which is not played" for key in sorted(only - measured)]
    return Labels(
        column=str(entry["column"]),
        healthy=frozenset(entry["healthy"]),
        kinds={str(value): str(kind) for value, kind in entry["kinds"].items()},
        only=only,
    )


def _gaps(entry: Mapping[str, Any] | None) -> Gaps | None:
    if entry is None:
        return None
    return Gaps(
        rule=str(entry["rule"]),
        within_ms=round(60_000 * float(entry["within_min"])),
        most=float(entry["missing"]) / 100,
        join_ms=round(3_600_000 * float(entry["join_h"])),
    )


def _stretches(entries: list[Mapping[str, Any]], what: str, place: str, wrong: list[str]) -> tuple[Stretch, ...]:
    found = []
    for entry in entries:
        start_ms, stop_ms = (
            round(datetime.fromisoformat(str(entry[end])).replace(tzinfo=UTC).timestamp() * 1000)
            for end in ("from", "until")
        )
        if stop_ms <= start_ms:
            wrong.append(f"{place}: {entry['from']} to {entry['until']} is no stretch of time")
        found.append(Stretch(start_ms=start_ms, stop_ms=stop_ms, what=str(entry[what])))
    return tuple(found)
