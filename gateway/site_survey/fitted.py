"""The map of one unit as it was found: its product's registers, moved and turned as the solver says.

What all quantities of a unit have in common (address base, word order) holds for its whole map; what was found for one
quantity holds for that one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from core.places import Text
from gateway.product import Evidence
from gateway.profile import DataType, Hole, Order, Profile, Register
from gateway.site_survey.forms import Form
from gateway.site_survey.solver import Hypothesis
from gateway.site_survey.state import HypothesisState, PointState, SolvedState, UnitState
from gateway.site_survey.words import Snapshot, decoded

NUMBERS: Final = frozenset(
    {
        DataType.U16, DataType.S16, DataType.U32, DataType.S32, DataType.U64, DataType.S64, DataType.F32, DataType.F64,
    }
)  # fmt: skip
"""Types the solver knows; bits, states, decimal digits and texts are as the profile says, or are not."""
_MAX_EXPONENT: Final = 10
_USUAL_TIMEOUT_S: Final = 1.0
_UNKNOWN: Final = Text(zh="?", en="?")
_ON_SITE: Final = Text(zh="现场核对", en="proven on site")


def fitted(profile: Profile | None, unit: UnitState) -> Profile:
    """The unit's own map.

    Args:
        profile: its product; None: only what was solved is known.
        unit: the unit.
    """
    shift = unit.solution.base if unit.solution else 0
    order = unit.solution.order if unit.solution else None
    registers = {name: shifted(one, shift, order) for name, one in profile.registers.items()} if profile else {}
    for name, solved in unit.solved.items():
        found = applied(solved, registers.get(name), name)
        if found is not None:
            registers[name] = found
    for name, point in unit.points.items():
        if point.unit and name in registers:
            registers[name] = replace(registers[name], unit=point.unit)
    if profile is None:
        return Profile(
            key="", maker=_UNKNOWN, model=_UNKNOWN, source=_ON_SITE, evidence=Evidence.OWN, registers=registers
        )
    illegal = tuple(_moved(hole, shift) for hole in profile.illegal)
    return replace(profile, registers=registers, illegal=illegal)


def shifted(register: Register, shift: int, order: Order | None) -> Register:
    """A register of the profile with what the whole unit has in common."""
    turns = order is not None and register.type in NUMBERS and register.width > 1
    address = min(max(register.address + shift, 0), 65536 - register.width)
    return replace(register, address=address, order=order if turns and order else register.order)


def applied(solved: SolvedState, register: Register | None, name: str) -> Register | None:
    """A quantity as it was solved; None if that gives nothing new.

    Where nothing differs the profile's register stays as it is, with its exponent if it has one.
    """
    found = solved.hypothesis
    if found is None or (register is not None and not found.changes):
        return None
    blank = Register(name=name, function=found.function, address=found.address, type=found.type)
    return hypothesis(found).applied(register or blank)


def with_exponent(register: Register, registers: Mapping[str, Register], snapshot: Snapshot) -> Register:
    """The register with the power of ten that its unit shows now worked into its scale."""
    source = registers.get(register.exponent_from)
    value = decoded(snapshot, [source]).get(source.name, (math.nan, 0, ""))[0] if source is not None else math.nan
    if math.isnan(value) or abs(value) > _MAX_EXPONENT:
        return replace(register, exponent_from="")
    power = int(value) * register.exponent_sign
    if power >= 0:
        return replace(register, scale=register.scale * 10.0**power, exponent_from="")
    return replace(register, divisor=register.divisor * 10.0**-power, exponent_from="")


def differences(profile: Profile | None, unit: UnitState) -> tuple[str, ...]:
    """How a unit differs from its profile, in signs without a language: ``base-1``, ``CDAB``, ``power: type=s32``."""
    if profile is None:
        return ()
    found = []
    if unit.solution and unit.solution.base:
        found.append(f"base{unit.solution.base:+d}")
    if unit.solution and unit.solution.order:
        found.append(unit.solution.order.value)
    own = fitted(profile, unit)
    for name in sorted(set(unit.solved) | set(unit.points)):
        one = own.registers.get(name)
        if one is None or name not in profile.registers:
            continue
        was = shifted(
            profile.registers[name],
            unit.solution.base if unit.solution else 0,
            unit.solution.order if unit.solution else None,
        )
        parts = _changes(was, one)
        if parts:
            found.append(f"{name}: {', '.join(parts)}")
    return tuple(found)


def _changes(was: Register, now: Register) -> list[str]:
    pairs = (
        ("function", was.function, now.function),
        ("address", was.address, now.address),
        ("type", was.type.value, now.type.value),
        (
            "order",
            was.order.value,
            now.order.value if now.width > 1 or now.order is not Order.ABCD else was.order.value,
        ),
        ("factor", _factor(was), _factor(now)),
        ("unit", was.unit, now.unit),
    )
    return [f"{key}={after}" for key, before, after in pairs if before != after]


def _factor(register: Register) -> str:
    return f"{register.scale / register.divisor:.9g}"


def _moved(hole: Hole, shift: int) -> Hole:
    return replace(hole, start=max(hole.start + shift, 0), stop=max(hole.stop + shift, 0))


def metric(unit: UnitState, point: PointState) -> str:
    """``facility/measurement``; before the unit was placed its own label stands for the facility."""
    facility = unit.placement.facility if unit.placement else unit.label
    return f"{facility}/{point.measurement}"


def measurement(name: str) -> str:
    """The measurement of a quantity, unless somebody says otherwise: its name, a bit without its word."""
    return name.replace(".", "_")


def hypothesis_state(found: Hypothesis) -> HypothesisState:
    """A hypothesis as state."""
    return HypothesisState(
        function=found.function,
        address=found.address,
        type=found.form.type,
        order=found.form.order,
        factor=found.factor,
        offset=found.offset,
        cost=found.cost,
        value=found.value,
        error=found.error,
        changes=found.changes,
    )


def hypothesis(state: HypothesisState) -> Hypothesis:
    """And back."""
    return Hypothesis(
        function=state.function,
        address=state.address,
        form=Form(state.type, state.order),
        factor=state.factor,
        offset=state.offset,
        cost=state.cost,
        value=state.value,
        error=state.error,
        changes=state.changes,
    )


def identity_registers(profile: Profile) -> tuple[Register, ...]:
    """Registers that stay the same as long as the device does: signatures with one value, texts, serial numbers."""
    signed = [one.register for one in profile.identify.signatures if one.equals or one.matches]
    telling = [one for one in profile.quantities if one.type is DataType.STRING or "serial" in one.name]
    return tuple(one for one in (*signed, *telling[:_MOST_TELLING]) if not one.reads_bits)


_MOST_TELLING: Final = 6


def patience_s(unit: UnitState, profile: Profile | None) -> float:
    """How long the unit is waited for: as its product may take, and longer if it was found to be slow."""
    usual_s = profile.timeout_s if profile else _USUAL_TIMEOUT_S
    return max(usual_s, 1.5 * (unit.response_ms or 0.0) / 1000)


def patient(profile: Profile, unit: UnitState) -> Profile:
    """The profile with that patience."""
    return replace(profile, timeout_s=patience_s(unit, profile))
