"""The solver at work on one unit: samples come in one after the other, and the whole unit is judged each time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from core.places import Text
from gateway.profile import Order, Profile, Register
from gateway.site_survey import typed
from gateway.site_survey.fitted import NUMBERS, fitted, hypothesis_state, shifted, with_exponent
from gateway.site_survey.solver import Sample, Solution, is_decided, solve, solve_unit
from gateway.site_survey.state import (
    ShownState,
    SnapshotState,
    SolutionState,
    SolvedState,
    UnitState,
    words_by_place,
)
from gateway.site_survey.words import Snapshot, decoded

MOST_CANDIDATES: Final = 10
STILL_FRESH_MS: Final = 60_000
"""Words that are older than this before the newest read are no longer what the display shows."""
_CHANGES: Final[Mapping[str, Text]] = {
    "function": Text(zh="功能码", en="function"),
    "base": Text(zh="地址差一", en="address off by one"),
    "address": Text(zh="地址", en="address"),
    "type": Text(zh="类型", en="type"),
    "order": Text(zh="字节序", en="byte order"),
    "scale": Text(zh="比例", en="scale"),
}


def view(snapshots: Sequence[SnapshotState]) -> SnapshotState:
    """The newest word of each place, as far as it is still fresh.

    Raises:
        ValueError: without a snapshot.
    """
    if not snapshots:
        raise ValueError("nothing was looked at")
    newest = max(one.time_ms for one in snapshots)
    words: dict[str, int] = {}
    for one in snapshots:
        if newest - one.time_ms <= STILL_FRESH_MS:
            words |= one.words
    return SnapshotState(time_ms=newest, words=words)


def not_numbers(texts: Mapping[str, str], registers: Mapping[str, Register]) -> list[str]:
    """Texts that no display of these quantities shows; an empty one is meant to forget."""
    return [
        text for name, text in texts.items() if text.strip() and not typed.is_shown(text, _unit(registers.get(name)))
    ]


def _unit(register: Register | None) -> str:
    return register.unit if register else ""


def solved(unit: UnitState, profile: Profile | None, shown: Mapping[str, str]) -> UnitState:
    """The unit with what was typed just now, and what follows from all samples together.

    Args:
        unit: with at least one snapshot.
        profile: its product, None if unknown.
        shown: by quantity; all numbers (``not_numbers``), or empty to forget.
    """
    now = view(unit.snapshots)
    samples = {name: state.samples for name, state in unit.solved.items() if state.samples}
    for name, text in shown.items():
        if text.strip():
            sample = ShownState(shown=text.strip(), time_ms=now.time_ms, words=now.words)
            samples[name] = (*samples.get(name, ()), sample)
        else:
            samples.pop(name, None)
    kept = {name: one for name, one in unit.solved.items() if name not in shown and not one.samples}
    known = profile.registers if profile else {}
    taken = {name: [_sample(one, _unit(known.get(name))) for one in several] for name, several in samples.items()}
    registers = _expected(profile, taken)
    common = _common(taken, registers)
    states = {name: _judged(several, taken[name], registers.get(name), common) for name, several in samples.items()}
    unexplained = tuple(name for name, one in states.items() if one.hypothesis is None and not one.decided)
    solution = SolutionState(
        base=common.base if common else 0, order=common.order if common else None, unexplained=unexplained
    )
    found = replace(unit, solved=kept | states, solution=solution)
    return replace(found, solution=replace(solution, differences=_differences(profile, found)))


def _sample(state: ShownState, unit: str) -> Sample:
    return Sample(Snapshot(words_by_place(state.words), state.time_ms), typed.shown(state.shown, unit))


def _expected(profile: Profile | None, taken: Mapping[str, Sequence[Sample]]) -> dict[str, Register]:
    """What the profile says of each quantity, exponents worked in."""
    if profile is None:
        return {}
    known = profile.registers
    return {
        name: with_exponent(known[name], known, samples[-1].snapshot)
        for name, samples in taken.items()
        if name in known
    }


def _common(taken: Mapping[str, Sequence[Sample]], registers: Mapping[str, Register]) -> Solution | None:
    numbers = {name: taken[name] for name, one in registers.items() if one.type in NUMBERS}
    return solve_unit(numbers, registers) if numbers else None


def _judged(
    states: tuple[ShownState, ...], samples: Sequence[Sample], register: Register | None, common: Solution | None
) -> SolvedState:
    """One quantity, measured by what the whole unit has in common."""
    if register is not None:
        register = shifted(register, common.base if common else 0, common.order if common else None)
        if register.type not in NUMBERS:
            return SolvedState(samples=states, decided=all(_agrees(register, one) for one in samples))
    found = solve(samples, register)
    candidates = tuple(hypothesis_state(one) for one in found[:MOST_CANDIDATES])
    return SolvedState(samples=states, candidates=candidates, chosen=0 if candidates else -1, decided=is_decided(found))


def _agrees(register: Register, sample: Sample) -> bool:
    """Whether a register of another kind than a number shows what the display shows, as the profile says."""
    value, *_ = decoded(sample.snapshot, [register]).get(register.name, (float("nan"), 0, ""))
    return abs(value - sample.shown.value) <= sample.shown.half


def _differences(profile: Profile | None, unit: UnitState) -> tuple[Text, ...]:
    if profile is None or unit.solution is None:
        return ()
    texts = []
    if unit.solution.base:
        base = f"{unit.solution.base:+d}"
        texts.append(Text(zh=f"全部地址 {base}", en=f"all addresses {base}"))
    if unit.solution.order:
        texts.append(_ordered(unit.solution.order))
    own = fitted(profile, unit)
    for name, state in unit.solved.items():
        if state.hypothesis is None or not state.hypothesis.changes or name not in own.registers:
            continue
        one = own.registers[name]
        zh = "、".join(_CHANGES[change].zh for change in state.hypothesis.changes)
        en = ", ".join(_CHANGES[change].en for change in state.hypothesis.changes)
        how = f"{one.function}:{one.address} {one.type.value} {one.order.value} ×{state.hypothesis.factor:g}"
        texts.append(Text(zh=f"{name} 的{zh}不同：{how}", en=f"{name} differs in {en}: {how}"))
    return tuple(texts)


def _ordered(order: Order) -> Text:
    return Text(zh=f"多字数值的字节序为 {order.value}", en=f"values of several words are in order {order.value}")
