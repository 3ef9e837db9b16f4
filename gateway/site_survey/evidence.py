"""What speaks for and against one product, or a clone of it, being the unit that was asked.

Evidence is a sum of natural logarithms, as in a naive Bayes classifier. Quantities are not independent of each other,
so each counts for half of what it says, and the best eight of them.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

from core.places import Text
from core.quality import QualityClass, class_of
from gateway.decode import BlockDecoder
from gateway.product import Quirk
from gateway.profile import HOLDING_REGISTERS, INPUT_REGISTERS, DataType, Order, Profile, Register, Signature
from gateway.site_survey.consistency import agreements
from gateway.site_survey.fitted import shifted
from gateway.site_survey.typical import surprise, typical
from gateway.site_survey.words import Observation

SAMPLE: Final = 8
"""Quantities of a profile that are looked at besides its signature."""
_OBJECT, _NO_OBJECT, _NAMED, _MADE_BY = 8.0, -8.0, 5.0, 1.5
_SIGNATURE, _NO_SIGNATURE = 3.0, -5.0
_MOST_WITHIN, _PLAIN = 2.0, 0.1
_OUTSIDE, _UNUSUAL, _EMPTY = -1.5, -0.4, -0.2
_REFUSED, _ALSO_REFUSED, _MOST_LOSS = -3.0, -1.5, -12.0
_HOPELESS = 0.8
_UNKNOWN, _MOST_UNKNOWN = -0.3, 12
_AGREES, _DISAGREES, _MOST_AGREEING = 0.8, -1.5, 2
_CLONE, _KNOWN_CLONE = -2.5, -1.5
_REASONS: Final = {
    "object": Text(zh="自报 {what}", en="says {what}"),
    "no-object": Text(zh="自报 {what}，不符", en="says {what}, which does not fit"),
    "signature": Text(zh="特征寄存器 {what} 相符", en="signature register {what} fits"),
    "no-signature": Text(zh="特征寄存器 {what} 不符", en="signature register {what} does not fit"),
    "within": Text(zh="{what} 个量的数值合理", en="{what} quantities of a usual size"),
    "unusual": Text(zh="{what} 个量的数值少见", en="{what} quantities of an unusual size"),
    "outside": Text(zh="{what} 个量超出量程", en="{what} quantities outside their range"),
    "unknown": Text(zh="{what} 个非零寄存器不在其表中", en="{what} registers with a value that its map does not have"),
    "refused": Text(zh="{what} 个寄存器被拒绝", en="{what} registers refused"),
    "agree": Text(zh="电压、电流与功率相互吻合（{what} 处）", en="voltage, current and power agree ({what})"),
    "disagree": Text(zh="电压、电流与功率不吻合（{what} 处）", en="voltage, current and power disagree ({what})"),
    "order": Text(zh="若字顺序颠倒（{what}）", en="if its words are swapped ({what})"),
    "shift": Text(zh="若地址全部 {what}", en="if all addresses are {what}"),
}


@dataclass(frozen=True, slots=True)
class Clue:
    """A register with what its value tells.

    Attributes:
        register: where.
        decoder: of a read of exactly it.
        usual: where its values usually are; None: not known.
        worth: evidence of a value there.
    """

    register: Register
    decoder: BlockDecoder
    usual: tuple[float, float] | None
    worth: float

    @classmethod
    def of(cls, register: Register) -> Clue:
        """What a register can tell."""
        usual = typical(register)
        worth = min(_MOST_WITHIN, 0.5 * surprise(register, *usual)) if usual else _PLAIN
        decoder = BlockDecoder(register.address, register.stop - register.address, [register], [None])
        return cls(register, decoder, usual, max(worth, _PLAIN))

    def read(self, seen: Observation) -> tuple[float, int, str] | None:
        """Value, quality and text; None where words are missing."""
        one = self.register
        data = bytearray()
        for address in range(one.address, one.stop):
            word = seen.words.get((one.function, address))
            if word is None:
                return None
            data += word.to_bytes(2, "big")
        found = self.decoder.decode(bytes(data))
        return float(found.value[0]), int(found.quality[0]), found.text.get(0, "")


class Candidate:
    """A product as its profile says, or a clone of it with all words swapped or all addresses moved."""

    def __init__(self, profile: Profile, order: Order | None = None, shift: int = 0) -> None:
        """Work out what its registers can tell."""
        self.profile, self.order, self.shift = profile, order, shift
        moved = [shifted(one, shift, order) for one in profile.quantities if _is_telling(one)]
        self.sample = tuple(Clue.of(one) for one in _sampled(moved))
        places = {(clue.register.function, clue.register.address) for clue in self.sample}
        rest = [one for one in moved if (one.function, one.address) not in places]
        self.others = tuple(Clue.of(one) for one in rest)
        self.signatures = (
            tuple((one, Clue.of(one.register)) for one in profile.identify.signatures) if self.is_as_made else ()
        )
        registers = [shifted(one, shift, order) for one in profile.quantities]
        registers += [one.register for one in profile.identify.signatures]
        self.known = frozenset((one.function, address) for one in registers for address in range(one.address, one.stop))

    @property
    def is_as_made(self) -> bool:
        """Whether it is the product as its profile says."""
        return self.order is None and not self.shift

    @property
    def prior(self) -> float:
        """Clones are rarer than what they copy."""
        quirk = Quirk.WORD_SWAPPED_CLONES if self.order else Quirk.ADDRESS_BASE_VARIES
        return 0.0 if self.is_as_made else _KNOWN_CLONE if quirk in self.profile.quirks else _CLONE

    def weigh(self, seen: Observation) -> tuple[float, tuple[Text, ...]]:
        """Evidence and its reasons."""
        evidence, reasons = _named(self.profile, seen)
        for signature, clue in self.signatures:
            holds = _holds(signature, clue, seen)
            if holds is not None:
                evidence += _SIGNATURE * narrowness(signature) if holds else _NO_SIGNATURE
                reasons.append(said("signature" if holds else "no-signature", place_text(signature.register)))
        weights, counts = self._quantities(seen)
        counts["unknown"] = sum(word != 0 and place not in self.known for place, word in seen.words.items())
        evidence += weights + self.prior + _UNKNOWN * min(counts["unknown"], _MOST_UNKNOWN)
        if self.order:
            reasons.append(said("order", self.order.value))
        if self.shift:
            reasons.append(said("shift", f"{self.shift:+d}"))
        return evidence, tuple(reasons + [said(name, str(count)) for name, count in counts.items() if count])

    def _quantities(self, seen: Observation) -> tuple[float, dict[str, int]]:
        counts = dict.fromkeys(("within", "unusual", "outside", "refused", "agree", "disagree", "unknown"), 0)
        gains: list[float] = []
        loss = 0.0
        values: dict[str, tuple[Register, float]] = {}
        for clue in (*self.sample, *self.others):
            if seen.refuses(clue.register):
                loss += _ALSO_REFUSED if counts["refused"] else _REFUSED
                counts["refused"] += 1
            elif (read := clue.read(seen)) is not None:
                name, weight = judged(clue, read)
                counts[name] += name in counts and weight != _PLAIN and weight != _EMPTY
                gains += [weight] if weight > 0 else []
                loss += min(weight, 0.0)
                if class_of(read[1]) is QualityClass.GOOD and not math.isnan(read[0]):
                    values[clue.register.name] = (clue.register, read[0])
        agree, disagree = agreements(values)
        counts["agree"], counts["disagree"] = agree, disagree
        gains.sort(reverse=True)
        evidence = sum(gains[:SAMPLE]) + max(loss, _MOST_LOSS)
        return evidence + _AGREES * min(agree, _MOST_AGREEING) + _DISAGREES * disagree, counts

    def potential(self, seen: Observation) -> float:
        """The evidence it could still gain, if all that was not asked for yet fitted it."""
        signatures = [one for one, _ in self.signatures if not seen.asked(one.register)]
        open_clues = [clue.worth for clue in self.sample if not seen.asked(clue.register)]
        found = sum(_SIGNATURE * narrowness(one) for one in signatures) + sum(open_clues)
        # A product of which nothing was there, and something was refused, is hardly the one.
        refused = any(seen.refuses(clue.register) for clue in self.sample)
        hopeless = refused and not any(clue.read(seen) is not None for clue in self.sample)
        return min(found, _HOPELESS) if hopeless else found


def judged(clue: Clue, read: tuple[float, int, str]) -> tuple[str, float]:
    """What a value says: the name of the reason, and its weight."""
    value, quality, _ = read
    if class_of(quality) is not QualityClass.GOOD:
        return ("unusual", _EMPTY) if math.isnan(value) else ("outside", _OUTSIDE)
    if value == 0 or clue.usual is None:
        return "within", _PLAIN  # a register full of zeros, or of which nothing is known, says little
    low, high = clue.usual
    return ("within", clue.worth) if low <= value <= high else ("unusual", _UNUSUAL)


def narrowness(signature: Signature) -> float:
    """1 for one value of a word, less for a range: a reading within a wide one happens by accident."""
    register = signature.register
    if signature.matches or signature.equals or register.type in (DataType.F32, DataType.F64):
        return 1.0
    if not (math.isfinite(register.low) and math.isfinite(register.high)):
        return 0.1
    raw = (register.high - register.low) / (register.scale / register.divisor or 1)
    return max(0.1, min(1.0, 1 - math.log2(max(abs(raw), 1)) / (16 * register.width)))


def said(key: str, what: str) -> Text:
    """A reason in both languages."""
    text = _REASONS[key]
    return Text(zh=text.zh.format(what=what), en=text.en.format(what=what))


def place_text(register: Register) -> str:
    """``4:12``."""
    return f"{register.function}:{register.address}"


def _is_telling(register: Register) -> bool:
    words = register.function in (HOLDING_REGISTERS, INPUT_REGISTERS)
    return words and not register.exponent_from and register.type is not DataType.STRING


def _sampled(telling: list[Register]) -> list[Register]:
    """Those that tell most: with a range of their own, spread over the map."""
    ordered = sorted(telling, key=lambda one: (typical(one) is None, one.function, one.address))
    return ordered[: 2 * SAMPLE : 2] if len(ordered) >= 2 * SAMPLE else ordered[:SAMPLE]


def _named(profile: Profile, seen: Observation) -> tuple[float, list[Text]]:
    """What the unit says of itself: by the profile's patterns, else by the names of maker and model in its texts."""
    evidence, reasons = 0.0, []
    for number, pattern in profile.identify.objects.items():
        text = seen.identity.get(number)
        if text is None:
            continue
        fits = re.fullmatch(pattern, text) is not None
        evidence += _OBJECT if fits else _NO_OBJECT
        reasons.append(said("object" if fits else "no-object", repr(text)))
    if profile.identify.objects or not seen.identity:
        return evidence, reasons
    texts = [_plain(text) for text in seen.identity.values()]
    models = [_plain(word) for word in re.split(r"[\s,()/]+", profile.model.en)]
    telling = [word for word in models if len(word) >= 3 and re.search(r"\d", word)]
    model = any(text.startswith(word) for word in telling for text in texts)
    maker = _plain(profile.maker.en)
    evidence += _NAMED if model else 0.0
    evidence += _MADE_BY if len(maker) >= 3 and any(maker in text for text in texts) else 0.0
    if evidence:
        reasons.append(said("object", " ".join(seen.identity.values())))
    return evidence, reasons


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _holds(signature: Signature, clue: Clue, seen: Observation) -> bool | None:
    """Whether a signature holds; None if it was not asked for, or the unit was silent."""
    if seen.refuses(signature.register):
        return False
    found = clue.read(seen)
    if found is None:
        return None
    value, quality, text = found
    if signature.matches:
        return re.fullmatch(signature.matches, text) is not None
    if class_of(quality) is not QualityClass.GOOD:
        return False
    return not signature.equals or value in signature.equals
