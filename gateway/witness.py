"""Whether a unit is still the one that was signed: what polling sees, held against the as-built record.

| doubt | seen by | ends |
|---|---|---|
| *swapped* | identification (43/14, signature registers) says otherwise | it says what was signed |
| *refused* | registers that were read when proven are refused, for ``REFUSED_AFTER_S`` without a break | they answer |
| *map* | the configuration reads a signed point from another register, or scales it otherwise | the configuration |
| *step* | a point has changed its meaning (``gateway.step_watch``) | it is back in its band |

All of them end with a new record. What was not asked, or not answered, says nothing. Times are arguments; who asks the
device is ``gateway.bus``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.findings import Sentence
from core.places import Text
from core.quality import GOOD, QualityClass, Reason, quality
from core.readings import Float64s, UInt8s
from gateway.as_built import SignedUnit
from gateway.config import PointConfig, UnitConfig
from gateway.plan import Request
from gateway.profile import Register
from gateway.site_survey.record import contradictions
from gateway.site_survey.words import Observation
from gateway.step_watch import StepWatch

IDENTITY_EVERY_S: Final = 3600.0
IDENTITY_AGAIN_S: Final = 60.0
"""After a question without an answer."""
REFUSED_AFTER_S: Final = 60.0
"""A device that starts refuses for a while."""
MOST_QUESTIONS: Final = 8
CONTRADICTED: Final = quality(QualityClass.UNCERTAIN, Reason.CONTRADICTS_RECORD)
_OUT_OF_RANGE: Final = quality(QualityClass.BAD, Reason.OUT_OF_RANGE)

REFUSED: Final = Sentence(
    "测点 {metrics} 调试时可读，现被设备拒绝", "{metrics} were read when commissioned and are refused now"
)
MAP: Final = Sentence(
    "测点 {metrics} 的寄存器或换算与签字记录不同",
    "{metrics} are read from another register, or scaled otherwise, than signed",
)
STEP: Final = Sentence(
    "测点 {metric} 的数值突变，像是换算或字节序改变（{how}）",
    "{metric} has stepped as if its scale, offset or byte order had changed ({how})",
)


class Doubt(StrEnum):
    """What speaks against a unit; see the module."""

    SWAPPED = "swapped"
    REFUSED = "refused"
    MAP = "map"
    STEP = "step"


@dataclass(frozen=True, slots=True)
class Contradiction:
    """One thing that speaks against a unit, in words."""

    doubt: Doubt
    text: Text


class Witness:
    """Holds one unit against its record."""

    def __init__(self, signed: SignedUnit, config: UnitConfig) -> None:
        """Nothing was seen yet; identification is due at once."""
        self.questions = _questions(signed)
        self._signed = signed
        self._points = config.points
        self._due_s = -math.inf
        self._swapped: tuple[Text, ...] = ()
        self._refused_before = False
        self._pause_s = IDENTITY_AGAIN_S
        self._missing_since_s: dict[int, float] = {}
        self._refused: tuple[str, ...] = ()
        self._steps = StepWatch([point.register for point in config.points])
        self._map = tuple(
            point.metric for point in config.points if _differs(point, _register_of(signed, point.metric))
        )

    # --- who it is ----------------------------------------------------------------------------------------------

    @property
    def asks_identity(self) -> bool:
        """Whether it said of itself, with function 43/14, who it is when it was signed."""
        return bool(self._signed.record.identity)

    def identity_due(self, now_s: float) -> bool:
        """Whether the unit is to be asked who it is before it is polled."""
        return now_s >= self._due_s and (self.asks_identity or bool(self.questions))

    def returned(self) -> None:
        """The unit, or its line, was away: who is there now may be another."""
        self._due_s = -math.inf

    def heard(self, seen: Observation, now_s: float, *, complete: bool) -> None:
        """The unit has said who it is.

        Args:
            seen: what was answered.
            now_s: monotonic time.
            complete: every question was answered or refused; what was not is asked again soon, and says nothing.
        """
        said = contradictions(self._signed.record, replace(seen, refused=set()))
        refused = bool(contradictions(self._signed.record, seen)) and not said
        # A device that starts may refuse for a while, so a refusal has to be heard twice.
        found = contradictions(self._signed.record, seen) if said or (refused and self._refused_before) else ()
        self._refused_before = refused
        if found or complete:
            self._swapped = found
        self._pause_s = IDENTITY_AGAIN_S if complete or refused else min(2 * self._pause_s, IDENTITY_EVERY_S)
        settled = complete and not found and not refused
        self._due_s = now_s + (IDENTITY_EVERY_S if settled else self._pause_s)

    # --- what it answers ----------------------------------------------------------------------------------------

    def lacks(self, rows: Sequence[int], now_s: float) -> None:
        """These of its points the unit was found not to have."""
        there = {row for row in rows if self._points[row].metric in self._signed.read}
        self._missing_since_s = {row: self._missing_since_s.get(row, now_s) for row in there}
        long = [row for row, since_s in self._missing_since_s.items() if now_s - since_s >= REFUSED_AFTER_S]
        self._refused = tuple(self._points[row].metric for row in sorted(long))

    def judged(self, rows: NDArray[np.intp], value: Float64s, codes: UInt8s) -> UInt8s:
        """The quality of values that were just read: good ones of a contradicted unit are uncertain.

        Args:
            rows: intp[k], the unit's points.
            value: float64[k], before any scale of this site.
            codes: uint8[k].
        """
        usable = (codes == GOOD) | (codes == _OUT_OF_RANGE)
        self._steps.see(rows, np.where(usable, value, np.nan))
        if self.stands:
            return np.where(codes == GOOD, np.uint8(CONTRADICTED), codes)
        doubtful = self._steps.doubtful[rows]
        return np.where(doubtful & (codes == GOOD), np.uint8(CONTRADICTED), codes) if doubtful.any() else codes

    # --- what follows -------------------------------------------------------------------------------------------

    @property
    def stands(self) -> bool:
        """Whether anything speaks against the unit now."""
        return bool(self._swapped or self._refused or self._map or self._steps.changed())

    @property
    def contradictions(self) -> tuple[Contradiction, ...]:
        """Everything that does."""
        found = [Contradiction(Doubt.SWAPPED, text) for text in self._swapped]
        if self._refused:
            found.append(_said(Doubt.REFUSED, REFUSED, metrics=", ".join(self._refused)))
        if self._map:
            found.append(_said(Doubt.MAP, MAP, metrics=", ".join(self._map)))
        for row, how in self._steps.changed().items():
            found.append(_said(Doubt.STEP, STEP, metric=self._points[row].metric, how=how))
        return tuple(found)


def _said(doubt: Doubt, sentence: Sentence, **values: object) -> Contradiction:
    return Contradiction(doubt, Text.of(sentence(**values)))


def _questions(signed: SignedUnit) -> tuple[Request, ...]:
    """The reads that show the signature words again: neighbours together, a few at most."""
    found: list[tuple[int, int, int]] = []
    for function, address in sorted(signed.record.signature):
        if found and found[-1][0] == function and found[-1][1] + found[-1][2] == address and found[-1][2] < 16:
            found[-1] = (function, found[-1][1], found[-1][2] + 1)
        else:
            found.append((function, address, 1))
    return tuple(Request(function=f, address=a, count=n, registers=()) for f, a, n in found[:MOST_QUESTIONS])


def _register_of(signed: SignedUnit, metric: str) -> Register | None:
    return next((point.register for point in signed.record.points if point.metric == metric), None)


def _differs(point: PointConfig, signed: Register | None) -> bool:
    """Whether a point is read otherwise than it was signed; one that was not signed is no contradiction."""
    if signed is None:
        return False
    now, site = point.register, point.site
    if (now.function, now.address, now.type) != (signed.function, signed.address, signed.type):
        return True
    if now.stop - now.address > 1 and now.order is not signed.order:
        return True
    if site.states or site.bit is not None:
        return False
    factor, was = now.scale / now.divisor * site.scale, signed.scale / signed.divisor
    offset = now.offset * site.scale + site.offset
    same = math.isclose(factor, was, rel_tol=1e-9) and math.isclose(offset, signed.offset, rel_tol=1e-9, abs_tol=1e-9)
    return not same
