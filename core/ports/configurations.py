"""The configurations of gateways as the server keeps them: written by people, carried by the core process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from core.sparkplug.configuration import Outcome, Push, Report
from core.sparkplug.topics import NodeId


class VersionState(StrEnum):
    """Where a version stands."""

    DRAFT = "draft"
    PUSHED = "pushed"
    APPLIED = "applied"
    CONFIRMED = "confirmed"
    ROLLED_BACK = "rolled-back"
    REFUSED = "refused"
    SUPERSEDED = "superseded"


OUTCOMES: Mapping[Outcome, VersionState] = {
    Outcome.TRIAL: VersionState.APPLIED,
    Outcome.CONFIRMED: VersionState.CONFIRMED,
    Outcome.UNCHANGED: VersionState.CONFIRMED,
    Outcome.ROLLED_BACK: VersionState.ROLLED_BACK,
    Outcome.REFUSED: VersionState.REFUSED,
}
"""What a gateway's answer makes of a version."""
OPEN = frozenset({VersionState.PUSHED, VersionState.APPLIED})
"""The gateway still owes an answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfigurationVersion:
    """One version of a gateway's device part.

    Attributes:
        gateway: registry number.
        version: from 1, one up for each.
        text: YAML; empty in lists.
        sha256: hash of the text.
        note: what it is for.
        state: see there.
        created_ms, created_by: when and who wrote it.
        pushed_ms, pushed_by: when and who last pushed it, 0 and empty if nobody did.
        answered_ms: when the gateway last said something about it, 0 if it did not.
        reason: why it was refused or put back, by language.
        findings: everything wrong with it, as the gateway says.
    """

    gateway: int
    version: int
    text: str = ""
    sha256: str
    note: str
    state: VersionState
    created_ms: int
    created_by: str
    pushed_ms: int = 0
    pushed_by: str = ""
    answered_ms: int = 0
    reason: Mapping[str, str] = field(default_factory=dict)
    findings: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningConfiguration:
    """What a gateway says that it runs.

    Attributes:
        version: 0: the file on the machine.
        sha256: hash of the text.
        state: ``running``, ``trial``, ``confirmed`` or ``rolled-back``.
        text: None while it has not been shown.
        reported_ms: when it last said so.
    """

    version: int
    sha256: str
    state: str
    text: str | None
    reported_ms: int


class ConfigurationDesk(Protocol):
    """What people do with configurations. Methods raise ``core.errors.Unavailable`` if the database does not answer."""

    def versions(self, gateway: int) -> Sequence[ConfigurationVersion]:
        """All versions of a gateway without their texts, newest first."""
        ...

    def version(self, gateway: int, version: int) -> ConfigurationVersion | None:
        """One version with its text."""
        ...

    def running(self, gateway: int) -> RunningConfiguration | None:
        """What the gateway says that it runs; None if it has not said."""
        ...

    def draft(self, gateway: int, text: str, note: str, actor: str, now_ms: int) -> ConfigurationVersion:
        """Keep a new version; the same text as the newest draft is that draft.

        Raises:
            core.errors.Invalid: with everything in it that may not be pushed.
            core.errors.Refused: if there is no such gateway, or it is shut out.
        """
        ...

    def push(self, gateway: int, version: int, actor: str, now_ms: int) -> ConfigurationVersion:
        """Send a version on its way; what is on its way already stays so.

        Raises:
            core.errors.Refused: if there is no such version, the gateway is shut out, or another version is on trial.
        """
        ...


class ConfigurationBook(Protocol):
    """What the core process does with them. Methods raise ``core.errors.Unavailable`` as above."""

    def outgoing(self) -> Mapping[NodeId, Push]:
        """The pushes to which an answer is still owed."""
        ...

    def shown(self) -> Mapping[NodeId, str]:
        """By gateway, the hash of the running text that is kept."""
        ...

    def report(self, node: NodeId, report: Report, now_ms: int) -> None:
        """A gateway has said how it stands."""
        ...

    def show(self, node: NodeId, running: Push, now_ms: int) -> None:
        """A gateway has shown what it runs."""
        ...
