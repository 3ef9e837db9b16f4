"""From what a device's own display shows to where and how its registers hold it.

A technician types what the display shows. A display rounds: "230.5" stands for anything from 230.45 to 230.55. Every
address that was read, in every form and decimal scale, is compared with it; what agrees in all samples is a hypothesis.
Few digits agree by accident, so hypotheses are ranked by what they ask one to believe: a difference from the profile
costs (another scale, order, address base, type, function, address), and an unusual form costs where no profile helps.
A second sample at another moment, or one digit more, leaves few.

``solve`` looks at one quantity; ``solve_unit`` at several of one unit, which usually differ from the profile in the
same way: another order or another address base in all of them.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

import numpy as np

from core.errors import Refused
from core.readings import Float64s
from gateway.profile import DataType, Order, Register
from gateway.site_survey.forms import FORMS, Form, values
from gateway.site_survey.words import Snapshot

PLACES: Final = tuple(range(-3, 5))
"""Decimal places that a raw number may have: value = raw / 10**places."""
SHIFTS: Final = tuple(range(-3, 4))
"""Decimal places by which a scale may differ from a profile's."""
MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Shown:
    """What a display shows.

    Attributes:
        value: the number.
        half: half of its last digit, by which the display may have rounded.
    """

    value: float
    half: float

    @classmethod
    def of(cls, text: str) -> Shown:
        """Read what was typed: digits with a decimal point or comma.

        Raises:
            Refused: if it is no number.
        """
        try:
            number = Decimal(text.strip().replace(",", ".").replace("−", "-"))
        except InvalidOperation:
            raise Refused(f"{text!r} is no number as a display shows it, such as 230.5") from None
        places = number.as_tuple().exponent
        if not number.is_finite() or not isinstance(places, int):
            raise Refused(f"{text!r} is no number as a display shows it, such as 230.5")
        return cls(float(number), 0.5 * 10.0**places)


@dataclass(frozen=True, slots=True)
class Sample:
    """Words that were read while the display showed something."""

    snapshot: Snapshot
    shown: Shown


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One way in which the registers may hold the quantity.

    Attributes:
        function, address: where it begins.
        form: type and order.
        factor, offset: value = raw * factor + offset.
        cost: what one must believe; 0 is what the profile says.
        value: what it gives for the newest sample.
        error: largest difference from what was shown.
        changes: what differs from the profile: ``scale``, ``order``, ``base``, ``type``, ``function``, ``address``.
    """

    function: int
    address: int
    form: Form
    factor: float
    offset: float
    cost: float
    value: float
    error: float
    changes: tuple[str, ...] = ()

    def applied(self, register: Register) -> Register:
        """The register read in this way."""
        return dataclasses.replace(
            register,
            function=self.function,
            address=self.address,
            type=self.form.type,
            order=self.form.order,
            words=0,
            scale=self.factor if self.factor >= 1 else 1.0,
            divisor=1.0 if self.factor >= 1 else 1 / self.factor,
            offset=self.offset,
            exponent_from="",
        )


def solve(samples: Sequence[Sample], expected: Register | None = None) -> tuple[Hypothesis, ...]:
    """All hypotheses that agree with every sample, the cheapest first, at most ``MOST``.

    Args:
        samples: at least one.
        expected: what the profile says, if there is one.

    Raises:
        ValueError: without a sample.
    """
    if not samples:
        raise ValueError("the solver needs at least one sample")
    found: list[Hypothesis] = []
    for function, start, words in samples[-1].snapshot.blocks():
        for form in FORMS:
            found += _agreeing(samples, function, start, len(words), form, expected)
    found.sort(key=lambda one: (one.cost, one.error, one.function, one.address))
    return tuple(found[:MOST])


def is_decided(hypotheses: Sequence[Hypothesis], margin: float = 0.5) -> bool:
    """Whether the first hypothesis is clearly cheaper than any that would read another value from the same words."""
    if not hypotheses:
        return False
    first = hypotheses[0]
    return all(other.cost - first.cost >= margin or _same_reading(first, other) for other in hypotheses[1:])


def _same_reading(one: Hypothesis, other: Hypothesis) -> bool:
    """Signed or not, at the same place and order: they part only when the value passes half of the range."""
    same_place = (one.function, one.address, one.factor) == (other.function, other.address, other.factor)
    return same_place and one.form.order is other.form.order and one.form.words == other.form.words


def _agreeing(
    samples: Sequence[Sample], function: int, start: int, count: int, form: Form, expected: Register | None
) -> list[Hypothesis]:
    raw = np.array([_raw(sample.snapshot, function, start, count, form) for sample in samples])
    shown = np.array([sample.shown.value for sample in samples])[:, None]
    half = np.array([sample.shown.half for sample in samples])[:, None]
    found = []
    for factor, offset in _scales(expected):
        with np.errstate(over="ignore"):
            value = raw * factor + offset
        error = np.abs(value - shown)
        # A float that rounds to the digit shown may lie a hair beyond its half.
        fits = (error <= half * (1 + 1e-6) + np.abs(shown) * 1e-9).all(axis=0)
        for index in np.flatnonzero(fits).tolist():
            cost, changes = _cost(function, start + index, form, factor, expected)
            read, wrong = float(value[-1, index]), float(error[:, index].max())
            found.append(Hypothesis(function, start + index, form, factor, offset, cost, read, wrong, changes))
    return found


def _scales(expected: Register | None) -> list[tuple[float, float]]:
    """Factors and offsets to try: powers of ten, or the profile's own and those a few decimal places beside it."""
    if expected is None:
        return [(10.0**-places, 0.0) for places in PLACES]
    return [(_factor(expected) * 10.0**shift, expected.offset) for shift in SHIFTS]


def _factor(register: Register) -> float:
    return register.scale / register.divisor


def _raw(snapshot: Snapshot, function: int, start: int, count: int, form: Form) -> Float64s:
    places = [(function, start + index) for index in range(count)]
    words = np.array([snapshot.words.get(place, 0) for place in places], np.uint16)
    raw = values(words, form)
    present = np.array([place in snapshot.words for place in places])
    for shift in range(min(form.words, count)):
        raw[: count - shift][~present[shift:]] = np.nan
    return raw


# --- what one must believe ------------------------------------------------------------------------------------------

_USUAL: Final[Mapping[DataType, float]] = {
    DataType.F32: 0.0, DataType.U16: 0.5, DataType.S16: 0.6, DataType.U32: 1.0, DataType.S32: 1.1,
    DataType.F64: 2.0, DataType.U64: 2.2, DataType.S64: 2.3,
}  # fmt: skip
_ORDER_COST: Final[Mapping[Order, float]] = {Order.ABCD: 0.0, Order.CDAB: 0.5, Order.BADC: 1.5, Order.DCBA: 1.0}
_SIGNED: Final = {
    DataType.U16: DataType.S16, DataType.S16: DataType.U16, DataType.U32: DataType.S32, DataType.S32: DataType.U32,
    DataType.U64: DataType.S64, DataType.S64: DataType.U64,
}  # fmt: skip


def _cost(
    function: int, address: int, form: Form, factor: float, expected: Register | None
) -> tuple[float, tuple[str, ...]]:
    if expected is None:
        places = -math.log10(factor)
        scale = (0.3 if form.floating else 0.15) * abs(places) + (0.5 if places < 0 else 0.0)
        return _USUAL[form.type] + _ORDER_COST[form.order] + scale, ()
    changes: list[str] = []
    cost = 0.0
    cost += _changed(changes, "function", function != expected.function, 2.0)
    cost += _changed(changes, "base", abs(address - expected.address) == 1, 1.0)
    cost += _changed(changes, "address", abs(address - expected.address) > 1, 4.0)
    if form.type is not expected.type:
        signed = _SIGNED.get(expected.type) is form.type
        cost += _changed(changes, "type", True, 0.6 if signed else 2.0)
    # The order of a single word matters only if its bytes are swapped.
    same_order = form.order is expected.order or (form.words == 1 and form.order is Order.ABCD)
    # Less than a shifted base: the high word of a float alone can pass for the whole, one address beside it.
    cost += _changed(changes, "order", not same_order, 0.8 + 0.1 * _ORDER_COST[form.order])
    shift = abs(round(math.log10(factor / _factor(expected))))
    cost += _changed(changes, "scale", shift > 0, 1.0 + 0.2 * (shift - 1))
    return cost, tuple(changes)


def _changed(changes: list[str], name: str, is_so: bool, cost: float) -> float:
    if is_so:
        changes.append(name)
    return cost if is_so else 0.0


# --- several quantities of one unit ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Solution:
    """How a unit differs from its profile.

    Attributes:
        base: added to every address of the profile.
        order: order of values of several words; None: as the profile says.
        by_register: the hypothesis chosen for each quantity.
        unexplained: quantities that no hypothesis explains.
        cost: what one must believe; 0: the unit is as the profile says.
    """

    base: int
    order: Order | None
    by_register: Mapping[str, Hypothesis]
    unexplained: tuple[str, ...]
    cost: float


def solve_unit(samples: Mapping[str, Sequence[Sample]], registers: Mapping[str, Register]) -> Solution:
    """The least that must differ from the profile for all quantities to show what their displays show.

    One difference in common (base, order) is believed more easily than the same difference found by accident in each
    quantity, so it is paid for once.

    Args:
        samples: by name of the register, what was read while its display showed something.
        registers: the profile's.

    Raises:
        ValueError: without any sample.
    """
    if not samples:
        raise ValueError("the solver needs at least one sample")
    found = {name: solve(taken, registers[name]) for name, taken in samples.items()}
    variants = [(base, order) for base in (0, -1, 1) for order in (None, *Order)]
    solutions = [_common(found, registers, base, order) for base, order in variants]
    return min(solutions, key=lambda one: (len(one.unexplained), one.cost))


def _common(
    found: Mapping[str, Sequence[Hypothesis]], registers: Mapping[str, Register], base: int, order: Order | None
) -> Solution:
    cost = (1.0 if base else 0.0) + (0.8 + 0.1 * _ORDER_COST[order] if order else 0.0)
    chosen: dict[str, Hypothesis] = {}
    unexplained = []
    for name, hypotheses in found.items():
        register = registers[name]
        ranked = [(_alone(one, register, base, order), one) for one in hypotheses]
        best = min(ranked, key=lambda pair: pair[0], default=None)
        if best is None:
            unexplained.append(name)
            continue
        chosen[name] = best[1]
        cost += best[0]
    return Solution(base, order, chosen, tuple(unexplained), cost)


def _alone(one: Hypothesis, register: Register, base: int, order: Order | None) -> float:
    """What must be believed of one quantity beyond what the unit's quantities have in common."""
    wanted = register.order if order is None or one.form.words == 1 else order
    common = dataclasses.replace(register, address=register.address + base, order=wanted)
    return _cost(one.function, one.address, one.form, one.factor, common)[0]
