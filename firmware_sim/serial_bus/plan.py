"""A bus as data: its line and its units, read from a YAML file with every mistake reported at once.

id: plant-room
line: 9600 8N1
framing: rtu                # or ascii
units:
  - unit: 1
    product: eastron-sdm630
    place: {zh: 一号配电柜, en: distribution board 1}
    turnaround_ms: 15       # end of a request to start of its answer
    jitter_ms: 5            # up to so much more
    options: {load_w: 9000} # of the model, see `kits.py`
    words: CDAB             # a clone that sends values of several words in this order
    shift: 1                # a clone that answers at address 1 what the label's map has at 0
    scale: 10               # a variant whose measured values are so many times as large
    reserved: zero          # answers 0 for reserved registers inside its map (otherwise exception 2)
    max_registers: 20       # most registers a request
    holes: [[4, 0x10]]      # function code and address that are refused although the label's map has them
    do: [kill]              # actions of `control.py`, without the unit, at the start
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml

from firmware_sim.clock import Clock
from firmware_sim.encoding import WordOrder
from firmware_sim.modbus.register_map import Product, Register, Table
from firmware_sim.noise import derive_seed
from firmware_sim.serial_bus.bus import Bus
from firmware_sim.serial_bus.control import Action, ActionError
from firmware_sim.serial_bus.framing import Framing
from firmware_sim.serial_bus.kits import BUS_KITS, BusKit
from firmware_sim.serial_bus.unit import BusUnit, Pace, ProductInstrument
from firmware_sim.serial_bus.variants import filled, reordered, rescaled, shifted
from firmware_sim.serial_bus.wire import LineSettings
from firmware_sim.signals.base import ConstantSignal, Signal

PLANT_ROOM: Final = Path(str(resources.files("firmware_sim") / "data" / "serial_bus.yaml"))
T = TypeVar("T")
_KEYS: Final = frozenset(
    [
        "unit",
        "product",
        "place",
        "turnaround_ms",
        "jitter_ms",
        "options",
        "words",
        "shift",
        "scale",
        "reserved",
        "max_registers",
        "holes",
        "do",
    ]
)
_OPTIONS: Final = frozenset(["load_w", "mean_m3h", "mean_cel", "volume_m3", "setpoint_cel"])


class BusPlanError(Exception):
    """A bus file with mistakes; one line for each."""


@dataclass(frozen=True, kw_only=True)
class UnitPlan:
    """One unit as the plan has it.

    Attributes:
        unit_id: address.
        product: key of the product on its label.
        place_zh, place_en: where it stands, for people.
        pace: how fast it answers.
        options: numbers for its model.
        words, shift, scale: how it differs from its label; None, 0 and 1: it does not.
        reserved_zero: answers 0 for reserved registers.
        max_registers: most registers a request; None: as the product.
        holes: (function code, address) refused although its label's map has them.
        actions: what is wrong with it at the start.
    """

    unit_id: int
    product: str
    place_zh: str = ""
    place_en: str = ""
    pace: Pace = field(default_factory=Pace)
    options: Mapping[str, float] = field(default_factory=dict)
    words: WordOrder | None = None
    shift: int = 0
    scale: float = 1.0
    reserved_zero: bool = False
    max_registers: int | None = None
    holes: tuple[tuple[int, int], ...] = ()
    actions: tuple[Action, ...] = ()

    @property
    def differs(self) -> str:
        """How it differs from its label, in short; empty: it does not."""
        found = [f"words {self.words}"] if self.words else []
        found += [f"addresses +{self.shift}"] if self.shift else []
        found += [f"values x{self.scale:g}"] if self.scale != 1.0 else []
        found += [f"holes {', '.join(f'FC{f:02d}/{a}' for f, a in self.holes)}"] if self.holes else []
        return "; ".join(found)


@dataclass(frozen=True, kw_only=True)
class BusPlan:
    """A bus as the plan has it."""

    id: str
    line: LineSettings
    framing: Framing
    units: tuple[UnitPlan, ...]


def build_bus(plan: BusPlan, clock: Clock, *, seed: int = 1, paced: bool = True, grain_s: float = 0.002) -> Bus:
    """The bus with its units, each with a seed of its own."""
    units = [_unit(u, clock.start_ms / 1000, derive_seed(seed, f"{plan.id}/{u.unit_id}")) for u in plan.units]
    bus = Bus(units, plan.line, clock, framing=plan.framing, seed=seed, paced=paced, grain_s=grain_s)
    for unit in plan.units:
        for action in unit.actions:
            action.apply(bus)
    return bus


def _unit(plan: UnitPlan, start_s: float, seed: int) -> BusUnit:
    device = BUS_KITS[plan.product](BusKit(unit_id=plan.unit_id, seed=seed, start_s=start_s, options=plan.options))
    product, signals = device.PRODUCT, dict(device.signals())
    if plan.words is not None:
        product = reordered(product, plan.words)
    if plan.scale != 1.0:
        product = rescaled(product, plan.scale)
    if plan.reserved_zero:
        product = filled(product)
    product = _without(product, plan.holes)
    if plan.shift:
        product = shifted(product, plan.shift)
    if plan.max_registers is not None:
        product = dataclasses.replace(product, max_registers=plan.max_registers)
    zero = ConstantSignal(unit="1", constant=0.0)
    known: dict[str, Signal] = {r.name: signals.get(r.name, zero) for r in product.registers}
    return BusUnit(plan.unit_id, ProductInstrument(product=product, signals=known), pace=plan.pace, seed=seed)


def _without(product: Product, holes: Sequence[tuple[int, int]]) -> Product:
    """The product without the registers at these addresses."""

    def kept(register: Register) -> bool:
        taken = range(register.address, register.address + register.width)
        return not any(register.table == table and address in taken for table, address in holes)

    return dataclasses.replace(product, registers=tuple(r for r in product.registers if kept(r)))


# --- reading ------------------------------------------------------------------------------------------------------


def read_bus(path: Path) -> BusPlan:
    """Reads a bus file.

    Raises:
        BusPlanError: every mistake, one line each.
        OSError: the file cannot be read.
    """
    try:
        root = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise BusPlanError(f"{path}: not YAML: {error}") from None
    if not isinstance(root, dict) or not isinstance(root.get("units"), list):
        raise BusPlanError(f"{path}: must be a mapping with `id`, `line`, `framing` and a list `units`")
    reader = _Reader(path)
    line = reader.read(root, "line", LineSettings.parse, LineSettings())
    framing = reader.read(root, "framing", Framing, Framing.RTU)
    units = tuple(reader.unit(raw, number) for number, raw in enumerate(root["units"], start=1))
    reader.check_ids(units)
    if reader.problems:
        raise BusPlanError("\n".join(reader.problems))
    return BusPlan(id=str(root.get("id", path.stem)), line=line, framing=framing, units=units)


class _Reader:
    """Collects mistakes while the parts of a file are read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._where = ""
        self.problems: list[str] = []

    def complain(self, what: str) -> None:
        self.problems.append(f"{self._path}: {self._where}{what}")

    def read(self, raw: Mapping[str, Any], key: str, convert: Callable[[Any], T], default: T) -> T:
        """A value, converted; a mistake is noted and answered with the default."""
        if key not in raw:
            return default
        try:
            return convert(raw[key])
        except (ValueError, TypeError, KeyError, ActionError) as error:
            self.complain(f"{key}: {error}")
            return default

    def unit(self, raw: Any, number: int) -> UnitPlan:
        self._where = f"unit entry {number}: "
        if not isinstance(raw, dict) or not {"unit", "product"} <= set(raw):
            self.complain("must be a mapping with at least `unit` and `product`")
            return UnitPlan(unit_id=0, product="")
        self._where = f"unit {raw['unit']}: "
        for key in sorted(set(raw) - _KEYS):
            self.complain(f"unknown key {key!r}; allowed here: {', '.join(sorted(_KEYS))}")
        nowhere: Mapping[str, str] = {}
        place = self.read(raw, "place", _texts, nowhere)
        unit_id = self.read(raw, "unit", _unit_id, 1)
        plan = UnitPlan(
            unit_id=unit_id,
            product=self.read(raw, "product", _product, "xy-md02"),
            place_zh=place.get("zh", ""),
            place_en=place.get("en", ""),
            pace=Pace(
                turnaround_s=self.read(raw, "turnaround_ms", _milliseconds, 0.012),
                jitter_s=self.read(raw, "jitter_ms", _milliseconds, 0.004),
            ),
            options=self.read(raw, "options", _options, {}),
            words=self.read(raw, "words", WordOrder, None),
            shift=self.read(raw, "shift", int, 0),
            scale=self.read(raw, "scale", float, 1.0),
            reserved_zero=raw.get("reserved") == "zero",
            max_registers=self.read(raw, "max_registers", int, None),
            holes=self.read(raw, "holes", _holes, ()),
            actions=self.read(raw, "do", lambda words: _actions(words, unit_id), ()),
        )
        self._where = ""
        return plan

    def check_ids(self, units: Sequence[UnitPlan]) -> None:
        ids = [u.unit_id for u in units]
        for twice in sorted({i for i in ids if ids.count(i) > 1}):
            self.complain(f"unit {twice} is there more than once")


def _texts(raw: Any) -> Mapping[str, str]:
    if not isinstance(raw, dict):
        raise ValueError(f"must be {{zh: …, en: …}}, not {raw!r}")
    return {str(key): str(text) for key, text in raw.items()}


def _unit_id(raw: Any) -> int:
    if not isinstance(raw, int) or not 1 <= raw <= 247:
        raise ValueError(f"a unit id is 1 to 247, not {raw!r}")
    return raw


def _product(raw: Any) -> str:
    if raw not in BUS_KITS:
        raise ValueError(f"unknown product {raw!r}; known: {', '.join(BUS_KITS)}")
    return str(raw)


def _milliseconds(raw: Any) -> float:
    value = float(raw)
    if not 0 <= value <= 60_000:
        raise ValueError(f"must be 0 to 60000 ms, not {raw!r}")
    return value / 1000


def _options(raw: Any) -> Mapping[str, float]:
    unknown = set(raw) - _OPTIONS
    if unknown:
        raise ValueError(f"unknown {', '.join(sorted(unknown))}; known: {', '.join(sorted(_OPTIONS))}")
    return {key: float(value) for key, value in raw.items()}


def _holes(raw: Any) -> tuple[tuple[int, int], ...]:
    return tuple((int(Table(table)), int(address)) for table, address in raw)


def _actions(raw: Any, unit_id: int) -> tuple[Action, ...]:
    found = []
    for text in raw:
        verb, *words = str(text).split()
        found.append(Action.parse(" ".join([verb, str(unit_id), *words])))
    return tuple(found)
