"""Units of an expression: sides brought to one unit, factors made plain, times made milliseconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.errors import Refused
from core.findings import Kind
from core.rates import ALL_UNITS
from core.units import Unit, unlike
from rules.expression import Const, Number, Scale
from rules.language import condition_findings as kinds
from rules.language import syntax
from rules.operators.units import PLAIN

Report = Callable[[int, Kind, Mapping[str, object]], None]
"""``report(offset, kind, values)``."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A checked number and its unit; ``None`` is an attribute that takes the unit of its neighbour."""

    number: Number
    unit: Unit | None


class Stop(Exception):
    """This branch cannot be checked further; its fault is reported."""


class Units:
    """What of a check concerns units; faults go to ``report``."""

    def __init__(self, report: Report) -> None:
        """Report to ``report``."""
        self._report = report

    def duration_ms(self, quantity: syntax.Quantity) -> int:
        """A quantity of time in whole milliseconds; reported if it is none."""
        unit = ALL_UNITS[quantity.unit or "1"]
        if unit.dimension != "time":
            if not quantity.unit:
                raise self._fault(quantity.at, kinds.NO_UNIT_AT_ALL)
            raise self._fault(quantity.at, kinds.NO_TIME_UNIT, unit=quantity.unit)
        return round(quantity.value * unit.factor * 1000)

    def _converted(self, at: int, side: Typed, target: Unit) -> Number:
        have = side.unit
        if have is None or have == target:
            return side.number
        if have.dimension != target.dimension:
            if have.code == "1" and isinstance(side.number, Const):
                raise self._fault(at, kinds.UNITLESS, value=side.number.value, unit=target.code)
            raise self._fault(at, kinds.UNLIKE, problem=unlike(have, target))
        if have.offset and not target.offset and isinstance(side.number, Const):
            raise self._fault(at, kinds.NO_DIFFERENCE, value=side.number.value, unit=have.code)
        factor, offset = have.factor / target.factor, (have.offset - target.offset) / target.factor
        if isinstance(side.number, Const):
            return Const((side.number.value * have.factor + have.offset - target.offset) / target.factor)
        return scaled(side.number, factor, offset)

    def _plain(self, at: int, side: Typed) -> Number:
        """A dimensionless factor as a bare number (50 % is 0.5); anything else as it is."""
        if side.unit is not None and side.unit.dimension == PLAIN.dimension:
            return self._converted(at, side, PLAIN)
        return side.number

    def _unit_of(self, at: int, rule: Callable[[tuple[Unit, ...]], Unit], units: tuple[Unit, ...]) -> Unit:
        try:
            unit = rule(units)
        except Refused as reason:
            raise self._fault(at, kinds.NO_RESULT_UNIT, reason=reason) from None
        return unit if unit.dimension != PLAIN.dimension or unit in units else PLAIN

    def _fault(self, at: int, kind: Kind, /, **values: object) -> Stop:
        self._report(at, kind, values)
        return Stop()


def scaled(number: Number, factor: float, offset: float) -> Number:
    """A number times a factor plus an offset; a constant at once."""
    if factor == 1.0 and offset == 0.0:
        return number
    return Const(number.value * factor + offset) if isinstance(number, Const) else Scale(number, factor, offset)
