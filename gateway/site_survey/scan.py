"""Searching a bus: which settings and unit ids are tried, in which order, how far it is and how long it will take.

A serial bus speaks one baud rate and parity, and a unit that is asked in another hears noise; so settings come first.
In a first pass each setting is tried on a few likely unit ids (those of fresh devices, and the low ones). A setting in
which anything answered is then searched through all unit ids; the others only if the search is thorough. Any reply is
a sign of life: data, an exception, even a damaged frame, which says that a unit is there and the settings are nearly
right. A read of one holding register is all that is ever sent.

Pure: the caller sends what ``next`` gives, waits as long as it says, and tells what was heard. It may stop at any time.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from gateway.profile import HOLDING_REGISTERS, Profile
from gateway.transport import Parity

USUAL_BAUDS: Final = (9600, 19200, 4800, 38400, 115200, 2400, 57600, 1200)
LIKELY_UNITS: Final = (1, 2, 3, 4, 5, 10, 20, 100, 247)
ALL_UNITS: Final = tuple(range(1, 248))
PROBE: Final = (HOLDING_REGISTERS, 0, 1)
"""Function, address and count of what is asked."""


class Heard(Enum):
    """What came back."""

    ANSWER = "answer"
    EXCEPTION = "exception"
    DAMAGED = "damaged"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Setting:
    """How characters travel; baud 0 stands for a TCP connection, where there is nothing to try."""

    baud: int = 0
    parity: Parity = Parity.NONE
    stop_bits: int = 1

    def __str__(self) -> str:
        """``9600 8N1``, or ``TCP``."""
        return f"{self.baud} 8{self.parity.value[0].upper()}{self.stop_bits}" if self.baud else "TCP"

    @classmethod
    def of(cls, text: str) -> Setting:
        """From ``9600 8N1``, ``9600-8N1`` or ``TCP``.

        Raises:
            ValueError: if it is none of these.
        """
        if text.strip().upper() == "TCP":
            return cls()
        match = re.fullmatch(r"\s*(\d{3,7})(?:[ -]?8([NEO])([12]))?\s*", text.upper())
        if match is None:
            raise ValueError(f"{text!r} is no setting such as 9600-8N1")
        parity = {one.value[0].upper(): one for one in Parity}[match[2] or "N"]
        return cls(int(match[1]), parity, int(match[3] or 1))


@dataclass(frozen=True, slots=True)
class Probe:
    """One question of the search."""

    setting: Setting
    unit: int


@dataclass(frozen=True, slots=True)
class Found:
    """A unit that gave a sign of life.

    Attributes:
        setting, unit: where.
        sure: whether what it sent was whole.
        response_s: how long it took.
    """

    setting: Setting
    unit: int
    sure: bool
    response_s: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a search is.

    Attributes:
        asked, planned: questions; ``planned`` may grow when a setting proves alive.
        left_s: time left at the pace so far.
    """

    asked: int
    planned: int
    left_s: float


@dataclass(slots=True)
class Scan:
    """One search.

    Attributes:
        settings: in the order in which they are tried.
        units: unit ids to search.
        timeout_s: how long a question waits.
        thorough: search every setting through all unit ids, alive or not.
        found: what answered, in the order of its finding.
    """

    settings: Sequence[Setting]
    units: Sequence[int] = ALL_UNITS
    timeout_s: float = 0.3
    thorough: bool = False
    found: list[Found] = field(default_factory=list)
    _left: deque[Probe] = field(default_factory=deque)
    _asked: set[Probe] = field(default_factory=set)
    _alive: set[Setting] = field(default_factory=set)
    _spent_s: float = 0.0

    def __post_init__(self) -> None:
        """Plan the first pass.

        Raises:
            ValueError: without a setting or a unit, or with a unit id that no device may have.
        """
        if not self.settings or not self.units:
            raise ValueError("a search needs at least one setting and one unit id")
        if not all(0 < unit < 256 for unit in self.units):
            raise ValueError("unit ids go from 1 to 247 (255 on TCP)")
        likely = [unit for unit in LIKELY_UNITS if unit in self.units] or list(self.units[:1])
        self._left.extend(Probe(setting, unit) for setting in self.settings for unit in likely)
        if self.thorough or len(self.settings) == 1:
            for setting in self.settings:
                self._search(setting)

    def next(self) -> Probe | None:
        """The next question; None when the search is over."""
        while self._left:
            probe = self._left.popleft()
            if probe not in self._asked:
                self._asked.add(probe)
                return probe
        return None

    def heard(self, probe: Probe, what: Heard, took_s: float) -> Found | None:
        """What came back for a question, and how long it took; returns the unit if one is there."""
        self._spent_s += took_s
        if what is Heard.NOTHING:
            return None
        if probe.setting not in self._alive:
            self._alive.add(probe.setting)
            self._search(probe.setting)
        unit = Found(probe.setting, probe.unit, what is not Heard.DAMAGED, took_s)
        self.found.append(unit)
        return unit

    def _search(self, setting: Setting) -> None:
        """Search a setting through all unit ids, next."""
        self._left.extendleft(Probe(setting, unit) for unit in reversed(self.units))

    def progress(self) -> Progress:
        """How far the search is."""
        left = len({probe for probe in self._left if probe not in self._asked})
        asked = len(self._asked)
        pace_s = self._spent_s / asked if asked and self._spent_s else self.timeout_s
        return Progress(asked=asked, planned=asked + left, left_s=left * pace_s)


def settings_to_try(profiles: Iterable[Profile], bauds: Sequence[int] = ()) -> tuple[Setting, ...]:
    """Serial settings, those first with which most known products leave the factory.

    Args:
        profiles: the products.
        bauds: only these; empty: those of the products and the usual ones.
    """
    votes: dict[Setting, int] = {}
    for profile in profiles:
        factory = profile.factory
        if factory.baud:
            setting = Setting(factory.baud, Parity(factory.parity or "none"), factory.stop_bits or 1)
            votes[setting] = votes.get(setting, 0) + 1
    usual = [Setting(baud, parity, 1) for parity in (Parity.NONE, Parity.EVEN) for baud in USUAL_BAUDS]
    ranked = sorted(votes, key=lambda setting: -votes[setting])
    chosen = [one for one in dict.fromkeys((*ranked, *usual)) if not bauds or one.baud in bauds]
    return tuple(chosen or [Setting(baud, Parity.NONE, 1) for baud in bauds])


def likely_first(units: tuple[int, ...]) -> tuple[int, ...]:
    """Unit ids as they are searched: those far apart first, so that a device that answers to all of them is told."""
    likely = [unit for unit in LIKELY_UNITS if unit in units]
    return tuple(dict.fromkeys((*likely, *units)))
