"""What was heard and when: of each point, and from it of units, buses, gateways and supplies.

Kept by point number, so that it outlives every change of the tree. Only arrival counts, whatever the event time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from core.quality import QualityClass, Reason, quality
from core.readings import Readings, UInt8s
from rules.columns import BEGINNING_MS, NEVER_MS, Bools, Indices, Ints
from rules.folding import Level
from rules.sight_tree import Grown

GATEWAY_SILENCE_MS = 60_000
_LOST = quality(QualityClass.NOT_MEASURED, Reason.CONNECTION_LOST)
_OFFLINE = quality(QualityClass.BAD, Reason.DEVICE_OFFLINE)
_NOTHING = quality(QualityClass.NOT_MEASURED, Reason.NOTHING_TO_MEASURE)


def is_sign_of_life(code: UInt8s) -> Bools:
    """Which of these qualities, uint8[n], prove that a point is in sight; bool[n].

    *Not measured* and *device offline* are none, but for the source's own word that there is nothing to measure: the
    share of failed polls of a gateway whose only bus is cut, say. That is no second outage beside that of the bus.
    """
    found: Bools = (code == _NOTHING) | (((code >> 6) != QualityClass.NOT_MEASURED) & (code != _OFFLINE))
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class GatewayState:
    """What the host knows of a gateway now.

    Attributes:
        alive: after its birth and before its death certificate.
        heard_ms: wall clock of the last message of any kind.
        devices: its buses and adapters that are alive; ``None``: not known.
    """

    alive: bool
    heard_ms: int
    devices: frozenset[str] | None = None

    def is_down(self, now_ms: int) -> bool:
        """Dead, or silent for too long."""
        return not self.alive or now_ms - self.heard_ms > GATEWAY_SILENCE_MS


class Heard:
    """Arrivals by point number."""

    def __init__(self, started_ms: int) -> None:
        """Nobody was heard yet: everybody has their silence from ``started_ms`` on."""
        self._started_ms = started_ms
        self._seen_ms: Ints = np.empty(0, np.int64)
        self._lost_ms: Ints = np.empty(0, np.int64)
        self._ever: Bools = np.empty(0, np.bool_)
        self._now: Bools = np.empty(0, np.bool_)

    def make_room(self, points: Indices, now_ms: int) -> None:
        """Have a place for these numbers; points that are new have their silence from now on."""
        more = int(points.max(initial=-1)) + 1 - len(self._seen_ms)
        if more > 0:
            begin_ms = now_ms if len(self._seen_ms) else self._started_ms
            self._seen_ms = np.concatenate([self._seen_ms, np.full(more, begin_ms, np.int64)])
            self._lost_ms = np.concatenate([self._lost_ms, np.full(more, BEGINNING_MS)])
            self._ever = np.concatenate([self._ever, np.zeros(more, np.bool_)])
            self._now = np.concatenate([self._now, np.zeros(more, np.bool_)])

    def see(self, batch: Readings, now_ms: int) -> None:
        """Readings have arrived: what ``is_sign_of_life`` shows that its point is in sight."""
        known = (batch.point >= 0) & (batch.point < len(self._seen_ms))
        point, code = batch.point[known], batch.quality[known]
        measured = point[is_sign_of_life(code)]
        self._seen_ms[measured] = now_ms
        self._ever[measured] = True
        self._now[measured] = True
        self._lost_ms[point[code == _LOST]] = now_ms

    def measured_before(self, points: Indices) -> None:
        """These points have had a value before this process began."""
        self._ever[points[points < len(self._ever)]] = True

    def unheard(self, points: Indices) -> None:
        """What the journal holds as not seen, and was not heard since: it has not been seen for long."""
        self._seen_ms[points[~self._now[points]]] = BEGINNING_MS

    def cut_off(self, points: Indices) -> None:
        """The same of points whose bus was lost."""
        self._lost_ms[points[~self._now[points]]] = BEGINNING_MS + 1

    def again(self, points: Indices, now_ms: int) -> None:
        """What hid these points is over: they have their silence once more."""
        self._seen_ms[points] = np.maximum(self._seen_ms[points], now_ms)

    def seen_ms(self, points: Indices) -> Ints:
        """When each point was last seen."""
        return self._seen_ms[points]

    def lost_ms(self, points: Indices) -> Ints:
        """When each point was last said to be without its connection."""
        return self._lost_ms[points]

    def ever(self, points: Indices) -> Bools:
        """Whether each point was ever measured."""
        return self._ever[points]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Evidence:
    """What failed by itself now.

    Attributes:
        failed: bool[n + s], nodes and facilities of several units.
        well: bool[n], supplies that are seen and say nothing.
        silent_ms: int64[n + s], when a point, unit or facility has been silent for long enough to be announced;
            never for the others.
    """

    failed: Bools
    well: Bools
    silent_ms: Ints


def evidence(
    grown: Grown, heard: Heard, gateways: Mapping[str, GatewayState], lost: Iterable[int], now_ms: int
) -> Evidence:
    """Look at every node by itself.

    Args:
        grown: the tree.
        heard: what has arrived.
        gateways: by key; one without an entry is down.
        lost: supply nodes whose failure an alarm tells.
        now_ms: wall clock.
    """
    tree, points = grown.tree, grown.points
    n, p, s = len(tree), len(points), len(grown.silence_ms) - len(tree)
    seen_ms = np.full(n + s, BEGINNING_MS)
    seen_ms[:p] = heard.seen_ms(points)
    np.maximum.at(seen_ms, tree.parent[:p], seen_ms[:p])
    several = np.flatnonzero(grown.spread >= 0)
    np.maximum.at(seen_ms, n + grown.spread[several], seen_ms[several])
    unit = np.zeros(n + s, np.bool_)
    unit[:n] = tree.level == Level.UNIT
    # Two of three intervals: then all that went together has missed one more than the first of them.
    patience_ms = np.where(unit, grown.silence_ms * 2 // 3, grown.silence_ms)
    listens = unit.copy()
    listens[:p] = listens[n:] = True
    failed = listens & (now_ms - seen_ms > patience_ms)
    _links(grown, heard, gateways, seen_ms, failed, now_ms)
    failed[list(lost)] = True
    well = np.zeros(n, np.bool_)
    own = np.flatnonzero(grown.supplied >= 0)
    well[grown.supplied[own[~failed[own]]]] = True
    return Evidence(failed=failed, well=well, silent_ms=np.where(listens, seen_ms + grown.silence_ms + 1, -NEVER_MS))


def _links(
    grown: Grown,
    heard: Heard,
    gateways: Mapping[str, GatewayState],
    seen_ms: Ints,
    failed: Bools,
    now_ms: int,
) -> None:
    """Gateways that are down, and buses that a gateway has lost."""
    tree, p = grown.tree, len(grown.points)
    for key, node in grown.gateways.items():
        state = gateways.get(key)
        failed[node] = state is None or state.is_down(now_ms)
    for (key, bus), node in grown.buses.items():
        devices = gateways[key].devices if key in gateways else None
        failed[node] = devices is not None and not failed[grown.gateways[key]] and bus not in devices
    bus_of = tree.parent[tree.parent[:p]]
    behind = np.flatnonzero((bus_of >= 0) & (tree.level[bus_of] == Level.BUS))
    lost_ms = np.full(len(tree), BEGINNING_MS)
    bus_seen_ms = np.full(len(tree), BEGINNING_MS)
    np.maximum.at(lost_ms, bus_of[behind], heard.lost_ms(grown.points[behind]))
    np.maximum.at(bus_seen_ms, bus_of[behind], seen_ms[behind])
    failed[: len(tree)] |= (tree.level == Level.BUS) & (lost_ms > bus_seen_ms)
