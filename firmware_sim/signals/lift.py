"""A lift: one trip per slot of a minute, from the floor where the last one ended.

The floor at the end of slot k is a hash of k, so the trip of any slot is known without the ones before it. A trip:
the door opens where the car stands, somebody enters, the car runs at rated speed, the door opens at the other end.
Door cycles count two a slot.

Incidents: `passengers_trapped` (stands between floors with people, code 8, the alarm button after 15 s),
`safety_circuit` (code 10, stands empty), `door_fault` (code 12, stands in the door zone with the door open),
`mains_loss` (code 9), `lift_maintenance`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final, NamedTuple

from firmware_sim.noise import smooth, uniform
from firmware_sim.signals.diurnal import local_hour
from firmware_sim.signals.windows import NEVER, Schedule

_SLOT_S: Final = 60.0
_BOARD_S: Final = 10.0
_DOOR_S: Final = 7.0
_BUTTON_AFTER_S: Final = 15.0
_CODES: Final = {"passengers_trapped": 8, "safety_circuit": 10, "door_fault": 12, "mains_loss": 9}


class CarState(NamedTuple):
    """What the contacts and the encoder show at one moment."""

    position: float
    speed_ms: float
    door_open: bool
    has_people: bool
    fault_code: int


@dataclass(frozen=True, kw_only=True)
class LiftCar:
    """One lift.

    Attributes:
        seed: fixes the trips.
        floors: number of floors, from 1.
        floor_height_m: between floors.
        rated_ms: rated speed; the longest trip must fit a slot.
        start_s: simulated time at which the door counter shows `door_cycles_start`.
        door_cycles_start: see there.
        incidents: by kind, see above.
    """

    MODEL: ClassVar[str] = "lift trips"
    seed: int
    start_s: float
    floors: int = 11
    floor_height_m: float = 3.0
    rated_ms: float = 1.5
    door_cycles_start: int = 120_000
    incidents: Mapping[str, Schedule] = field(default_factory=dict)

    def __post_init__(self) -> None:
        longest_s = _BOARD_S + (self.floors - 1) * self.floor_height_m / self.rated_ms + _DOOR_S
        if self.floors < 2 or longest_s >= _SLOT_S:
            raise ValueError(
                f"floors must be at least 2, and a trip over all of them fit {_SLOT_S:g} s, not {longest_s:g}"
            )

    @property
    def detail(self) -> str:
        """Parameters worth showing."""
        return f"{self.floors} floors, {self.rated_ms:g} m/s, a trip a minute"

    def _active(self, kind: str, time_s: float) -> bool:
        return self.incidents.get(kind, NEVER).active(time_s) is not None

    def _floor_after(self, slot: int) -> int:
        return 1 + int(uniform(self.seed, slot) * self.floors)

    def _trip(self, time_s: float) -> CarState:
        slot = math.floor(time_s / _SLOT_S)
        begin, end = self._floor_after(slot - 1), self._floor_after(slot)
        elapsed = time_s - slot * _SLOT_S - _BOARD_S
        if elapsed < 0:
            return CarState(begin, 0.0, elapsed < _DOOR_S - _BOARD_S, elapsed > -_BOARD_S + 2.0, 0)
        duration = abs(end - begin) * self.floor_height_m / self.rated_ms
        if elapsed < duration:
            direction = 1 if end > begin else -1
            position = begin + direction * elapsed * self.rated_ms / self.floor_height_m
            return CarState(position, direction * self.rated_ms, door_open=False, has_people=True, fault_code=0)
        since = elapsed - duration
        return CarState(end, 0.0, since < _DOOR_S, since < 3.0, 0)

    def state(self, time_s: float) -> CarState:
        """Everything at one moment."""
        for kind, code in _CODES.items():
            window = self.incidents.get(kind, NEVER).active(time_s)
            if window is not None:
                return self._stranded(kind, code, window.start_s)
        return self._trip(time_s)

    def _stranded(self, kind: str, code: int, since_s: float) -> CarState:
        position = math.floor(self._trip(since_s).position)
        if kind == "passengers_trapped":
            between = min(position, self.floors - 1) + 0.5
            return CarState(between, 0.0, door_open=False, has_people=True, fault_code=code)
        return CarState(position, 0.0, door_open=kind == "door_fault", has_people=False, fault_code=code)

    def floor(self, time_s: float) -> float:
        """Nearest floor at or below the car."""
        return float(math.floor(self.state(time_s).position))

    def speed_ms(self, time_s: float) -> float:
        """Speed, up positive."""
        return self.state(time_s).speed_ms

    def door_open(self, time_s: float) -> float:
        """1 while the door is open."""
        return float(self.state(time_s).door_open)

    def in_door_zone(self, time_s: float) -> float:
        """1 while the car stands level with a floor."""
        state = self.state(time_s)
        return float(state.speed_ms == 0.0 and state.position == math.floor(state.position))

    def has_people(self, time_s: float) -> float:
        """1 while somebody is inside."""
        return float(self.state(time_s).has_people)

    def moving(self, time_s: float) -> float:
        """1 while the car moves."""
        return float(self.state(time_s).speed_ms != 0.0)

    def fault_code(self, time_s: float) -> float:
        """Fault code, 0 for none."""
        return float(self.state(time_s).fault_code)

    def maintenance(self, time_s: float) -> float:
        """1 while the maintenance switch is on."""
        return float(self._active("lift_maintenance", time_s))

    def mains(self, time_s: float) -> float:
        """1 while the lift has power."""
        return float(not self._active("mains_loss", time_s))

    def alarm_button(self, time_s: float) -> float:
        """1 while the button in the car is pressed."""
        window = self.incidents.get("passengers_trapped", NEVER).active(time_s)
        return float(window is not None and time_s - window.start_s >= _BUTTON_AFTER_S)

    def door_cycles(self, time_s: float) -> float:
        """Door openings so far: two a slot."""
        slots = math.floor(time_s / _SLOT_S) - math.floor(self.start_s / _SLOT_S)
        return float(self.door_cycles_start + 2 * slots)

    def machine_room_cel(self, time_s: float) -> float:
        """Temperature of the machine room."""
        return (
            24.0
            + 3.0 * math.sin(math.pi * (local_hour(time_s) - 9.0) / 12.0)
            + 0.4 * smooth(self.seed + 1, time_s, 600.0)
        )
