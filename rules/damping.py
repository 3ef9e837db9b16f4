"""Damping: an alarm that opens and closes again and again becomes one that stays on (``docs/alarms.md`` section 5).

Between what the machines compute and the table of differences: intervals in, intervals out. What is on at a moment
follows from what was computed up to that moment alone, so any order of arrival ends in the same alarms, and nothing
that was over when something changed has to be looked at again.

Source of the terms: chattering and repeating alarms of ANSI/ISA-18.2-2016 clause 16 and EEMUA 191.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter

from core.alarms import Interval, Piece, SeverityStep

FLAPS = 5
"""The opening that makes an alarm flap: the fifth"""
WITHIN_MS = 10 * 60_000
"""within so long."""
HOLD_MS = 5 * 60_000
"""It stays on until nothing has been on for so long."""
MOST_STEPS = 500
"""Steps announced of one alarm: of one that is on for months with a level that flaps the newest tell enough."""
_KEPT = 10
"""True intervals kept of one alarm: so many of the first, and so many of the newest."""


def damp(
    pieces: Sequence[Interval], horizon_ms: int, known: Interval | None = None, from_ms: float = -math.inf
) -> list[Interval]:
    """The intervals as they are announced.

    Args:
        pieces: of one rule and facility, as computed, in time order, without overlaps; pieces that were ``condensed``
            among them.
        horizon_ms: up to where event time has been looked at.
        known: what flapped when the oldest of the pieces began, and how it was announced; the pieces that began it may
            be forgotten.
        from_ms: what is over before that may be left out.
    """
    found, episode = episodes(pieces, known, from_ms)
    return found if episode is None else [*found, shown(episode, horizon_ms)]


def episodes(
    pieces: Sequence[Interval], known: Interval | None = None, from_ms: float = -math.inf
) -> tuple[list[Interval], Interval | None]:
    """What ``damp`` announces up to the last episode, and that one, all of its pieces joined; None if it is over."""
    first = 0 if known is not None else _fresh(pieces, from_ms)
    found: list[Interval] = []
    recent: list[Interval] = []
    episode: Interval | None = None
    for piece in pieces[first:]:
        if episode is not None and piece.start_ms <= held_until(episode):
            episode = joined(episode, piece)
            continue
        if episode is not None:
            found.append(_closed(episode))
            episode, recent = None, []
        recent = [one for one in recent if piece.start_ms - one.start_ms <= WITHIN_MS]
        if known is not None and known.start_ms <= piece.start_ms <= _end(known):
            episode, known = _resumed(known, piece), None
        elif piece.flaps:
            episode = piece
        elif len(recent) + 1 >= FLAPS:
            episode = _flapping(recent, piece)
        else:
            recent.append(piece)
            found.append(piece)
    return found, episode


def prolonged(episode: Interval, pieces: Sequence[Interval]) -> Interval | None:
    """An episode whose pieces are over with those that began later; None if it has ended before one of them."""
    for piece in pieces[bisect_right(pieces, _end(episode), key=attrgetter("start_ms")) :]:
        if piece.start_ms > held_until(episode):
            return None
        episode = joined(episode, piece)
    return episode


def shown(episode: Interval, horizon_ms: int) -> Interval:
    """An episode as it is announced."""
    return _closed(episode) if held_until(episode) <= horizon_ms else _told(episode)


def held_until(episode: Interval) -> float:
    """When an episode ends unless something opens before, or then."""
    return math.inf if episode.stop_ms is None else episode.stop_ms + HOLD_MS


def _end(one: Interval) -> float:
    return math.inf if one.stop_ms is None else one.stop_ms


def condensed(pieces: Sequence[Interval], bounds_ms: Sequence[int]) -> list[Interval]:
    """The same pieces, but those of an episode that ended between two bounds are one; ``damp`` sees no difference.

    Args:
        pieces: as for ``damp``.
        bounds_ms: moments to which the computation may go back, ascending: what was over then must be told from what
            ended later.
    """
    found: list[Interval] = []
    recent: list[Interval] = []
    end: float = -math.inf
    slot = -1
    for piece in pieces:
        recent = [one for one in recent if piece.start_ms - one.start_ms <= WITHIN_MS]
        inside = piece.start_ms <= end
        if not inside and not piece.flaps and len(recent) + 1 < FLAPS:
            found.append(piece)
            recent.append(piece)
            slot = -1
            continue
        one = piece if inside or piece.flaps else _flapping(recent, piece)
        place = len(bounds_ms) if piece.stop_ms is None else bisect_left(bounds_ms, piece.stop_ms)
        if inside and place == slot and piece.stop_ms is not None:
            found[-1] = joined(found[-1], piece)
        else:
            found.append(one)
        recent, end, slot = [], held_until(piece), place
    return found


def undamped(told: Sequence[Interval]) -> list[Interval]:
    """Pieces of which ``damp`` makes what was announced: of what flapped one, over before all had been quiet.

    Args:
        told: of one rule (or level) and facility, without steps, in time order; how often one flapped may be unknown.
    """
    found: list[Interval] = []
    recent: list[Interval] = []
    for one in told:
        recent = [earlier for earlier in recent if one.start_ms - earlier.start_ms <= WITHIN_MS]
        if not one.flaps and len(recent) + 1 < FLAPS:
            found.append(one)
            recent.append(one)
            continue
        stop_ms = None if one.stop_ms is None else max(one.start_ms + 1, one.stop_ms - HOLD_MS)
        found.append(replace(one if one.flaps else _flapping(recent, one), stop_ms=stop_ms))
        recent = []
    return found


def joined(episode: Interval, piece: Interval) -> Interval:
    """An episode with what opened next; its severity falls only once a piece has lasted."""
    steps = list(episode.steps)
    for step in piece.steps:
        lasted = step.at_ms >= piece.start_ms + HOLD_MS and step.severity < steps[-1].severity
        if step.severity > steps[-1].severity or lasted:
            steps.append(step)
    kept = (*_own(episode), *_own(piece))
    kept = kept if len(kept) <= 2 * _KEPT else (*kept[:_KEPT], *kept[-_KEPT:])
    return Interval(
        start_ms=episode.start_ms,
        stop_ms=piece.stop_ms,
        since_ms=episode.since_ms,
        steps=few(steps),
        flaps=max(1, episode.flaps) + max(1, piece.flaps),
        pieces=kept,
    )


def few(steps: Sequence[SeverityStep]) -> tuple[SeverityStep, ...]:
    """The first step and the newest."""
    return tuple(steps) if len(steps) <= MOST_STEPS else (steps[0], *steps[1 - MOST_STEPS :])


def _own(one: Interval) -> tuple[Piece, ...]:
    return one.pieces if one.flaps else (Piece(one.start_ms, one.stop_ms),)


def _flapping(recent: Sequence[Interval], piece: Interval) -> Interval:
    """The opening that makes it flap: an alarm of its own, which counts those before."""
    pieces = tuple(Piece(one.start_ms, one.stop_ms) for one in (*recent, piece))
    return replace(piece, flaps=len(pieces), pieces=pieces)


def _resumed(known: Interval, piece: Interval) -> Interval:
    if known.start_ms == piece.start_ms:
        return replace(piece, flaps=known.flaps, pieces=known.pieces)
    return joined(replace(known, stop_ms=None), piece)


def _closed(episode: Interval) -> Interval:
    assert episode.stop_ms is not None
    return replace(episode, stop_ms=episode.stop_ms + HOLD_MS)


def _told(episode: Interval) -> Interval:
    """While it is on the count is told when it has doubled: what flaps all day is not news each time."""
    flaps = FLAPS
    while flaps * 2 <= episode.flaps:
        flaps *= 2
    count = max(FLAPS, flaps)
    shown = episode.pieces[: min(count - 1, _KEPT)]
    return replace(episode, stop_ms=None, flaps=count, pieces=shown)


def _fresh(pieces: Sequence[Interval], from_ms: float) -> int:
    """The last piece not over before a moment at which nothing before it counts any more."""
    at = bisect_left(pieces, from_ms, key=_end)
    at = min(at, len(pieces) - 1)
    while at > 0:
        now, before = pieces[at], pieces[at - 1]
        if now.start_ms - before.start_ms > WITHIN_MS and now.start_ms > held_until(before):
            break
        at -= 1
    return max(at, 0)
