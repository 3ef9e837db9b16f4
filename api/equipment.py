"""The list of all facilities: which are in it and in which order. Values in, values out.

Every facility's line is known in memory (registry and standings at one version), so that a window may ask for any
stretch of a list of ten thousand by its offset.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from api.boards import Standings
from api.models.base import Bilingual, HealthName
from api.places import Places
from core.ports.registry import Facility

OrderName = Literal["code", "name", "class", "community", "health", "alarms", "cases"]
_WORST_FIRST: Final[Mapping[HealthName, int]] = {"fault": 0, "attention": 1, "unseen": 2, "ok": 3}


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which facilities.

    Attributes:
        communities: numbers; ``None``: all.
        class_id: of this class; empty: of any.
        text: part of code, name or address, whatever the case; empty: any.
        cell: code of a cell of either grid; empty: any.
        parent: directly below this facility; ``None``: wherever.
        roots: those that others hang on while they hang on nothing.
    """

    communities: frozenset[int] | None = None
    class_id: str = ""
    text: str = ""
    cell: str = ""
    parent: int | None = None
    roots: bool = False


def supplied(places: Places) -> Counter[int]:
    """How many facilities hang on each directly."""
    return Counter(one.parent for one in places.facilities.values() if one.parent is not None)


def chosen(places: Places, supplies: Mapping[int, int], wanted: Wanted) -> list[Facility]:
    """The facilities that are wanted, by number."""
    tests = _tests(supplies, wanted)
    return [one for _, one in sorted(places.facilities.items()) if all(test(one) for test in tests)]


def _tests(supplies: Mapping[int, int], wanted: Wanted) -> list[Callable[[Facility], bool]]:
    """Only the questions that are asked; the cheap ones first."""
    tests: list[Callable[[Facility], bool]] = []
    communities, text = wanted.communities, wanted.text.strip().casefold()
    if communities is not None:
        tests.append(lambda one: one.community in communities)
    if wanted.class_id:
        tests.append(lambda one: one.class_id == wanted.class_id)
    if wanted.parent is not None:
        tests.append(lambda one: one.parent == wanted.parent)
    if wanted.roots:
        tests.append(lambda one: one.parent is None and supplies.get(one.number, 0) > 0)
    if wanted.cell:
        tests.append(lambda one: wanted.cell in one.cells.values())
    if text:
        tests.append(lambda one: text in _searched(one))
    return tests


def _searched(one: Facility) -> str:
    return "\n".join((one.code, one.name.zh, one.name.en, one.address.zh, one.address.en)).casefold()


def by_health(facilities: Iterable[Facility], standings: Standings) -> Counter[HealthName]:
    """How many of each health."""
    return Counter(standings.of(one.number).health for one in facilities)


def by_community(facilities: Iterable[Facility], standings: Standings) -> dict[int, dict[str, Counter[HealthName]]]:
    """How many of each health, by community and class."""
    found: dict[int, dict[str, Counter[HealthName]]] = defaultdict(lambda: defaultdict(Counter))
    for one in facilities:
        found[one.community][one.class_id][standings.of(one.number).health] += 1
    return found


def ordered(
    facilities: Iterable[Facility],
    places: Places,
    standings: Standings,
    order: OrderName,
    *,
    backward: bool,
    language: str,
) -> list[Facility]:
    """In order; what is equal by code, which never is.

    Args:
        facilities: which.
        places: names of classes and communities.
        standings: how they stand.
        order: by what; ``health`` has the worst first, ``alarms`` and ``cases`` the most.
        backward: the other way round.
        language: of names.
    """

    def name(known: Bilingual) -> str:
        return (known.en if language == "en" else known.zh).casefold()

    def health(one: Facility) -> tuple[int, int, int]:
        standing = standings.of(one.number)
        worst = -1 if standing.worst is None else int(standing.worst)
        return _WORST_FIRST[standing.health], -worst, -standing.alarms

    keys: dict[OrderName, Callable[[Facility], Any]] = {
        "code": lambda one: one.code,
        "name": lambda one: one.name.in_language(language).casefold(),
        "class": lambda one: name(places.class_name(one.class_id)),
        "community": lambda one: name(places.community_ref(one.community).name),
        "health": health,
        "alarms": lambda one: -standings.of(one.number).alarms,
        "cases": lambda one: -standings.of(one.number).cases,
    }
    by_code = sorted(facilities, key=lambda one: one.code)
    return sorted(by_code, key=keys[order], reverse=backward)
