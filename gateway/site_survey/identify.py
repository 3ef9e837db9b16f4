"""Which product is this unit? Profiles are ranked by how well they fit what the unit says and holds.

Evidence is weighed as in a naive Bayes classifier, by logarithms that add up: what the unit says of itself (function
43/14) weighs most, then the signature registers of a profile, narrow ranges more than wide ones, then how many of a
profile's other quantities are there and within what the product can measure. A refusal where a profile has a register
speaks against it, and so does a value where it has none: the map of a small meter is often part of a larger one's. A
profile with nothing to tell it by can never win against one whose signature holds.

The next question is the one that most candidates would gain by, of those that can still win; when the best has answered
all and no other can come near, the survey of the unit is over. So a unit costs its bus a dozen or two reads, not the
registers of fifty products.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from core.places import Text
from core.quality import QualityClass, class_of
from gateway.plan import Request
from gateway.profile import HOLDING_REGISTERS, INPUT_REGISTERS, DataType, Profile, Register, Signature
from gateway.site_survey.words import Observation, decoded

SAMPLE: Final = 8
"""Quantities of a profile that are looked at besides its signature."""
SURE: Final = 3.0
"""Lead in evidence (natural logarithm) at which the best profile is taken for found: about twenty to one."""
MOST_QUESTIONS: Final = 24

_OBJECT, _NO_OBJECT = 8.0, -8.0
_SIGNATURE, _NO_SIGNATURE = 3.0, -5.0
_WITHIN, _OUTSIDE, _REFUSED, _EMPTY = 0.3, -1.2, -1.5, -0.2
_UNKNOWN, _MOST_UNKNOWN = -0.4, 12
_REASONS: Final = {
    "object": Text(zh="自报 {what}", en="says {what}"),
    "no-object": Text(zh="自报 {what}，不符", en="says {what}, which does not fit"),
    "signature": Text(zh="特征寄存器 {what} 相符", en="signature register {what} fits"),
    "no-signature": Text(zh="特征寄存器 {what} 不符", en="signature register {what} does not fit"),
    "within": Text(zh="{what} 个量在量程内", en="{what} quantities within their range"),
    "outside": Text(zh="{what} 个量超出量程", en="{what} quantities outside their range"),
    "unknown": Text(zh="{what} 个非零寄存器不在其表中", en="{what} registers with a value that its map does not have"),
    "refused": Text(zh="{what} 个寄存器被拒绝", en="{what} registers refused"),
}


@dataclass(frozen=True, slots=True)
class Fit:
    """How well one profile fits.

    Attributes:
        profile: its key.
        evidence: sum of the evidence; 0: nothing speaks for or against it.
        share: its part of the belief in all profiles, 0 to 1.
        reasons: what speaks for and against, for people.
        open: whether questions about it are left.
    """

    profile: str
    evidence: float
    share: float
    reasons: tuple[Text, ...]
    open: bool


def rank(profiles: Iterable[Profile], seen: Observation) -> tuple[Fit, ...]:
    """All profiles, the best first."""
    weighed = [(profile, *_weigh(profile, seen)) for profile in profiles]
    if not weighed:
        return ()
    top = max(evidence for _, evidence, _ in weighed)
    total = sum(math.exp(evidence - top) for _, evidence, _ in weighed)
    fits = [
        Fit(profile.key, evidence, math.exp(evidence - top) / total, reasons, question(profile, seen) is not None)
        for profile, evidence, reasons in weighed
    ]
    return tuple(sorted(fits, key=lambda fit: (-fit.evidence, fit.profile)))


def next_question(profiles: Mapping[str, Profile], seen: Observation, asked: int) -> Request | None:
    """What to read next; None when the unit is identified, or cannot be.

    Args:
        profiles: all candidates, by key.
        seen: what is known of the unit.
        asked: reads so far.
    """
    fits = rank(profiles.values(), seen)
    if not fits or asked >= MOST_QUESTIONS:
        return None
    best = fits[0].evidence
    votes: dict[tuple[int, int, int], float] = {}
    requests: dict[tuple[int, int, int], Request] = {}
    for fit in fits:
        wanted = question(profiles[fit.profile], seen) if fit.open else None
        hope = fit.evidence + potential(profiles[fit.profile], seen)
        if wanted is None or hope < best - SURE:
            continue
        key = (wanted.function, wanted.address, wanted.count)
        requests[key] = wanted
        votes[key] = votes.get(key, 0.0) + math.exp(min(hope - best, 20.0))
    return requests[max(votes, key=lambda key: votes[key])] if votes else None


def potential(profile: Profile, seen: Observation) -> float:
    """The evidence a profile could still gain, if all that was not asked for yet fitted it."""
    signatures = [one for one in profile.identify.signatures if not seen.asked(one.register)]
    quantities = [one for one in sample(profile) if not seen.asked(one)]
    return sum(_SIGNATURE * _narrowness(one) for one in signatures) + _WITHIN * len(quantities)


def question(profile: Profile, seen: Observation) -> Request | None:
    """The first register of a profile's signature, then of its sample, that was not asked for yet."""
    for register in (*(one.register for one in profile.identify.signatures), *sample(profile)):
        if not seen.asked(register):
            count = register.stop - register.address
            return Request(function=register.function, address=register.address, count=count, registers=(register,))
    return None


def sample(profile: Profile) -> tuple[Register, ...]:
    """Quantities of a profile that tell most: those with a range of their own, spread over the map."""
    quantities = [one for one in profile.quantities if one.function in (HOLDING_REGISTERS, INPUT_REGISTERS)]
    telling = [one for one in quantities if not one.exponent_from and one.type is not DataType.STRING]
    telling.sort(key=lambda one: (not _has_range(one), one.address))
    chosen = telling[: 2 * SAMPLE : 2] if len(telling) >= 2 * SAMPLE else telling[:SAMPLE]
    return tuple(chosen)


def is_identified(fits: Sequence[Fit]) -> bool:
    """Whether the first profile may be taken for the product without asking a person."""
    if not fits or fits[0].evidence <= 0:
        return False
    return len(fits) == 1 or fits[0].evidence - fits[1].evidence >= SURE


def _has_range(register: Register) -> bool:
    return math.isfinite(register.low) and math.isfinite(register.high)


def _weigh(profile: Profile, seen: Observation) -> tuple[float, tuple[Text, ...]]:
    evidence, reasons = _objects(profile, seen)
    for signature in profile.identify.signatures:
        holds = _holds(signature, seen)
        if holds is not None:
            evidence += _SIGNATURE * _narrowness(signature) if holds else _NO_SIGNATURE
            reasons.append(_said("signature" if holds else "no-signature", _place(signature.register)))
    weights, counts = _quantities(profile, seen)
    evidence += weights
    reasons += [_said(name, str(count)) for name, count in counts.items() if count]
    return evidence, tuple(reasons)


def _objects(profile: Profile, seen: Observation) -> tuple[float, list[Text]]:
    evidence, reasons = 0.0, []
    for number, pattern in profile.identify.objects.items():
        text = seen.identity.get(number)
        if text is None:
            continue
        fits = re.fullmatch(pattern, text) is not None
        evidence += _OBJECT if fits else _NO_OBJECT
        reasons.append(_said("object" if fits else "no-object", repr(text)))
    return evidence, reasons


def _holds(signature: Signature, seen: Observation) -> bool | None:
    """Whether a signature holds; None if it was not asked for, or the unit was silent."""
    register = signature.register
    if any((register.function, address) in seen.refused for address in range(register.address, register.stop)):
        return False
    found = decoded(seen.snapshot, [register]).get(register.name)
    if found is None:
        return None
    value, quality, text = found
    if signature.matches:
        return re.fullmatch(signature.matches, text) is not None
    if class_of(quality) is not QualityClass.GOOD:
        return False
    return not signature.equals or value in signature.equals


def _narrowness(signature: Signature) -> float:
    """1 for one value of a word, less for a range: a reading within a wide one happens by accident."""
    register = signature.register
    if signature.matches or signature.equals or register.type in (DataType.F32, DataType.F64):
        return 1.0
    if not _has_range(register):
        return 0.1
    raw = (register.high - register.low) / (register.scale / register.divisor or 1)
    return max(0.1, min(1.0, 1 - math.log2(max(abs(raw), 1)) / (16 * register.width)))


def _quantities(profile: Profile, seen: Observation) -> tuple[float, dict[str, int]]:
    counts = {"within": 0, "outside": 0, "refused": 0, "unknown": _unknown(profile, seen)}
    evidence = _UNKNOWN * min(counts["unknown"], _MOST_UNKNOWN)
    chosen = sample(profile)
    values = decoded(seen.snapshot, chosen)
    for register in chosen:
        if any((register.function, address) in seen.refused for address in range(register.address, register.stop)):
            counts["refused"] += 1
            evidence += _REFUSED
        elif register.name in values:
            value, quality, _ = values[register.name]
            good = class_of(quality) is QualityClass.GOOD
            counts["within" if good else "outside"] += 1
            # A register full of zeros, or without a range, says little.
            full = good and value != 0 and _has_range(register)
            evidence += (_WITHIN if full else _WITHIN / 3) if good else _EMPTY if math.isnan(value) else _OUTSIDE
    return evidence, counts


def _unknown(profile: Profile, seen: Observation) -> int:
    """Words other than zero where the profile has nothing."""
    registers = (*profile.quantities, *(signature.register for signature in profile.identify.signatures))
    known = {(one.function, address) for one in registers for address in range(one.address, one.stop)}
    return sum(word != 0 and place not in known for place, word in seen.words.items())


def _place(register: Register) -> str:
    return f"{register.function}:{register.address}"


def _said(key: str, what: str) -> Text:
    text = _REASONS[key]
    return Text(zh=text.zh.format(what=what), en=text.en.format(what=what))
