"""Fault and incident scripts: YAML to frozen values, with every mistake reported at once, by file and line.

    repeat_s: 900            # optional: the whole script begins again
    incidents:
      - {facility: wtl-sp-01, kind: pump_runs_on, start_s: 20, stop_s: 110}
      - {community: wtl, kind: storm, start_s: 150, stop_s: 300, magnitude: 1.9}   # every facility that can have it
    faults:
      - {kind: dropout, device: wtl-ia-02-climate, start_s: 200, stop_s: 260}
      - {kind: cut, line: wtl-bus, mode: refuse, start_s: 400, stop_s: 430}

Times are seconds of simulated time after the start. `stop_s` may be left out: for ever (not together with repeat_s).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import yaml

from firmware_sim.faults import CutMode, Fault, FaultKind, FaultPlan, Malformation
from firmware_sim.incidents import INCIDENT_KINDS, Incident
from firmware_sim.signals.windows import Schedule, Window

_COMMON: Final = frozenset({"kind", "start_s", "stop_s"})
_INCIDENT_KEYS: Final = _COMMON | {"facility", "community", "magnitude"}
_FAULT_KEYS: Final[dict[FaultKind, frozenset[str]]] = {
    FaultKind.STUCK: _COMMON | {"device", "register"},
    FaultKind.SPIKE: _COMMON | {"device", "register", "magnitude", "probability"},
    FaultKind.DRIFT: _COMMON | {"device", "register", "magnitude"},
    FaultKind.OFFSET: _COMMON | {"device", "register", "magnitude"},
    FaultKind.DROPOUT: _COMMON | {"device"},
    FaultKind.SLOW: _COMMON | {"device", "delay_s"},
    FaultKind.EXCEPTION: _COMMON | {"device", "code"},
    FaultKind.MALFORMED: _COMMON | {"device", "mode"},
    FaultKind.CUT: _COMMON | {"line", "mode"},
}
_NEEDED: Final[dict[FaultKind, str]] = {
    FaultKind.SPIKE: "magnitude",
    FaultKind.DRIFT: "magnitude",
    FaultKind.OFFSET: "magnitude",
    FaultKind.SLOW: "delay_s",
}
_MQTT_FAULTS: Final = frozenset(
    {FaultKind.STUCK, FaultKind.SPIKE, FaultKind.DRIFT, FaultKind.OFFSET, FaultKind.DROPOUT}
)


class ScriptError(Exception):
    """A script with mistakes; the message has one line for each, with file and line."""

    def __init__(self, problems: Collection[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, kw_only=True)
class ScriptTargets:
    """What a script may name.

    Attributes:
        facilities: class by facility id.
        communities: community of each facility, by facility id.
        devices: register or field names by device id.
        mqtt_devices: ids of the devices that publish.
        lines: ids of the Modbus lines.
    """

    facilities: Mapping[str, str]
    communities: Mapping[str, str]
    devices: Mapping[str, Collection[str]]
    mqtt_devices: Collection[str]
    lines: Collection[str]


@dataclass(frozen=True, kw_only=True)
class Script:
    """A script that was understood."""

    incidents: tuple[Incident, ...] = ()
    faults: FaultPlan = field(default_factory=FaultPlan)


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """One mapping of a list, with the line of every key."""

    values: Mapping[str, Any]
    lines: Mapping[str, int]
    line: int

    def at(self, key: str) -> int:
        return self.lines.get(key, self.line)


class _Reader:
    """Collects mistakes while the parts of a script are read."""

    def __init__(self, path: Path, targets: ScriptTargets, start_s: float, seed: int) -> None:
        self._path = path
        self._targets = targets
        self._start_s = start_s
        self._seed = seed
        self.problems: list[str] = []
        self.repeat_s: float | None = None

    def complain(self, line: int, what: str) -> None:
        self.problems.append(f"{self._path}:{line}: {what}")

    def number(
        self, entry: _Entry, key: str, default: float, *, low: float = -math.inf, high: float = math.inf
    ) -> float:
        value = entry.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            span = "" if low == -math.inf else f" from {low:g}" + ("" if high == math.inf else f" to {high:g}")
            self.complain(entry.at(key), f"{key} must be a number{span}, not {value!r}")
            return default
        return float(value)

    def choice(self, entry: _Entry, key: str, allowed: Collection[str], default: str | None = None) -> str | None:
        value = entry.values.get(key, default)
        if value is None:
            self.complain(entry.line, f"{key} is missing")
        elif not isinstance(value, str) or value not in allowed:
            names = sorted(allowed)
            listed = ", ".join(names) if len(names) <= 20 else ", ".join(names[:20]) + ", ..."
            self.complain(entry.at(key), f"unknown {key} {value!r}; known: {listed}")
        else:
            return value
        return None

    def keys(self, entry: _Entry, allowed: Collection[str]) -> None:
        for key in entry.values:
            if key not in allowed:
                self.complain(entry.at(key), f"unknown key {key!r}; allowed here: {', '.join(sorted(allowed))}")

    def window(self, entry: _Entry, magnitude: float = 1.0) -> Window:
        if "start_s" not in entry.values:
            self.complain(entry.line, "start_s is missing")
        start = self.number(entry, "start_s", 0.0, low=0)
        stop = self.number(entry, "stop_s", math.inf, low=0)
        if stop <= start:
            self.complain(entry.at("stop_s"), f"stop_s {stop:g} must be after start_s {start:g}")
        if self.repeat_s is not None and stop > self.repeat_s:
            self.complain(entry.at("stop_s"), f"must end before the script repeats (repeat_s {self.repeat_s:g})")
        return Window(start_s=start, stop_s=stop, magnitude=magnitude)

    def schedule(self, windows: list[tuple[int, Window]], what: str) -> Schedule:
        """Sorted windows of one target; overlapping ones are a mistake."""
        ordered = sorted(windows, key=lambda item: item[1].start_s)
        for (_, before), (line, after) in pairwise(ordered):
            if after.start_s < before.stop_s:
                self.complain(line, f"{what} overlaps the one from {before.start_s:g} to {before.stop_s:g} s")
        return Schedule(origin_s=self._start_s, windows=tuple(w for _, w in ordered), repeat_s=self.repeat_s)

    def incidents(self, entries: list[_Entry]) -> tuple[Incident, ...]:
        windows: dict[tuple[str, str], list[tuple[int, Window]]] = {}
        for entry in entries:
            self.keys(entry, _INCIDENT_KEYS)
            kind = self.choice(entry, "kind", INCIDENT_KINDS)
            magnitude = self.number(entry, "magnitude", INCIDENT_KINDS[kind].magnitude if kind else 1.0)
            window = self.window(entry, magnitude)
            for facility in self._hit(entry, kind):
                windows.setdefault((facility, kind or ""), []).append((entry.line, window))
        return tuple(
            Incident(facility=facility, kind=kind, when=self.schedule(found, f"{kind} at {facility}"))
            for (facility, kind), found in windows.items()
        )

    def _hit(self, entry: _Entry, kind: str | None) -> list[str]:
        """Facilities that an incident happens to."""
        facilities = self._targets.facilities
        classes = INCIDENT_KINDS[kind].classes if kind else ()
        if "community" in entry.values:
            community = self.choice(entry, "community", set(self._targets.communities.values()))
            return [f for f, c in self._targets.communities.items() if c == community and facilities[f] in classes]
        facility = self.choice(entry, "facility", facilities)
        if facility is None:
            return []
        if kind and facilities[facility] not in classes:
            self.complain(entry.at("facility"), f"{kind} cannot happen to {facility}, a {facilities[facility]}")
            return []
        return [facility]

    def faults(self, entries: list[_Entry]) -> FaultPlan:
        return FaultPlan(faults=tuple(f for e in entries if (f := self._fault(e)) is not None))

    def _fault(self, entry: _Entry) -> Fault | None:
        name = self.choice(entry, "kind", [k.value for k in FaultKind])
        if name is None:
            return None
        kind = FaultKind(name)
        self.keys(entry, _FAULT_KEYS[kind])
        if kind in _NEEDED and _NEEDED[kind] not in entry.values:
            self.complain(entry.line, f"{_NEEDED[kind]} is missing")
        target = self._fault_target(entry, kind)
        modes = [m.value for m in (CutMode if kind is FaultKind.CUT else Malformation)]
        mode = self.choice(entry, "mode", modes, modes[0]) if "mode" in _FAULT_KEYS[kind] else None
        when = self.schedule([(entry.line, self.window(entry))], name)
        probability = self.number(entry, "probability", 0.1, low=0, high=1)
        delay_s = self.number(entry, "delay_s", 0.0, low=0, high=600)
        code = int(self.number(entry, "code", 4, low=1, high=11))
        return Fault(
            kind=kind,
            target=target or "",
            when=when,
            register=str(entry.values.get("register", "")),
            magnitude=self.number(entry, "magnitude", 0.0),
            probability=probability,
            delay_s=delay_s,
            code=code,
            malformation=Malformation(mode) if kind is FaultKind.MALFORMED and mode else Malformation.TRUNCATED,
            cut_mode=CutMode(mode) if kind is FaultKind.CUT and mode else CutMode.REFUSE,
            seed=self._seed,
        )

    def _fault_target(self, entry: _Entry, kind: FaultKind) -> str | None:
        if kind is FaultKind.CUT:
            return self.choice(entry, "line", self._targets.lines)
        device = self.choice(entry, "device", self._targets.devices)
        if device in self._targets.mqtt_devices and kind not in _MQTT_FAULTS:
            self.complain(entry.at("kind"), f"{kind} needs a Modbus device; {device} publishes")
        if device is not None and "register" in entry.values:
            self.choice(entry, "register", self._targets.devices[device])
        return device


def read_script(path: Path, targets: ScriptTargets, *, start_s: float, seed: int) -> Script:
    """Reads a script.

    Args:
        path: YAML file.
        targets: what it may name.
        start_s: simulated start, to which its times are relative.
        seed: fixes the spikes.

    Raises:
        ScriptError: every mistake with its line.
        OSError: the file cannot be read.
    """
    reader = _Reader(path, targets, start_s, seed)
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ScriptError([f"{path}:{line}: not YAML: {error.problem}"]) from None
    sections = dict(_sections(root, reader.complain))
    repeat = sections.pop("repeat_s", None)
    if isinstance(repeat, int | float) and repeat > 0:
        reader.repeat_s = float(repeat)
    elif repeat is not None:
        reader.complain(1, f"repeat_s must be a number above 0, not {repeat!r}")
    incidents = reader.incidents(sections.get("incidents", []))
    faults = reader.faults(sections.get("faults", []))
    if reader.problems:
        raise ScriptError(reader.problems)
    return Script(incidents=incidents, faults=faults)


def _sections(root: yaml.Node | None, complain: Callable[[int, str], None]) -> Iterator[tuple[str, Any]]:
    """Top-level keys with their entries."""
    if root is None:
        return
    if not isinstance(root, yaml.MappingNode):
        complain(1, "must be a mapping with `incidents` and `faults`")
        return
    for key, node in root.value:
        name, line = str(key.value), key.start_mark.line + 1
        if name == "repeat_s":
            yield name, _plain(node)
        elif name not in ("incidents", "faults"):
            complain(line, f"unknown key {name!r}; allowed here: faults, incidents, repeat_s")
        elif isinstance(node, yaml.SequenceNode):
            yield name, list(_entries(node, complain))
        elif _plain(node) is not None:
            complain(line, f"{name} must be a list")


def _entries(sequence: yaml.SequenceNode, complain: Callable[[int, str], None]) -> Iterator[_Entry]:
    for node in sequence.value:
        line = node.start_mark.line + 1
        if not isinstance(node, yaml.MappingNode):
            complain(line, "each entry must be a mapping")
            continue
        lines: dict[str, int] = {}
        values: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in lines:
                complain(key.start_mark.line + 1, f"{name} is given twice")
            lines[name] = key.start_mark.line + 1
            values[name] = _plain(value)
        yield _Entry(values=values, lines=lines, line=line)


def _plain(node: yaml.Node) -> Any:
    """The Python value of a scalar; anything else is shown as its text, which no key accepts."""
    if not isinstance(node, yaml.ScalarNode):
        return f"<{node.tag.rpartition(':')[2]}>"
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node)
    except (yaml.YAMLError, ValueError):
        return f"<{node.tag}>"
    finally:
        loader.dispose()
