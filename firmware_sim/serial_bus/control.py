"""What can be done to units while the bus runs: by a line of text, by a timetable (YAML), or through a socket.

    kill UNIT              no power: silent
    revive UNIT|all        everything that is wrong with it ends
    slow UNIT SECONDS      every answer so much later
    late UNIT SECONDS      the next answer only
    crc UNIT SHARE         share of answers with wrong check bytes
    noise UNIT BYTES       random bytes right before every answer
    wrong_unit UNIT        answers carry the next unit id
    truncate UNIT          answers stop in the middle
    exception UNIT CODE    every request is refused; `busy UNIT` is code 6
    limit UNIT REGISTERS   longer requests are refused with exception 3
    hole UNIT FC ADDRESS   requests that touch the address are refused with exception 2
    offset UNIT NAME VALUE added to a register
    swap UNIT UNIT         exchange the devices behind two unit ids

A timetable is a list of `{at_s: 30, do: kill 5}`, in seconds after the start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from firmware_sim.serial_bus.bus import Bus
from firmware_sim.serial_bus.unit import BUSY, BusUnit

ALL: Final = "all"


class ActionError(Exception):
    """An action that cannot be done; the message says why and what can."""


def _killed(unit: BusUnit) -> None:
    unit.faults.dead = True


def _wrong_unit(unit: BusUnit) -> None:
    unit.faults.wrong_unit = True


def _truncated(unit: BusUnit) -> None:
    unit.faults.truncated = True


def _busy(unit: BusUnit) -> None:
    unit.faults.exception = BUSY


def _slow(unit: BusUnit, seconds: float) -> None:
    unit.faults.delay_s = seconds


def _late(unit: BusUnit, seconds: float) -> None:
    unit.faults.late_s = seconds


def _crc(unit: BusUnit, share: float) -> None:
    unit.faults.crc_rate = share


def _noise(unit: BusUnit, count: float) -> None:
    unit.faults.noise_bytes = int(count)


def _exception(unit: BusUnit, code: float) -> None:
    unit.faults.exception = int(code)


def _limit(unit: BusUnit, registers: float) -> None:
    unit.faults.limit = int(registers)


_PLAIN: Final[Mapping[str, Callable[[BusUnit], None]]] = {
    "kill": _killed,
    "revive": BusUnit.revive,
    "wrong_unit": _wrong_unit,
    "truncate": _truncated,
    "busy": _busy,
}
_WITH_NUMBER: Final[Mapping[str, tuple[Callable[[BusUnit, float], None], float, float]]] = {
    "slow": (_slow, 0, 600),
    "late": (_late, 0, 600),
    "crc": (_crc, 0, 1),
    "noise": (_noise, 0, 256),
    "exception": (_exception, 1, 255),
    "limit": (_limit, 1, 125),
}
VERBS: Final = tuple(sorted([*_PLAIN, *_WITH_NUMBER, "hole", "offset", "swap"]))


@dataclass(frozen=True, kw_only=True)
class Action:
    """One line of text, understood as far as possible without the bus.

    Attributes:
        verb: what to do.
        units: to whom; empty: to all.
        arguments: the words after the unit.
    """

    verb: str
    units: tuple[int, ...]
    arguments: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Action:
        """Reads a line such as "slow 5 0.8".

        Raises:
            ActionError: unknown verb, missing or unfit words.
        """
        verb, *words = text.split() or [""]
        if verb not in VERBS:
            raise ActionError(f"unknown action {verb!r}; known: {', '.join(VERBS)}")
        count = {"hole": 3, "offset": 3, "swap": 2}.get(verb, 2 if verb in _WITH_NUMBER else 1)
        if len(words) != count:
            raise ActionError(f"{text!r}: {verb} takes {count} words after it, not {len(words)}")
        if verb == "swap":
            return cls(verb=verb, units=(_whole(words[0], text), _whole(words[1], text)))
        if verb in _WITH_NUMBER:
            _, low, high = _WITH_NUMBER[verb]
            _number(words[1], text, low, high)
        if verb == "hole":
            _number(words[1], text, 1, 4)
            _number(str(_whole(words[2], text)), text, 0, 0xFFFF)
        units = () if words[0] == ALL else (_whole(words[0], text),)
        return cls(verb=verb, units=units, arguments=tuple(words[1:]))

    def apply(self, bus: Bus) -> None:
        """Does it.

        Raises:
            ActionError: a unit is not on the bus, or a word is unfit.
        """
        try:
            units = [bus.unit(u) for u in self.units] if self.units else bus.units
        except KeyError as error:
            known = ", ".join(str(u.unit_id) for u in bus.units)
            raise ActionError(f"{error.args[0]}; there are {known}") from None
        if self.verb == "swap":
            a, b = units
            a.instrument, b.instrument = b.instrument, a.instrument
            return
        for unit in units:
            self._apply_to(unit)

    def _apply_to(self, unit: BusUnit) -> None:
        text = f"{self.verb} {unit.unit_id} {' '.join(self.arguments)}"
        if self.verb in _PLAIN:
            _PLAIN[self.verb](unit)
        elif self.verb in _WITH_NUMBER:
            change, low, high = _WITH_NUMBER[self.verb]
            change(unit, _number(self.arguments[0], text, low, high))
        elif self.verb == "hole":
            table, address = (_whole(word, text) for word in self.arguments)
            unit.faults.holes.add((table, address))
        else:
            self._offset(unit, text)

    def _offset(self, unit: BusUnit, text: str) -> None:
        name = self.arguments[0]
        if name not in unit.instrument.names():
            raise ActionError(f"{text!r}: no register {name!r}; there are {', '.join(sorted(unit.instrument.names()))}")
        unit.faults.offsets[name] = _number(self.arguments[1], text)


def _whole(word: str, text: str) -> int:
    try:
        return int(word, 0)
    except ValueError:
        raise ActionError(f"{text!r}: {word!r} is not a whole number") from None


def _number(word: str, text: str, low: float = float("-inf"), high: float = float("inf")) -> float:
    try:
        value = float(word)
    except ValueError:
        raise ActionError(f"{text!r}: {word!r} is not a number") from None
    if not low <= value <= high:
        raise ActionError(f"{text!r}: {word} is not within {low:g} to {high:g}")
    return value


class Timetable:
    """Actions with their times; each is done once.

    Args:
        entries: (seconds after the start, action).
    """

    def __init__(self, entries: Sequence[tuple[float, Action]] = ()) -> None:
        self._entries = sorted(entries, key=lambda entry: entry[0])

    def next_s(self) -> float | None:
        """When the next one is due, in seconds after the start."""
        return self._entries[0][0] if self._entries else None

    def apply(self, bus: Bus, elapsed_s: float) -> None:
        """Does what is due."""
        while self._entries and self._entries[0][0] <= elapsed_s:
            self._entries.pop(0)[1].apply(bus)


def read_timetable(path: Path, unit_ids: Sequence[int]) -> Timetable:
    """Reads a timetable.

    Raises:
        ActionError: every mistake, one line each.
        OSError: the file cannot be read.
    """
    try:
        root = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ActionError(f"{path}: not YAML: {error}") from None
    if not isinstance(root, list):
        raise ActionError(f"{path}: must be a list of {{at_s: 30, do: kill 5}}")
    entries, problems = [], []
    for number, raw in enumerate(root, start=1):
        try:
            entries.append(_entry(raw, unit_ids))
        except ActionError as error:
            problems.append(f"{path}: entry {number}: {error}")
    if problems:
        raise ActionError("\n".join(problems))
    return Timetable(entries)


def _entry(raw: Any, unit_ids: Sequence[int]) -> tuple[float, Action]:
    if not isinstance(raw, dict) or set(raw) != {"at_s", "do"}:
        raise ActionError(f"must be {{at_s: 30, do: kill 5}}, not {raw!r}")
    at_s = _number(str(raw["at_s"]), f"at_s: {raw['at_s']}", 0, 1e9)
    action = Action.parse(str(raw["do"]))
    missing = [str(u) for u in action.units if u not in unit_ids]
    if missing:
        raise ActionError(f"{raw['do']!r}: no unit {', '.join(missing)} on this bus")
    return at_s, action
