"""Who owns what and who holds which post: checks that only the whole folder allows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from core.findings import Finding
from core.ports.registry import OwnerKind
from registry import findings as kinds
from registry.entries import AmenityEntry, CellEntry, FacilityEntry, PersonEntry, PostEntry
from registry.record import Place
from registry.standard import load_standard

Known = Callable[[Place, str, str, Iterable[str], str], None]
"""Reports a code in a field that is not among those known of a collection."""

OWNERS: Mapping[OwnerKind, str] = {
    OwnerKind.VILLAGE: "villages",
    OwnerKind.COMMUNITY: "communities",
    OwnerKind.STREET: "streets",
    OwnerKind.DEPARTMENT: "departments",
}
"""Where an owner of a kind stands; enterprises have no record, they are named."""


def check_facilities(
    facilities: Sequence[FacilityEntry], codes: Mapping[str, set[str]], day: str, findings: list[Finding], known: Known
) -> None:
    """Owners exist, and nothing was built after ``day`` (ISO)."""
    for one in facilities:
        collection = OWNERS.get(one.owner_kind) if one.owner_kind else None
        if collection and one.owner:
            known(one.place, "owner", one.owner, codes[collection], collection)
        if one.built and one.built > day[: len(one.built)]:
            values = {"facility": one.code, "built": one.built, "day": day}
            findings.append(one.place.note(kinds.BUILT_LATER, "built", **values))


def check_amenities(
    amenities: Sequence[AmenityEntry], communities: set[str], findings: list[Finding], known: Known
) -> None:
    """Communities and items of the standard exist."""
    items = [item.id for item in load_standard().items]
    for one in amenities:
        known(one.place, "community", one.community, communities, "communities")
        if one.item not in items:
            values = {"value": one.item, "known": ", ".join(items)}
            findings.append(one.place.note(kinds.NO_ITEM, "item", **values))


def check_posts(
    posts: Sequence[PostEntry],
    cells: Mapping[str, CellEntry],
    people: Mapping[str, PersonEntry],
    findings: list[Finding],
    known: Known,
) -> None:
    """Cells and holders exist, and a holder works in the grid of the cell."""
    for post in posts:
        known(post.place, "cell", post.cell, cells, "cells")
        if not post.holder:
            continue
        known(post.place, "holder", post.holder, people, "people")
        holder, cell = people.get(post.holder), cells.get(post.cell)
        if holder is None or cell is None:
            continue
        if holder.volunteer:
            findings.append(post.place.note(kinds.POST_OF_VOLUNTEER, "holder", holder=holder.code))
        elif holder.role.grid is not cell.grid:
            values = {"holder": holder.code, "role": kinds.ROLES[holder.role.value], "cell": cell.code}
            values["grid"] = kinds.GRIDS[cell.grid.value]
            findings.append(post.place.note(kinds.POST_OF_OTHER_GRID, "holder", **values))
