"""The configurations of gateways."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.models.base import Bilingual, Model, Number, TimeMs
from core.configuration import MAX_TEXT_BYTES
from core.ports.configurations import VersionState


class ConfigurationFinding(Model):
    """One thing that is wrong with a version, as the gateway says."""

    code: str = Field(examples=["TG-0104"])
    line: int = Field(ge=0, description="1-based line of the text, 0 where it has none")
    column: int = Field(ge=0)
    what: Bilingual
    fix: Bilingual


class ConfigurationSummary(Model):
    """One version without its text."""

    version: int = Field(ge=1)
    state: VersionState
    note: str
    sha256: str
    created_ms: TimeMs
    created_by: str
    pushed_ms: TimeMs | None
    pushed_by: str
    answered_ms: TimeMs | None = Field(description="when the gateway last said something about it")
    reason: Bilingual | None = Field(description="why it was refused or put back")
    findings: list[ConfigurationFinding]


class RunningConfiguration(Model):
    """What the gateway says that it runs."""

    version: int = Field(ge=0, description="0: the file on the machine")
    state: str = Field(examples=["confirmed"])
    sha256: str
    text: str | None = Field(description="null while it has not been shown")
    reported_ms: TimeMs


class ConfigurationList(Model):
    """The versions of a gateway, newest first, and what runs."""

    running: RunningConfiguration | None
    items: list[ConfigurationSummary]


class ConfigurationDetail(ConfigurationSummary):
    """One version with its text and how it differs from what runs."""

    text: str
    difference: list[str] | None = Field(
        description="lines of a unified difference; null while it is not known what runs"
    )


class ConfigurationDraft(Model):
    """A new version."""

    text: str = Field(max_length=MAX_TEXT_BYTES, description="YAML: buses, adapters, profiles; nothing else")
    note: str = Field(default="", max_length=500, description="what it is for")


VersionNumber = Annotated[int, Field(ge=1, le=2_147_483_647)]
GatewayNumber = Number
