"""Two edits of one thing, merged field by field.

Whoever edits says which values the edit was based on. A field that only one side changed takes that side's value; one
that both changed to the same value has it; one that both changed to different values is a conflict, and a person
chooses. Fields that are one decision (a longitude and its latitude) are decided as one. Values in, values out.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Generic, TypeVar

from core.cases import Conflict
from core.findings import Said

V = TypeVar("V")


class Take(Enum):
    """Whose value a field has after merging."""

    THEIRS = "theirs"
    """What stands: nothing is written."""
    MINE = "mine"
    """What the edit says."""
    NEITHER = "neither"
    """A person chooses."""


RULES: Mapping[tuple[bool, bool, bool], Take] = {
    (False, False, True): Take.THEIRS,
    (False, True, False): Take.THEIRS,
    (True, False, False): Take.MINE,
    (True, True, True): Take.THEIRS,
    (True, True, False): Take.NEITHER,
}
"""Whether the edit changes a field, whether what stands differs from its base, whether both say the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldConflict(Generic[V]):
    """A field that both sides changed to different values, or a changed one that is one decision with such a field.

    Attributes:
        base: what the edit was based on.
        mine: what the edit says.
        theirs: what stands.
        together: fields that are decided with it, itself among them.
        by: login of whoever changed it meanwhile; empty: not known.
        at_ms: when; ``None``: not known.
    """

    field: str
    base: V
    mine: V
    theirs: V
    together: tuple[str, ...]
    by: str = ""
    at_ms: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldMoved(Generic[V]):
    """A field that somebody else changed meanwhile and that the edit leaves alone."""

    field: str
    base: V
    theirs: V
    by: str = ""
    at_ms: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Merged(Generic[V]):
    """What came of merging.

    Attributes:
        taken: fields of the edit that change what stands; all others stay as they stand.
        moved: what others changed meanwhile, by field.
        conflicts: what a person chooses about, by field; while there are any, nothing is written.
    """

    taken: Mapping[str, V]
    moved: tuple[FieldMoved[V], ...] = ()
    conflicts: tuple[FieldConflict[V], ...] = ()


class Diverged(Conflict, Generic[V]):
    """Both sides changed the same fields to different values; nothing was written."""

    def __init__(self, message: Said | str, conflicts: Iterable[FieldConflict[V]]) -> None:
        """Keep the fields, of which there is at least one."""
        super().__init__("diverged", message)
        self.conflicts = tuple(conflicts)


def merge(
    base: Mapping[str, V],
    mine: Mapping[str, V],
    theirs: Mapping[str, V],
    *,
    empty: V,
    together: Iterable[frozenset[str]] = (),
    says: Callable[[str, V], Hashable] = lambda field, value: value,
) -> Merged[V]:
    """Lay the edit ``mine`` over ``theirs``, given the ``base`` that it started from.

    Args:
        base: all values that the edit was based on; a field it does not name was ``empty``.
        mine: the fields of the edit; those it does not name it leaves as they were in ``base``.
        theirs: all values that stand; a field it does not name is ``empty``.
        empty: what a field holds that nobody filled.
        together: fields that are one decision; no field in two of them.
        says: what a value of a field says. Two that say the same are one value, however they are written.
    """
    names = sorted({*base, *mine, *theirs})
    mate = {name: tuple(sorted(group)) for group in together for name in group}
    was = {name: base.get(name, empty) for name in (*names, *mate)}
    now = {name: theirs.get(name, empty) for name in was}
    own = {**was, **mine}
    said = [{name: says(name, value) for name, value in side.items()} for side in (was, now, own)]
    taken: dict[str, V] = {}
    moved: list[FieldMoved[V]] = []
    conflicts: list[FieldConflict[V]] = []
    for name in names:
        whole = mate.get(name, (name,))
        old, new, edit = ([side[one] for one in whole] for side in said)
        take = RULES[edit != old, new != old, edit == new]
        before, stands, wanted = (side[name] for side in said)
        if take is Take.MINE and wanted != stands:
            taken[name] = own[name]
        elif take is Take.NEITHER and not wanted == stands == before:
            found = FieldConflict(field=name, base=was[name], mine=own[name], theirs=now[name], together=whole)
            conflicts.append(found)
        elif take is Take.THEIRS and stands != before and wanted != stands:
            moved.append(FieldMoved(field=name, base=was[name], theirs=now[name]))
    return Merged(taken=taken, moved=tuple(moved), conflicts=tuple(conflicts))


Who = tuple[str, int]
"""Login and milliseconds."""


def signed(found: Merged[V], who: Callable[[str], Who | None]) -> Merged[V]:
    """The same with who changed each field meanwhile and when; ``who`` answers by field."""
    if not (found.moved or found.conflicts):
        return found

    def sign(field: str) -> tuple[str, int | None]:
        known = who(field)
        return ("", None) if known is None else known

    moved = []
    for one in found.moved:
        by, at_ms = sign(one.field)
        moved.append(replace(one, by=by, at_ms=at_ms))
    conflicts = []
    for two in found.conflicts:
        by, at_ms = sign(two.field)
        conflicts.append(replace(two, by=by, at_ms=at_ms))
    return Merged(taken=found.taken, moved=tuple(moved), conflicts=tuple(conflicts))
