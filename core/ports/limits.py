"""The limits and the escalation in force, as pages show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.alarms import Severity
from core.places import Text
from core.stages import LadderStep


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitsInForce:
    """Which table of limits is in force.

    Attributes:
        file: where it was read; own: it is the city's and not the one that came with the program.
        version: what it calls itself, or the digest of its text.
        source: the standard behind it; rows: how many it has.
        ladder: shares of a stage's time, by severity; proposed: severities whose shares are this project's proposals.
        appeal_days: how long an appeal is heard; appeal_proposed: that, too, is a proposal.
    """

    file: str = ""
    own: bool = False
    version: str = ""
    source: Text = field(default_factory=lambda: Text(zh="", en=""))
    rows: int = 0
    ladder: Mapping[Severity, Sequence[tuple[LadderStep, float]]] = field(default_factory=dict)
    proposed: frozenset[Severity] = frozenset()
    appeal_days: float = 7
    appeal_proposed: bool = True
