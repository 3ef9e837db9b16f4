"""What pages show of records: owner, age, positions, changes; and how a community stands against the standard."""

from __future__ import annotations

from pydantic import Field

from api.models.base import Bilingual, Model, TimeMs
from core.amenities import Standing
from core.coordinates import PositionSystem
from core.ports.registry import ChangeKind, OwnerKind


class OwnerView(Model):
    """Who owns a facility."""

    kind: OwnerKind
    code: str
    name: Bilingual


class PositionView(Model):
    """A position in one system, degrees."""

    system: PositionSystem
    latitude: float
    longitude: float


class FieldChangeView(Model):
    """One field that became another, or the record that came."""

    id: int
    time_ms: TimeMs
    by: str = Field(description="login, or the user of the command line", examples=["cli:operator"])
    kind: ChangeKind
    field: Bilingual | None = Field(description="null for the record that came")
    before: str
    after: str


class FacilityRecord(Model):
    """What the registry says of a facility besides its readings."""

    built: str = Field(description="year, month or day; empty: not known", examples=["1998-06"])
    age_years: float | None
    owner: OwnerView | None
    cost_book: str = Field(description="its own book; empty: that of its owner")
    component_code: str = Field(description="GB/T 30428.2; empty: none", examples=["4206840101000001"])
    positions: list[PositionView]
    changes: list[FieldChangeView] = Field(description="the newest first, at most 100")
    more: bool = Field(description="whether there are older ones")


class CompletenessItem(Model):
    """One item of the standard in one community."""

    id: str
    goal: Bilingual
    name: Bilingual
    standing: Standing
    at_least: float | None = Field(description="limit of the standard, in ``unit``")
    unit: str = Field(examples=["m2"])
    of: Bilingual | None
    checked: bool = Field(description="whether the limit was read in a published text; else it is from memory")
    amount: float | None
    note: Bilingual
    checked_on: str = Field(description="ISO date of the statement; empty: none", examples=["2026-05-01"])
    facilities: int = Field(description="facilities in use there that belong to the item")


class Completeness(Model):
    """A community against the standard of the complete community."""

    title: Bilingual
    source: Bilingual
    items: list[CompletenessItem]
