"""The watchman: from gateways' states and arrivals to "cannot see now" alarms (``docs/alarms.md`` section 6).

``rules.sight`` decides; here it gets what it looks at: which facility stands behind which gateway (registry), how the
gateways are (host), what has arrived (judge). A gateway that was not heard since this process began has its time, from
the beginning on, before it counts as down: a restart of ours is no failure of theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from core.alarms import AlarmChange, AnnouncedAlarm, Severity
from core.cases import RuleInfo
from core.places import ClassMembers, Grid, Text
from core.ports.nodes import NodeStatus
from core.ports.registry import Gateway
from core.readings import Readings
from core.sparkplug.topics import NodeId
from rules.sight import DEVICE_RULE, GATEWAY_RULE, GatewayState, Sight, watched

SIGHT_INFOS: Mapping[str, RuleInfo] = {
    GATEWAY_RULE: RuleInfo(
        rule_id=GATEWAY_RULE,
        family="sight",
        severity=Severity.MEDIUM,
        lead=Grid.CONSTRUCTION,
        support=Grid.GOVERNANCE,
        say=Text(zh="网关失联，其后设施暂时看不到", en="Gateway is not heard; what stands behind it cannot be seen"),
        do=(
            Text(zh="查看网关电源与指示灯", en="Check the gateway's power and lamps"),
            Text(zh="检查网络（网线、SIM 卡、信号）", en="Check its network: cable, SIM card, signal"),
            Text(zh="恢复后确认缓存的读数已补传", en="Once it is back, see that its stored readings arrive"),
        ),
    ),
    DEVICE_RULE: RuleInfo(
        rule_id=DEVICE_RULE,
        family="sight",
        severity=Severity.LOW,
        lead=Grid.CONSTRUCTION,
        support=None,
        say=Text(zh="设施没有读数", en="No readings from the facility"),
        do=(
            Text(zh="检查传感器供电和接线", en="Check the sensor's power and wiring"),
            Text(zh="核对总线地址与通信参数", en="Check its bus address and line settings"),
        ),
    ),
}


class Watchman:
    """Sees for the judge; owned by its thread."""

    def __init__(
        self,
        members: Mapping[str, ClassMembers],
        points_by_node: Mapping[NodeId, frozenset[int]],
        gateways: Sequence[Gateway],
        statuses: Callable[[], Sequence[NodeStatus]],
        started_ms: int,
    ) -> None:
        """Take the registry as it is now.

        Args:
            members: the facilities by class.
            points_by_node: which points each gateway serves.
            gateways: the enrolled gateways; those without a facility of their own raise nothing.
            statuses: how the host sees them now.
            started_ms: since when this process listens.
        """
        self._statuses = statuses
        self._started_ms = started_ms
        self._facility_of = {
            gateway.node: gateway.facility
            for gateway in gateways
            if gateway.facility is not None and gateway.revoked_ms is None
        }
        node_of = {point: node for node, points in points_by_node.items() for point in points}
        self._sight = Sight(watched(members, self._parents(members, node_of)), started_ms)

    def _parents(self, members: Mapping[str, ClassMembers], node_of: Mapping[int, NodeId]) -> dict[int, int]:
        parents: dict[int, int] = {}
        for group in members.values():
            for column in group.point.values():
                for facility, point in zip(group.facility.tolist(), column.tolist(), strict=True):
                    parent = self._facility_of.get(node_of[point]) if point in node_of else None
                    # The gateway's own points stand behind it like all others: its outage is one alarm, not two.
                    if parent is not None:
                        parents[facility] = parent
        return parents

    def announce(self, alarms: Sequence[AnnouncedAlarm]) -> None:
        """What the journal holds as on."""
        self._sight.announce(alarms)

    def see(self, batch: Readings, now_ms: int) -> None:
        """Readings have arrived."""
        self._sight.see(batch, now_ms)

    def changes(self, now_ms: int) -> Sequence[AlarmChange]:
        """What is to be announced now."""
        states = {
            facility: GatewayState(alive=True, heard_ms=self._started_ms) for facility in self._facility_of.values()
        }
        for status in self._statuses():
            facility = self._facility_of.get(status.node)
            if facility is not None:
                states[facility] = GatewayState(alive=status.online, heard_ms=status.seen_ms)
        return self._sight.changes(states, now_ms)
