"""Who has what is urgent: whoever is there first, as long as they have room. Pure and deterministic.

Everybody fit is judged with the time until they are there (``dispatch.arrival``). The task stays with the nearest rung
unless somebody beyond is there sooner by more than ``Policy.sooner_ms`` (ADR 0050).

Whoever has been told of as many tasks within the hour, or on that day, as one person should be, passes an urgent one
on: to somebody with room who is there at most ``Policy.spare_ms`` later, the nearest rung first; then to a supervisor
with room, who has people called out. Where nobody has room it stays where it was, and every candidate says so. What is
critical is never passed to somebody who is there later, and never to a supervisor (ADR 0058).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from core.ports.cases import Candidate, PassedOver
from dispatch.arrival import Load

_BEYOND = 5
"""So many of other communities are named beside those of the task's own."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Somebody who was looked at; ``reason`` ``None``: fit; ``there_ms`` ``None``: nobody knows how long the way is.

    ``wait_ms`` and ``arrives_ms``, of who is fit for what is urgent: until they are free, and until they are there.
    ``full``: the bound that they have reached, if there is one.
    """

    candidate: Candidate
    number: int
    load: Load
    reason: PassedOver | None
    there_ms: int | None = None
    wait_ms: int = 0
    arrives_ms: int = 0
    full: PassedOver | None = None

    def rank(self, *, rotates: bool) -> tuple[float, ...]:
        """Who is least comes first: by turns, load and way."""
        far = self.candidate.distance_m
        way = float("inf") if far is None else far
        return (self.load.turns, self.load.open, way) if rotates else (self.load.open, way)


Seen = Judged | Candidate
"""Somebody, or a vacant post."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """Who could have an urgent task.

    Attributes:
        near: of the task's community, by rungs, vacant posts among them.
        beyond: workers of other communities with a known way; asked only if they may be of use.
        above: supervisors, those of the community first; asked only if nobody else has room.
        sooner_ms: somebody beyond a rung is asked only if they are there sooner by more than that.
        spare_ms: so much later may somebody with room be there than somebody without; 0: no later, and no supervisor.
    """

    near: Sequence[Sequence[Seen]]
    beyond: Callable[[], Sequence[Judged]]
    above: Callable[[], Iterable[Sequence[Judged]]]
    sooner_ms: int
    spare_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Soonest:
    """Who has it, and everybody who was looked at."""

    owner: Candidate
    number: int
    candidates: tuple[Candidate, ...]


def soonest(field: Field) -> Soonest | None:
    """Choose; ``None``: no worker is fit."""
    rungs, others = [list(rung) for rung in field.near], None
    first = min((one.arrives_ms for one in _fit(rungs)), default=None)
    if first is None or first > field.sooner_ms:
        others = _by_arrival(field.beyond())
        rungs.append(list(others[:_BEYOND]))
    if not _fit(rungs):
        return None
    owner = _nearest(rungs, min(one.arrives_ms for one in _fit(rungs)) + field.sooner_ms)
    if owner.full is None:
        return _told(rungs, owner, full=False)
    if others is None and field.spare_ms:
        others = _by_arrival(field.beyond())
        rungs.append(list(others[:_BEYOND]))
    return _passed_on(field, rungs, others or (), owner) or _told(rungs, owner, full=False)


def _passed_on(field: Field, rungs: list[list[Seen]], others: Sequence[Judged], owner: Judged) -> Soonest | None:
    """Somebody with room in the place of somebody without; ``None``: nobody has it in time."""
    roomy: list[list[Seen]] = [[one for one in _fit([rung]) if one.full is None] for rung in rungs]
    named = {one.number for one in _fit(rungs)}
    roomy.append([one for one in others if one.full is None and one.number not in named])
    latest_ms = owner.arrives_ms + field.spare_ms
    in_time = [one.arrives_ms for one in _fit(roomy) if one.arrives_ms <= latest_ms]
    if in_time:
        found = _nearest(roomy, min(min(in_time) + field.sooner_ms, latest_ms))
        if found.number not in named:
            rungs[-1].append(found)
        return _told(rungs, found, full=True)
    asked = list(rungs)
    for above in field.above() if field.spare_ms else ():
        asked.append(list(above))
        free = [one for one in above if one.reason is None and one.full is None]
        if free:
            return _told(asked, min(free, key=lambda one: (one.rank(rotates=False), one.number)), full=True)
    return None


def _fit(rungs: Iterable[Iterable[Seen]]) -> list[Judged]:
    return [one for rung in rungs for one in rung if isinstance(one, Judged) and one.reason is None]


def _by_arrival(those: Sequence[Judged]) -> list[Judged]:
    return sorted((one for one in those if one.reason is None and one.there_ms is not None), key=_soon)


def _nearest(rungs: Sequence[Sequence[Seen]], by_ms: int) -> Judged:
    """Whoever is first of the nearest rung that has somebody there by then."""
    own = next(rung for rung in rungs if any(one.arrives_ms <= by_ms for one in _fit([rung])))
    return min(_fit([own]), key=_soon)


def _soon(one: Judged) -> tuple[float, ...]:
    return (one.arrives_ms, *one.rank(rotates=False), one.number)


def _told(rungs: Sequence[Sequence[Seen]], owner: Judged, *, full: bool) -> Soonest:
    """The owner among all candidates; ``full``: those without room were passed over for that."""
    seen = tuple(one for rung in rungs for one in _explained(rung, owner, full=full))
    return Soonest(owner=owner.candidate, number=owner.number, candidates=seen)


def _explained(rung: Sequence[Seen], owner: Judged, *, full: bool) -> list[Candidate]:
    """A rung with what everybody lacks against the owner, those fit first."""
    vacant = [one for one in rung if isinstance(one, Candidate)]
    fit = sorted(_fit([rung]), key=_soon)
    others = [one for one in rung if isinstance(one, Judged) and one.reason is not None]
    others.sort(key=lambda one: (one.load.open, one.number))
    named = [replace(one.candidate, passed_over=(one.full if full else None) or _later(one, owner)) for one in fit]
    return [*vacant, *named, *(one.candidate for one in others)]


def _later(one: Judged, owner: Judged) -> PassedOver | None:
    """What somebody fit lacks against whoever is there first."""
    if one is owner:
        return None
    if one.arrives_ms < owner.arrives_ms or (
        one.arrives_ms == owner.arrives_ms and one.candidate.rung is not owner.candidate.rung
    ):
        return PassedOver.NO_SOONER
    if one.arrives_ms > owner.arrives_ms:
        return PassedOver.BUSY if one.wait_ms > owner.wait_ms else PassedOver.FARTHER
    return behind(one.rank(rotates=False), owner.rank(rotates=False), rotates=False)


def behind(mine: tuple[float, ...], best: tuple[float, ...], *, rotates: bool) -> PassedOver:
    """What somebody lacks against the best."""
    reasons = [PassedOver.MORE_LOAD, PassedOver.FARTHER]
    if rotates:
        reasons.insert(0, PassedOver.OTHERS_TURN)
    return next((why for why, one, other in zip(reasons, mine, best, strict=True) if one > other), PassedOver.TIE)
