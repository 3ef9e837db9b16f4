"""The watchman: from gateways' states, births and arrivals to "cannot see now" alarms (``docs/alarms.md`` section 6).

``rules.sight`` decides; here it gets what it looks at: what hangs where (registry, and what the gateways' births say),
how the gateways are (host), what has arrived (judge). A gateway that was not heard since this process began has its
time, from the beginning on, before it counts as down, unless the journal says that it is down already: a restart of
ours is no failure of theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from app.sight_places import Marks, gates_of, points_behind
from app.sight_texts import Names, dark, say
from core.alarms import AlarmChange, AnnouncedAlarm, ChangeKind
from core.places import ClassMembers, parents
from core.ports.nodes import NodeStatus, Origin
from core.ports.registry import Gateway
from core.readings import Int32s, Readings
from core.sparkplug.topics import NodeId
from rules.sight import Sight
from rules.sight_evidence import GatewayState, Heard
from rules.sight_tree import SUPPLY_RULE, Grown, grow

BIRTH_MS = 300_000
"""So long an alarm of the journal waits for the birth that names its element, once its gateway speaks."""
_REGROW_MS = 5_000


class Watchman:
    """Sees for the judge; owned by its thread."""

    def __init__(
        self,
        members: Mapping[str, ClassMembers],
        points_by_node: Mapping[NodeId, frozenset[int]],
        gateways: Sequence[Gateway],
        statuses: Callable[[], Sequence[NodeStatus]],
        started_ms: int,
        *,
        marks: Marks | None = None,
        names: Names | None = None,
        communities: Mapping[int, str] | None = None,
        origins: Mapping[NodeId, Mapping[str, Origin]] | None = None,
        measured: Int32s | None = None,
    ) -> None:
        """Take the registry as it is now.

        Args:
            members: the facilities by class.
            points_by_node: which points each gateway serves.
            gateways: the enrolled gateways.
            statuses: how the host sees them now.
            started_ms: since when this process listens.
            marks: what rules say of supplies.
            names: for what alarms say; without them they say what their rule says.
            communities: number to code; without them nothing is said of whole communities.
            origins: what is known already of where metrics are read from.
            measured: numbers of the points that had a value before this process began; one that stays silent from the
                beginning on is announced only if it is among them.
        """
        self._statuses = statuses
        self._started_ms = started_ms
        self._marks = marks or Marks()
        self._names = names
        self._gates = gates_of(gateways, communities or {})
        self._keys = frozenset(gate.key for gate in self._gates)
        self._node_of = {point: node for node, points in points_by_node.items() for point in points}
        self._members = members
        self._parents = parents(members)
        self._supplies = frozenset(
            facility
            for class_id in self._marks.classes & members.keys()
            for facility in members[class_id].facility.tolist()
        )
        self._origins = dict(origins or {})
        self._heard = Heard(started_ms)
        self._sight = Sight(self._grow(), self._heard, started_ms, self._marks.rules)
        if measured is not None:
            self._heard.measured_before(measured.astype(np.intp))
        self._grown_ms = started_ms
        self._wanted = False

    @property
    def origins(self) -> Mapping[NodeId, Mapping[str, Origin]]:
        """What the births have said so far."""
        return self._origins

    def _grow(self) -> Grown:
        found = points_behind(self._members, self._node_of, self._keys, self._origins)
        return grow(found, self._gates, self._parents, self._supplies)

    def announce(self, alarms: Sequence[AnnouncedAlarm]) -> None:
        """What the journal holds as on."""
        self._sight.announce(alarms)

    def succeed(self, before: Watchman, now_ms: int) -> None:
        """Go on where another one stands: the registry has changed."""
        self._heard, self._started_ms = before._heard, before._started_ms
        self._origins = {**before._origins, **self._origins}
        self._replant(before._sight, now_ms)

    def _replant(self, before: Sight, now_ms: int) -> None:
        self._sight = Sight(self._grow(), self._heard, now_ms, self._marks.rules)
        self._sight.succeed(before, now_ms)
        self._grown_ms, self._wanted = now_ms, False

    def see(self, batch: Readings, now_ms: int) -> None:
        """Readings have arrived."""
        self._sight.see(batch, now_ms)

    def learn(self, changes: Sequence[AlarmChange]) -> None:
        """The rules have announced something: some of it is of supplies."""
        self._sight.learn(changes)

    def changes(self, now_ms: int) -> Sequence[AlarmChange]:
        """What is to be announced now."""
        statuses = {status.node: status for status in self._statuses()}
        self._take_births(statuses.values())
        if self._wanted and now_ms - self._grown_ms >= _REGROW_MS:
            self._replant(self._sight, now_ms)
        by_key = {str(node): status for node, status in statuses.items()}
        states = {key: self._state(key, by_key.get(key)) for key in self._keys}
        found = self._sight.changes(states, now_ms, self._unborn(by_key, now_ms))
        return [self._said(change) for change in found]

    def _take_births(self, statuses: Iterable[NodeStatus]) -> None:
        for status in statuses:
            known = self._origins.get(status.node)
            if status.origins and status.origins is not known:
                self._wanted = self._wanted or status.origins != known
                self._origins[status.node] = status.origins

    def _state(self, key: str, status: NodeStatus | None) -> GatewayState:
        if status is None:
            return GatewayState(alive=not self._sight.holds(key), heard_ms=self._started_ms)
        # Between the birth of a gateway and those of its devices none of them is alive yet.
        devices = frozenset(status.devices) if status.online and status.origins else None
        return GatewayState(alive=status.online, heard_ms=status.seen_ms, devices=devices)

    def _unborn(self, statuses: Mapping[str, NodeStatus], now_ms: int) -> frozenset[str]:
        """Gateways of which it is not known yet what hangs on them."""
        told = {str(node) for node in self._origins} if not self._wanted else set()
        found = set()
        for key in self._keys - told:
            status = statuses.get(key)
            since_ms = max(self._started_ms, status.since_ms if status is not None else 0)
            if status is None or not status.online or now_ms - since_ms < BIRTH_MS:
                found.add(key)
        return frozenset(found)

    def _said(self, change: AlarmChange) -> AlarmChange:
        if self._names is None:
            return change
        if change.kind is ChangeKind.COVERS and change.rule_id == SUPPLY_RULE and change.unseen is not None:
            return replace(change, say=dark(self._names.facility(change.facility), change.unseen))
        return replace(change, say=say(change, self._names))
