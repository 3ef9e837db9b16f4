"""What supplies or contains a facility, and what is redundant: checks that only the whole folder allows.

A parent may stand in another community: a mains station supplies more than one. What may not be is a circle. That a
parent exists, and so is not retired, the checks of references say: the folder names every facility that is in use.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.findings import Finding, place_of
from registry import findings as kinds
from registry.entries import FacilityEntry


def check_supply(facilities: Sequence[FacilityEntry], findings: list[Finding]) -> None:
    """Report circles among the parents, each once, and redundant sets of more than one class."""
    entry = {one.code: one for one in facilities}
    for circle in _circles({one.code: one.parent for one in facilities}):
        place = min((entry[code].place for code in circle), key=lambda place: place.line)
        chain = " → ".join((*circle, circle[0]))
        findings.append(place.note(kinds.PARENT_CYCLE, "parent", chain=chain))
    first: dict[str, FacilityEntry] = {}
    for one in facilities:
        known = first.setdefault(one.redundant_set, one)
        if one.redundant_set and known.class_id != one.class_id:
            findings.append(
                one.place.note(
                    kinds.MIXED_SET,
                    "redundant_set",
                    value=one.redundant_set,
                    class_id=one.class_id,
                    other=known.class_id,
                    first=place_of(known.place.file, known.place.line),
                )
            )


def _circles(parent: dict[str, str]) -> Iterator[tuple[str, ...]]:
    """Every circle, from its first code in the order of the folder on."""
    done: set[str] = set()
    for start in parent:
        path: dict[str, int] = {}
        code = start
        while code in parent and code not in done and code not in path:
            path[code] = len(path)
            code = parent[code]
        if code in path:
            yield tuple(path)[path[code] :]
        done.update(path)
