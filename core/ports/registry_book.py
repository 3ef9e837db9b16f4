"""What people ask the registry about records themselves: what changed, whose it is, what a community should have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from core.amenities import Amenity, Item
from core.findings import Said
from core.places import Text
from core.ports.registry import Department, FieldChange, Owner, Post


class RegistryBook(Protocol):
    """Reading. Every method raises ``core.errors.Unavailable`` if the database does not answer now."""

    def changes(
        self, collection: str = "", record: str = "", *, before: int | None = None, limit: int = 100
    ) -> Sequence[FieldChange]:
        """The newest changes first, of one record, one kind of record or all; ``before`` is a line's number."""
        ...

    def field_name(self, field: str) -> Text:
        """What people call a field of a change; a field that nobody knows any more by its own name."""
        ...

    def owner_name(self, owner: Owner) -> Text:
        """What an owner is called; an enterprise, and one that nobody knows any more, by its code."""
        ...

    def departments(self) -> Sequence[Department]:
        """Departments that hand down tasks, by code; those that ended left out."""
        ...

    def standard(self) -> tuple[Text, Text, Sequence[Item]]:
        """Title, source and items of the complete-community standard."""
        ...

    def posts(self, communities: frozenset[int] | None = None) -> Sequence[Post]:
        """Every post of the cells valid now, by cell; vacant ones have no holder."""
        ...

    def cell_faults(self, community: int) -> Sequence[Said]:
        """What is wrong with the shapes of a community's cells: overlaps, holes, shapes that are none."""
        ...

    def amenities(self, community: int) -> Sequence[Amenity]:
        """What is stated of a community, at most one line an item."""
        ...
