"""The list and the tree of all facilities, and the views of it that people keep."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.models.base import CommunityRef, Model, TimeMs
from api.models.places import ClassCount, FacilitySummary

PageName = Annotated[str, Field(pattern=r"^[a-z]{1,30}$", examples=["facilities"])]
ViewName = Annotated[str, Field(min_length=1, max_length=60, examples=["My pumps"])]


class EquipmentRow(FacilitySummary):
    """One line of the list."""

    supplies: int = Field(description="how many facilities hang on it directly")


class HealthCounts(Model):
    """How many facilities of each health."""

    fault: int
    attention: int
    unseen: int
    ok: int


class EquipmentList(Model):
    """One stretch of the list; a window that scrolls asks for the stretch it shows."""

    total: int = Field(description="lines of the whole list")
    offset: int = Field(description="place of the first item in it")
    counts: HealthCounts = Field(description="of the same list without its filter of health")
    items: list[EquipmentRow]


class CommunityBranch(Model):
    """A community in the tree with the classes that stand there."""

    community: CommunityRef
    counts: HealthCounts
    classes: list[ClassCount]


class EquipmentTree(Model):
    """Communities with their classes; facilities are asked for as a branch is opened."""

    items: list[CommunityBranch]


class SavedView(Model):
    """Filters and order of a page under a name of one's own."""

    name: ViewName
    query: str = Field(max_length=1000, description="the page's query", examples=["class=sewage_pump&health=fault"])
    kept_ms: TimeMs


class SavedViews(Model):
    """One's own views of a page, by name."""

    items: list[SavedView]


class ViewToKeep(Model):
    """A view that is kept, in place of one's own of the same name."""

    page: PageName
    name: ViewName
    query: Annotated[str, Field(max_length=1000)]
