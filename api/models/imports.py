"""What pages show of an import into the registry: state, findings, differences."""

from __future__ import annotations

from pydantic import Field

from api.models.base import Bilingual, Model, TimeMs
from core.ports.registry_import import ImportState


class ImportFindingView(Model):
    """One thing that is wrong, or worth knowing."""

    kind: str = Field(description="of record; empty: the file itself", examples=["facilities"])
    kind_name: Bilingual
    row: int = Field(ge=0, description="0: unknown")
    column: str = Field(description="as spreadsheets name it; empty: unknown", examples=["F"])
    code: str = Field(description="of the record, where it stands in the registry and not in the file")
    number: str = Field(examples=["TG-3021"])
    what: Bilingual
    fix: Bilingual


class ImportCount(Model):
    """How many records of a kind would come, change and end."""

    kind: str
    kind_name: Bilingual
    in_file: bool = Field(description="whether the file holds this kind; all others stay as they are")
    add: int
    change: int
    retire: int


class ImportView(Model):
    """An import as it stands."""

    id: str
    name: str = Field(description="of the file")
    state: ImportState
    started_ms: TimeMs
    token: str = Field(description="stands for exactly the differences that are shown")
    counts: list[ImportCount]
    findings: list[ImportFindingView] = Field(description="everything that is wrong, at most 1,000")
    notices: list[ImportFindingView] = Field(description="worth knowing; they hinder nothing")
    problem: Bilingual | None


class ImportFieldView(Model):
    """One field of a difference."""

    field: Bilingual
    before: str
    after: str


class ImportChangeView(Model):
    """One record that would come, change or end."""

    kind: str
    kind_name: Bilingual
    code: str
    change: str = Field(description="`add`, `change` or `retire`")
    fields: list[ImportFieldView]


class ImportChanges(Model):
    """A stretch of the differences."""

    items: list[ImportChangeView]
    more: bool


class ImportToken(Model):
    """What was shown and is to be applied."""

    token: str = Field(min_length=64, max_length=64, pattern="^[0-9a-f]+$")
