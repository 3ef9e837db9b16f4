"""Preventive plans as they travel."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.models.base import Bilingual, FacilityRef, Model, Number, TimeMs
from core.cases import CaseState
from core.places import Grid
from core.ports.preventive import DueState, TriggerKind

PlanSeverity = Literal["info", "low", "medium"]


class Trigger(Model):
    """One way for a plan to fall due."""

    kind: TriggerKind
    every: float = Field(gt=0, le=100_000_000, allow_inf_nan=False, description="hours, cycles, months, or days")
    measurement: str = Field(default="", max_length=64, description="empty for months")
    above: float | None = Field(default=None, allow_inf_nan=False)
    below: float | None = Field(default=None, allow_inf_nan=False)


class PlanForm(Model):
    """A plan as somebody writes it."""

    code: str = Field(min_length=1, max_length=64, examples=["pump-year"])
    class_id: str = Field(min_length=1, max_length=64, examples=["sewage_pump"])
    work_zh: str = Field(min_length=1, max_length=1000)
    work_en: str = Field(min_length=1, max_length=1000)
    triggers: list[Trigger] = Field(max_length=10)
    started_day: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="from when it counts where it was never done")
    communities: list[Number] = Field(default=[], max_length=1000, description="empty: all")
    facilities: list[Number] = Field(default=[], max_length=2000, description="empty: all of the class")
    months: list[Annotated[int, Field(ge=1, le=12)]] = Field(default=[], max_length=12, description="empty: any")
    weekdays: list[Annotated[int, Field(ge=0, le=6)]] = Field(default=[], max_length=7, description="0 is Monday")
    lead_days: int = Field(default=14, ge=0, le=180)
    limit_days: int = Field(default=10, ge=1, le=180, description="working days")
    severity: PlanSeverity = "low"
    lead: Grid = Grid.CONSTRUCTION
    active: bool = True


class PlanDetail(PlanForm):
    """A plan."""

    id: Number


class Plans(Model):
    """All of them, by code."""

    items: list[PlanDetail]


class DoneForm(Model):
    """Work that was done outside of all this."""

    facility: Number
    done_ms: TimeMs
    note: str = Field(default="", max_length=1000)


class DueWork(Model):
    """A plan at a facility, now."""

    plan: Number
    code: str
    work: Bilingual
    facility: FacilityRef
    state: DueState
    due_ms: TimeMs | None
    used: float = Field(description="share of its interval; above 1: overdue")
    case: Number | None
    why: Bilingual


class DoneWork(Model):
    """Work of a plan that was given out as a case, or was done elsewhere and written down."""

    plan: Number
    code: str
    work: Bilingual
    facility: FacilityRef
    time_ms: TimeMs = Field(description="when it was given out, or written down")
    done_ms: TimeMs | None = Field(description="null: not done, or not yet")
    case: Number | None = Field(description="null: written down")
    state: CaseState | None
    by: Bilingual = Field(description="who wrote it down, or the system")
    note: str
    why: Bilingual | None = Field(description="it was given out")


class DoneWorks(Model):
    """The newest first."""

    items: list[DoneWork]


class DueWorks(Model):
    """The most urgent first; ``total`` counts those left out too."""

    items: list[DueWork]
    total: int
