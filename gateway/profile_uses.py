"""What a changed profile does to those who use it: points that would lose their register, or be read otherwise.

Values in, values out. A change names the point and the key of the profile that differs, with both values; sentences are
made where they are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from gateway.config import BusConfig
from gateway.profile import Meaning, Profile, Register
from gateway.site_survey.fitted import fitted, metric
from gateway.site_survey.state import SessionState, UnitState

_FIELDS: Final[Mapping[str, str]] = {
    "function": "function",
    "address": "address",
    "type": "type",
    "order": "order",
    "width": "words",
    "bit": "bit",
    "bit_count": "bits",
    "scale": "scale",
    "divisor": "divisor",
    "offset": "offset",
    "exponent_from": "exponent_from",
    "exponent_sign": "decimals_from",
    "unit": "unit",
    "absent": "absent",
    "sensor_error": "sensor_error",
    "low": "low",
    "high": "high",
    "closed": "closed",
    "encoding": "encoding",
}
"""What decides a value, by the key of the file that says it."""
_MANNERS: Final = ("timeout_s", "guard_s", "max_registers", "max_bits", "bridge", "illegal", "quirks")
"""What decides how the product is asked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One thing that would be otherwise.

    Attributes:
        bus, unit: where: id of the bus and unit id.
        point: metric of the point; empty: it is about how the unit is asked.
        register: of the profile; empty likewise.
        key: of the profile's file (``scale``); empty: the register is gone.
        before, after: as texts; addresses from 0, as on the wire.
    """

    bus: str
    unit: int
    point: str = ""
    register: str = ""
    key: str = ""
    before: str = ""
    after: str = ""

    @property
    def gone(self) -> bool:
        """Whether the point has no register any more."""
        return bool(self.point) and not self.key

    def __str__(self) -> str:
        """``wtl-pm-01/voltage: scale 1 → 0.1``; of a register that is gone ``wtl-pm-01/voltage (voltage_l1)``."""
        where = self.point or f"{self.bus}/{self.unit}"
        return f"{where}: {self.key} {self.before} → {self.after}" if self.key else f"{where} ({self.register})"


@dataclass(frozen=True, kw_only=True, slots=True)
class _User:
    """A unit with its profile and points: metric, register now, register then."""

    bus: str
    unit: int
    profile: Profile
    points: tuple[tuple[str, Register, Register | None], ...]
    now: Mapping[str, Register]
    then: Mapping[str, Register]


def changes(
    after: Profile, buses: Sequence[BusConfig], session: SessionState | None, known: Mapping[str, Profile]
) -> tuple[Change, ...]:
    """What ``after`` would change for all that use the profile of its name.

    Args:
        after: the profile as it would be.
        buses: what the gateway polls.
        session: what is being commissioned; None: nothing.
        known: profiles of the session, by key.
    """
    users = [*_polled(after, buses), *(_commissioned(after, session, known) if session is not None else ())]
    found = [change for user in users for change in (*_of_points(user), *_of_manners(user, after))]
    return tuple(dict.fromkeys(found))


def renewed(state: SessionState, before: Profile | None, after: Profile) -> SessionState:
    """The session with a profile that was changed: a proof of what is read otherwise now is none any more."""
    for unit in [one for one in state.units.values() if one.profile == after.key]:
        old, new = fitted(before, unit).registers, fitted(after, unit).registers
        same = {name for name in unit.points if _same(old.get(name), new.get(name), old, new)}
        if same != unit.points.keys():
            points = {name: one if name in same else replace(one, proof=None) for name, one in unit.points.items()}
            state = state.with_unit(replace(unit, points=points, timing=None))
    return state


def _polled(after: Profile, buses: Sequence[BusConfig]) -> Iterator[_User]:
    for bus in buses:
        for unit in (one for one in bus.units if one.profile.key == after.key):
            points = tuple((one.metric, one.register, after.registers.get(one.register.name)) for one in unit.points)
            yield _User(
                bus=bus.id,
                unit=unit.unit,
                profile=unit.profile,
                points=points,
                now=unit.profile.registers,
                then=after.registers,
            )


def _commissioned(after: Profile, session: SessionState, known: Mapping[str, Profile]) -> Iterator[_User]:
    before = known.get(after.key)
    for unit in session.units.values():
        if before is not None and unit.profile == after.key:
            now, then = fitted(before, unit).registers, fitted(after, unit).registers
            points = tuple(_points(unit, now, then))
            yield _User(bus=session.bus.id, unit=unit.unit, profile=before, points=points, now=now, then=then)


def _points(
    unit: UnitState, now: Mapping[str, Register], then: Mapping[str, Register]
) -> Iterator[tuple[str, Register, Register | None]]:
    for name, point in unit.points.items():
        if name in now:
            yield metric(unit, point), now[name], then.get(name)


def _of_points(user: _User) -> Iterator[Change]:
    for point, now, then in user.points:
        if then is None:
            yield Change(bus=user.bus, unit=user.unit, point=point, register=now.name)
            continue
        for key, before, after in _differences(now, then, user.now, user.then):
            yield Change(
                bus=user.bus, unit=user.unit, point=point, register=now.name, key=key, before=before, after=after
            )


def _of_manners(user: _User, after: Profile) -> Iterator[Change]:
    for key in _MANNERS:
        before, then = _shown(getattr(user.profile, key)), _shown(getattr(after, key))
        if before != then:
            yield Change(bus=user.bus, unit=user.unit, key=key, before=before, after=then)


def _differences(
    now: Register, then: Register, old: Mapping[str, Register], new: Mapping[str, Register]
) -> Iterator[tuple[str, str, str]]:
    for attribute, key in _FIELDS.items():
        before, after = _shown(getattr(now, attribute)), _shown(getattr(then, attribute))
        if before != after:
            yield key, before, after
    if _meanings(now.states) != _meanings(then.states):
        yield "states", _meanings(now.states), _meanings(then.states)
    if now.exponent_from and now.exponent_from == then.exponent_from:
        source, other = old.get(now.exponent_from), new.get(then.exponent_from)
        if source is not None and other is not None:
            for key, before, after in _differences(source, other, {}, {}):
                yield f"{now.exponent_from}.{key}", before, after


def _same(
    now: Register | None, then: Register | None, old: Mapping[str, Register], new: Mapping[str, Register]
) -> bool:
    return now is not None and then is not None and not any(_differences(now, then, old, new))


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, tuple):
        return ", ".join(map(_of_tuple, value)) or "-"
    return str(value) or "-"


def _of_tuple(item: object) -> str:
    hole = (getattr(item, "function", None), getattr(item, "start", None), getattr(item, "stop", None))
    if isinstance(hole[1], int) and isinstance(hole[2], int):
        return f"{hole[0]}:{hole[1]}–{hole[2] - 1}"
    return f"0x{item:X}" if isinstance(item, int) else str(item)


def _meanings(meanings: Mapping[int, Meaning]) -> str:
    """Raw values and their keys; the texts are for people, and may be bettered at any time."""
    return ", ".join(f"{raw} {one.key}".rstrip() for raw, one in sorted(meanings.items())) or "-"


def points_of(found: Iterable[Change]) -> str:
    """The first of them for a sentence, and that there are more."""
    shown = [str(one) for one in found]
    return ", ".join(shown[:_MOST_NAMED]) + (f" … ({len(shown)})" if len(shown) > _MOST_NAMED else "")


_MOST_NAMED: Final = 6
