"""Results of commissioning as lines and tables for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.console import Speaker
from core.places import Text
from gateway.profile_file import shipped
from gateway.quantities import called
from gateway.site_survey.drill import DrillRecipient, DrillStage, DrillState
from gateway.site_survey.fitted import fitted
from gateway.site_survey.grid import Cell
from gateway.site_survey.proof import Verdict
from gateway.site_survey.scan import Found, Progress
from gateway.site_survey.state import FitState, ProofState, SessionState, SolvedState, TimingState, UnitState

_WHOLE = 1e15


def progress(speaker: Speaker, now: Progress, found: Found | None) -> None:
    """A unit when it was found, and how far the search is every 25 questions."""
    if found is not None and found.sure:
        speaker.note(speaker.say("site.found", unit=found.unit, setting=found.setting, ms=1000 * found.response_s))
    elif found is not None:
        speaker.note(speaker.say("site.unsure", unit=found.unit, setting=found.setting))
    elif now.asked % 25 == 0:
        speaker.note(speaker.say("site.asked", asked=now.asked, planned=now.planned, left=round(now.left_s)))


def units(speaker: Speaker, state: SessionState) -> None:
    """All units of a session."""
    columns = ["unit", "product", "facility", "points", "done"]
    rows = [
        [
            f"{unit.unit} {unit.name}".strip(),
            unit.profile or "-",
            unit.placement.facility if unit.placement else "-",
            _points(unit),
            " ".join(speaker.say(f"step.{step.value}") for step in unit.done),
        ]
        for unit in state.units.values()
    ]
    speaker.table([speaker.say(f"col.{column}") for column in columns], rows)


def _points(unit: UnitState) -> str:
    proofs = [point.proof for point in unit.points.values()]
    proven = sum(one is not None and one.verdict is Verdict.PROVEN for one in proofs)
    return f"{len(proofs)} ({proven})" if proofs else "-"


def identified(speaker: Speaker, unit: UnitState, fits: Sequence[FitState]) -> None:
    """Which product a unit is, or the nearest ones with their reasons."""
    if not fits:
        return
    best = fits[0]
    product = best.product.in_language(speaker.language.value)
    if unit.identified:
        speaker.out.print(speaker.say("site.identified", unit=unit.unit, product=product, profile=best.profile))
        return
    speaker.out.print(
        speaker.say("site.not-sure", unit=unit.unit, product=product, profile=best.profile, share=100 * best.share)
    )
    rows = [
        [product, fit.profile, f"{fit.evidence:+.1f}", "; ".join(said(speaker, fit.reasons))]
        for fit, product in zip(fits[:5], said(speaker, [fit.product for fit in fits[:5]]), strict=True)
    ]
    speaker.table([speaker.say(f"col.{name}") for name in ("product", "profile", "evidence", "reasons")], rows)
    if unit.alike:
        looks = "; ".join(": ".join(said(speaker, (one.product, one.look))) for one in unit.alike)
        speaker.out.print(speaker.say("site.alike", looks=looks), markup=False)


def said(speaker: Speaker, texts: Sequence[Text]) -> list[str]:
    """Texts in the reader's language."""
    return [text.in_language(speaker.language.value) for text in texts]


def grid(speaker: Speaker, cells: Sequence[Cell], meanings: int) -> None:
    """Words in hexadecimal beside what they could mean."""
    rows = [
        [
            f"{cell.function}:{cell.address}",
            f"{cell.word:04X}",
            "   ".join(f"{meaning.form} {number(meaning.value)}" for meaning in cell.meanings[:meanings]),
        ]
        for cell in cells
    ]
    speaker.table([speaker.say(f"col.{name}") for name in ("address", "word", "meanings")], rows)


def forms(speaker: Speaker, cells: Sequence[Cell]) -> None:
    """Every meaning of every word, one a line."""
    rows = [
        [str(cell.address), f"{cell.word:04X}", str(one.form), number(one.value), f"{one.plausibility:.2f}"]
        for cell in cells
        for one in cell.meanings
    ]
    speaker.table([speaker.say(f"col.{name}") for name in ("address", "word", "type", "value", "plausibility")], rows)


def number(value: float) -> str:
    """A number as a person reads it: whole ones in full."""
    return str(int(value)) if value.is_integer() and abs(value) < _WHOLE else f"{value:.7g}"


def solution(speaker: Speaker, unit: UnitState, names: Sequence[str]) -> None:
    """How the unit differs, and what was found for each quantity that was typed."""
    found = unit.solution
    if found is None:
        return
    for line in said(speaker, found.differences) or [speaker.say("site.same")] if unit.profile else ():
        speaker.out.print(line, markup=False)
    rows = [
        [_named(speaker, unit, name), _how(unit.solved[name]), _others(unit.solved[name])]
        for name in names
        if name in unit.solved
    ]
    speaker.table([speaker.say(f"col.{name}") for name in ("quantity", "register", "candidates")], rows)
    if found.unexplained:
        speaker.note(speaker.say("site.unexplained", names=", ".join(found.unexplained)))
    for name in names:
        if name in unit.solved and not unit.solved[name].decided and name not in found.unexplained:
            speaker.note(speaker.say("site.undecided", name=name))


def _how(solved: SolvedState) -> str:
    one = solved.hypothesis
    if one is None:
        return "-"
    return f"{one.function}:{one.address} {one.type.value} {one.order.value} ×{one.factor:g} = {number(one.value)}"


def _others(solved: SolvedState) -> str:
    return "   ".join(
        f"[{index}] {one.function}:{one.address} {one.type.value} {one.order.value} ×{one.factor:g}"
        for index, one in enumerate(solved.candidates[:4])
        if index != solved.chosen
    )


def _named(speaker: Speaker, unit: UnitState, name: str) -> str:
    """The name that is typed, and what people call it."""
    register = fitted(shipped().get(unit.profile), unit).registers.get(name)
    return name if register is None else f"{name} {called(register).in_language(speaker.language.value)}"


def proofs(speaker: Speaker, unit: UnitState, found: Sequence[ProofState]) -> None:
    """What was seen beside what was read."""
    rows = [
        [
            _named(speaker, unit, one.reading.register),
            one.reading.shown,
            "-" if one.value is None else number(one.value),
            "-" if one.error is None else number(one.error),
            speaker.say(f"verdict.{one.verdict.value}"),
        ]
        for one in found
    ]
    speaker.table([speaker.say(f"col.{name}") for name in ("quantity", "shown", "read", "error", "verdict")], rows)


def drill(speaker: Speaker, state: DrillState) -> None:
    """How a test alarm stands, and what to do where it got no further."""
    if state.problem is not None:
        speaker.error(state.problem.in_language(speaker.language.value))
    key = "drill.joined" if state.stage is DrillStage.OPEN and state.joined else f"drill.{state.stage.value}"
    if state.stage in (DrillStage.REFUSED, DrillStage.OFFLINE, DrillStage.UNANSWERED):
        return
    seen = [one for one in state.recipients if state.stage is not DrillStage.CONFIRMED or one.confirmed_ms is not None]
    text = speaker.say(
        key,
        metric=state.metric,
        case=state.case,
        people=", ".join(_recipient(speaker, one) for one in seen) or speaker.say("drill.nobody"),
        seconds=(state.confirmed_s if state.stage is DrillStage.CONFIRMED else state.took_s) or 0.0,
        when="-"
        if state.ended_ms is None
        else f"{datetime.fromtimestamp(state.ended_ms / 1000).astimezone():%H:%M:%S}",
    )
    speaker.out.print(text, markup=False, soft_wrap=True)


def _recipient(speaker: Speaker, one: DrillRecipient) -> str:
    name = one.name.in_language(speaker.language.value) or speaker.say("drill.nobody")
    return f"{name} ({speaker.say(f'drill.{one.task}')})"


def timing(speaker: Speaker, found: TimingState) -> None:
    """How a unit answered."""
    times = {"p50": "-" if found.p50_ms is None else found.p50_ms, "p99": "-" if found.p99_ms is None else found.p99_ms}
    text = speaker.say(
        "site.timing",
        polls=found.polls,
        errors=found.errors,
        percent=found.error_percent,
        p50=times["p50"],
        p99=times["p99"],
    )
    speaker.out.print(text)


def contradictions(speaker: Speaker, found: Mapping[int, Sequence[Text]], unheard: Sequence[int]) -> None:
    """What speaks against units being those that were signed."""
    for unit, texts in found.items():
        for text in said(speaker, texts):
            speaker.out.print(speaker.say("site.silent", unit=unit, why=text), markup=False)
    if unheard:
        speaker.note(speaker.say("site.unheard", units=", ".join(map(str, unheard))))
    if not found and not unheard:
        speaker.out.print(speaker.say("site.as-signed"))
