"""Whether a partner's number stands for a case of ours. Values in, values out.

The same: an open case of the event at the facility it names; else one of the event within ``policy.near_m`` of its
place that was opened within ``policy.together_ms`` of its report. One such case is it. Of several none is chosen, a
gatekeeper decides, unless it is urgent: then it joins the nearest, since somebody is on the way there. A case that has
ended but fits is shown to the gatekeeper, so that what is over is not entered once more. What fits no case goes through
the gate as everything else (``dispatch.admission``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.alarms import Severity
from core.exchange import LinkReason
from core.intake import Duty, Reason, Verdict
from dispatch.admission import Asked, Decision, Load, OpenCase, decide
from dispatch.distance import metres
from dispatch.intakebook import OTHER
from dispatch.policy import Policy

_MOST = 5
_LINKS = {Reason.SAME_FACILITY: LinkReason.SAME_FACILITY, Reason.NEAR: LinkReason.NEAR}


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """A case that a number may stand for.

    Attributes:
        distance_m: between the two places; ``None`` where one is unknown.
        apart_ms: between the report and the opening of the case, without sign.
    """

    case: int
    reason: LinkReason
    distance_m: float | None
    apart_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Linking:
    """What the gate says of a number, and the cases that it may stand for, the likeliest first."""

    decision: Decision
    fits: tuple[Fit, ...]

    @property
    def link(self) -> Fit | None:
        """The case that it stands for, if it joins one."""
        return next((one for one in self.fits if one.case == self.decision.case), None)


def linking(
    asked: Asked,
    duty: Duty,
    open_cases: Sequence[OpenCase],
    ended: Sequence[OpenCase],
    load: Load,
    policy: Policy,
) -> Linking:
    """What becomes of a number that nobody here knows yet.

    Args:
        asked: ``at_ms`` is when it was reported over there.
        duty: whose work it is.
        open_cases: of the community or the event, in any order.
        ended: closed cases, likewise.
        load: what people have on their hands now.
        policy: distances, times and bounds.
    """
    own, over = fits(asked, open_cases, policy), fits(asked, ended, policy)
    urgent = asked.event.severity >= Severity.HIGH
    gate = decide(asked, duty, open_cases, load, policy)
    if gate.verdict in {Verdict.RETURN, Verdict.ANSWER}:
        return Linking(decision=gate, fits=own)
    if len(own) == 1 or (own and urgent):
        chosen, others = own[0], tuple(one.case for one in own[1:])
        reason = next(said for said, link in _LINKS.items() if link is chosen.reason)
        decision = Decision(verdict=Verdict.JOIN, reasons=(reason,), case=chosen.case, candidates=others, load=load)
        return Linking(decision=decision, fits=own)
    if own or (over and not urgent):
        likely = tuple(dict.fromkeys((*(one.case for one in own), *gate.candidates)))[:_MOST]
        decision = Decision(verdict=Verdict.WAIT, reasons=(Reason.LIKELY,), candidates=likely, load=load)
        return Linking(decision=decision, fits=(*own, *over)[:_MOST])
    if gate.verdict is Verdict.JOIN:
        # It joins what has taken in the case of its facility, which may stand elsewhere.
        joined = next(one for one in open_cases if one.number == gate.case)
        fit = _fit(asked, joined, _LINKS.get(gate.reasons[0], LinkReason.SAME_FACILITY))
        return Linking(decision=gate, fits=(fit,))
    return Linking(decision=gate, fits=())


def fits(asked: Asked, cases: Sequence[OpenCase], policy: Policy) -> tuple[Fit, ...]:
    """The cases of its event that it may stand for, the nearest first, then by time and number.

    Those of its facility alone if there are any, else the near ones.
    """
    alike = [one for one in cases if one.family == asked.event.key]
    if asked.facility:
        own = [one for one in alike if asked.facility in one.facilities and _fresh(asked, one, policy)]
        if own:
            return _sorted([_fit(asked, one, LinkReason.SAME_FACILITY) for one in own])
    if asked.event.key == OTHER:
        return ()
    elsewhere = [one for one in alike if asked.facility and one.facilities]  # another facility is another thing
    near = [_fit(asked, one, LinkReason.NEAR) for one in alike if _fresh(asked, one, policy) and one not in elsewhere]
    return _sorted([one for one in near if one.distance_m is not None and one.distance_m <= policy.near_m])


def _fresh(asked: Asked, one: OpenCase, policy: Policy) -> bool:
    return abs(asked.at_ms - one.opened_ms) <= policy.together_ms


def _fit(asked: Asked, one: OpenCase, reason: LinkReason) -> Fit:
    known = asked.spot is not None and one.spot is not None
    distance_m = metres(asked.spot, one.spot) if known and asked.spot and one.spot else None
    return Fit(case=one.number, reason=reason, distance_m=distance_m, apart_ms=abs(asked.at_ms - one.opened_ms))


def _sorted(found: Sequence[Fit]) -> tuple[Fit, ...]:
    return tuple(sorted(found, key=lambda one: (one.distance_m is None, one.distance_m or 0.0, one.apart_ms, one.case)))
