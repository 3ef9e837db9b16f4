"""Proving points on site: a reference each, response times, and a minute of polls without an error.

A point is proven when what the gateway reads lies within its tolerance of what the technician reads elsewhere: on the
device's own display, or with an instrument. The display's last digit is a tolerance of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from gateway.site_survey.solver import Shown


class Verdict(Enum):
    """What a proof came to."""

    PROVEN = "proven"
    DIFFERS = "differs"
    NOT_READ = "not-read"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """What a technician saw.

    Attributes:
        metric: ``facility/measurement``.
        shown: the number on the display or instrument.
        tolerance: accepted difference in the point's unit, beyond the display's rounding.
        where: ``display``, ``instrument`` or what the technician writes.
        by: who read it.
        time_ms: when.
    """

    metric: str
    shown: Shown
    tolerance: float = 0.0
    where: str = "display"
    by: str = ""
    time_ms: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """A reference beside what was read at the same time.

    Attributes:
        reference: what was seen.
        value: what the gateway read; NaN if nothing.
        error: read minus seen.
        allowed: largest error that counts as proven.
        verdict: see there.
    """

    reference: Reference
    value: float
    error: float
    allowed: float
    verdict: Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """How a unit answered.

    Attributes:
        polls, errors: how many, and how many of them without a usable answer.
        p50_s, p99_s, longest_s: response times of those with one; NaN if there were none.
        seconds: how long it was watched.
    """

    polls: int
    errors: int
    p50_s: float
    p99_s: float
    longest_s: float
    seconds: float

    @property
    def error_percent(self) -> float:
        """Share of polls without a usable answer."""
        return 100 * self.errors / self.polls if self.polls else 0.0


def prove(reference: Reference, value: float) -> Proof:
    """Judge one point."""
    allowed = reference.tolerance + reference.shown.half
    error = value - reference.shown.value
    if math.isnan(value):
        verdict = Verdict.NOT_READ
    else:
        within = abs(error) <= allowed * (1 + 1e-9) + abs(reference.shown.value) * 1e-9
        verdict = Verdict.PROVEN if within else Verdict.DIFFERS
    return Proof(reference=reference, value=value, error=error, allowed=allowed, verdict=verdict)


def timing(response_s: Sequence[float], errors: int, seconds: float) -> Timing:
    """Sum up the polls of one unit.

    Args:
        response_s: response times of the polls with an answer.
        errors: polls without one.
        seconds: how long it was watched.
    """
    times = np.array(response_s, np.float64)
    p50, p99 = (float(one) for one in np.percentile(times, (50, 99))) if len(times) else (math.nan, math.nan)
    return Timing(
        polls=len(times) + errors,
        errors=errors,
        p50_s=p50,
        p99_s=p99,
        longest_s=float(times.max()) if len(times) else math.nan,
        seconds=seconds,
    )


def timeout_to_set_s(measured: Timing, least_s: float = 0.1) -> float:
    """A timeout that fits the unit: three times its slowest answer, rounded up to a twentieth of a second."""
    if math.isnan(measured.longest_s):
        return 1.0
    return max(least_s, math.ceil(3 * measured.longest_s * 20) / 20)
