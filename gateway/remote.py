"""What is said between host and gateway about configurations, and which devices a trial is judged by."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from core.errors import Refused
from core.sparkplug.configuration import encode_push, encode_report
from core.sparkplug.datatypes import CONFIGURATION, CONFIGURATION_REPORT, SHOW_CONFIGURATION, DataType
from gateway.adapter import Adapter
from gateway.births import Command, NodeMetric
from gateway.bus import Bus
from gateway.config import GatewayConfig
from gateway.rollouts import Rollouts
from gateway.uplink import Uplink

log = logging.getLogger(__name__)

Identity = tuple[str, str]
"""A device whatever it is called: where it hangs and its address there."""


def identities(config: GatewayConfig) -> frozenset[Identity]:
    """The devices that a configuration reads."""
    units = [(str(bus.transport), str(unit.unit)) for bus in config.buses for unit in bus.units]
    return frozenset([*units, *((a.id, source.topic) for a in config.adapters for source in a.sources)])


def answering(buses: Sequence[Bus], adapters: Sequence[Adapter], since_s: float) -> frozenset[Identity]:
    """The devices that answer now, or have spoken since ``since_s`` (monotonic)."""
    units = [
        (str(bus.config.transport), str(unit.config.unit))
        for bus in buses
        for unit in bus.units
        if unit.counters.ok and unit.breaker.polled
    ]
    spoken = [(a.config.id, source.config.topic) for a in adapters for source in a.sources if source.spoke_s >= since_s]
    return frozenset([*units, *spoken])


def hear(rollouts: Rollouts, uplink: Uplink, command: Command) -> None:
    """What a command of the host says about configurations."""
    if command.configuration:
        try:
            rollouts.received(command.configuration)
        except Refused as error:
            uplink.counters.bad_commands += 1
            log.warning("pushed configuration is not understood", extra={"error": str(error)})
    if command.show:
        uplink.edge.tell([*report_metrics(rollouts), *_running(rollouts)])


def birth_metrics(rollouts: Rollouts) -> Sequence[NodeMetric]:
    """What NBIRTH says: the host may write and ask, and this is how things stand."""
    return (
        NodeMetric(name=CONFIGURATION, type=DataType.BYTES, value=b""),
        NodeMetric(name=SHOW_CONFIGURATION, type=DataType.BOOLEAN, value=0.0),
        *report_metrics(rollouts),
    )


def report_metrics(rollouts: Rollouts) -> Sequence[NodeMetric]:
    """How things stand."""
    report = encode_report(rollouts.report())
    return (NodeMetric(name=CONFIGURATION_REPORT, type=DataType.STRING, value=report),)


def _running(rollouts: Rollouts) -> Sequence[NodeMetric]:
    try:
        body = encode_push(rollouts.running)
    except Refused as error:
        log.warning("the running configuration cannot be shown", extra={"error": str(error)})
        return ()
    return (NodeMetric(name=CONFIGURATION, type=DataType.BYTES, value=body),)
