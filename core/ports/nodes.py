"""The state of gateways as the host sees it: written by ingest, read by the pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from core.sparkplug.topics import NodeId


class Origin(NamedTuple):
    """Where a metric is read from: bus or adapter (Sparkplug device), and unit or source there (empty: not said)."""

    device: str
    source: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeStatus:
    """One gateway.

    Attributes:
        node: which.
        online: between its birth and its death.
        since_ms: when ``online`` last changed, host time.
        seen_ms: when anything last arrived, host time; 0 if never.
        health: what the gateway says of itself, by metric name (spool bytes, polls failed, …).
        readings: readings settled from its spool since this host started.
        devices: its buses and adapters that are alive.
        origins: by metric name, where the births of this session say that it is read from; empty until they have come
            whole, and not kept by a book.
    """

    node: NodeId
    online: bool
    since_ms: int
    seen_ms: int
    health: Mapping[str, float] = field(default_factory=dict)
    readings: int = 0
    devices: tuple[str, ...] = ()
    origins: Mapping[str, Origin] = field(default_factory=dict)


class NodeStatusBook(Protocol):
    """Where the newest status of each gateway is kept."""

    def put(self, statuses: Sequence[NodeStatus], now_ms: int) -> None:
        """Replace the status of these gateways.

        Raises:
            core.errors.Unavailable: if it cannot be kept now; the next call repeats it.
        """
        ...

    def all(self) -> Sequence[NodeStatus]:
        """The newest status of every gateway that was ever put."""
        ...
