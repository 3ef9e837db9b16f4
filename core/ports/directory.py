"""The registry as ingest and rules see it: which gateways exist, what their metrics mean, which facilities stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from core.places import ClassMembers, PointBinding
from core.sparkplug.topics import NodeId


class PointDirectory(Protocol):
    """Answers from memory; a change of the registry raises ``version``."""

    @property
    def version(self) -> int:
        """Grows with every change that may alter an answer."""
        ...

    def knows(self, node: NodeId) -> bool:
        """Whether this gateway is enrolled and not revoked."""
        ...

    def bindings(self, node: NodeId, metrics: Sequence[str]) -> Sequence[PointBinding | None]:
        """What each metric (``facility/measurement``) of that gateway means; ``None`` where nobody knows it."""
        ...

    def members(self) -> Mapping[str, ClassMembers]:
        """All facilities by class, for the rules engine."""
        ...
