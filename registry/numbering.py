"""Do the numbers of cells and components follow GB/T 30428? Noted, not refused: a city may number as it likes.

A unit grid has 15 digits: 6 of the county (GB/T 2260), 3 of the street (GB/T 10114), 3 of the community, 3 of its own
from 001; an older form (CJ/T 214) has 2 of its own, 14 in all, and some cities write 4 for the street, 16 in all. So
the cells of one community begin alike. A component (部件) has 16 digits: county, 2 of the large class (01 to 05), 2 of
the small class, 6 of its own. City platforms exchange cases by these numbers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from core.findings import Finding
from registry import findings as kinds
from registry.entries import CellEntry, FacilityEntry

_CELL_FORMS: Mapping[int, re.Pattern[str]] = {
    15: re.compile(r"(\d{6}\d{3}\d{3})(?!000)\d{3}"),
    14: re.compile(r"(\d{6}\d{3}\d{3})(?!00)\d{2}"),
    16: re.compile(r"(\d{6}\d{4}\d{3})(?!000)\d{3}"),
}
"""Length of a code to its form; the group is what the cells of a community share."""
_COMPONENT = re.compile(r"\d{6}0[1-5]\d{2}(?!000000)\d{6}")


def cell_prefix(code: str) -> str:
    """The digits of county, street and community; empty where the code is in none of the forms."""
    form = _CELL_FORMS.get(len(code))
    match = form.fullmatch(code) if form and code.isascii() else None
    return match[1] if match else ""


def is_component(code: str) -> bool:
    """Whether a code has the form of a component's."""
    return code.isascii() and _COMPONENT.fullmatch(code) is not None


def notices(cells: Sequence[CellEntry], facilities: Sequence[FacilityEntry]) -> list[Finding]:
    """What to say of the numbers: one line per kind of departure, at the first record that departs."""
    return [*_unlike(cells), *_of_other_communities(cells), *_components(facilities)]


def _unlike(cells: Sequence[CellEntry]) -> Iterator[Finding]:
    odd = [cell for cell in cells if not cell_prefix(cell.code)]
    if odd:
        values = {"count": len(odd), "all": len(cells), "first": odd[0].code}
        yield kinds.CELL_NUMBER.at(odd[0].place.file, odd[0].place.line, **values)


def _of_other_communities(cells: Sequence[CellEntry]) -> Iterator[Finding]:
    groups: dict[str, list[CellEntry]] = {}
    for cell in cells:
        if cell_prefix(cell.code):
            groups.setdefault(cell.community, []).append(cell)
    owner: dict[str, str] = {}
    for community, members in groups.items():
        usual, _ = Counter(cell_prefix(cell.code) for cell in members).most_common(1)[0]
        other = owner.setdefault(usual, community)
        odd = [cell for cell in members if cell_prefix(cell.code) != usual]
        if odd:
            values = {"count": len(odd), "community": community, "usual": usual, "first": odd[0].code}
            yield kinds.CELL_PREFIX.at(odd[0].place.file, odd[0].place.line, **values)
        if other != community:
            values = {"prefix": usual, "community": community, "other": other}
            yield kinds.PREFIX_SHARED.at(members[0].place.file, members[0].place.line, **values)


def _components(facilities: Sequence[FacilityEntry]) -> Iterator[Finding]:
    coded = [one for one in facilities if one.component_code]
    odd = [one for one in coded if not is_component(one.component_code)]
    if odd:
        values = {"count": len(odd), "all": len(coded), "first": odd[0].component_code}
        yield kinds.COMPONENT_NUMBER.at(odd[0].place.file, odd[0].place.line, **values)
    counts = Counter(one.component_code for one in coded)
    for one in coded:
        if counts.pop(one.component_code, 1) > 1:
            yield kinds.COMPONENT_TWICE.at(one.place.file, one.place.line, value=one.component_code)
