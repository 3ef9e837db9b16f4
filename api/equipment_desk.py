"""All facilities for a list that scrolls, a tree and a file."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from api.access import Caller
from api.boards import LatestBoard, StandingBoard, Standings
from api.equipment import OrderName, Wanted, by_community, by_health, chosen, ordered, supplied
from api.equipment_sheet import as_csv, as_workbook, table
from api.models.base import HealthName
from api.models.equipment import CommunityBranch, EquipmentList, EquipmentRow, EquipmentTree, HealthCounts
from api.models.places import ClassCount
from api.place_desk import PlaceDesk
from api.places import PlaceBook, Places
from api.problem_kinds import Problems
from api.problems import ProblemError
from core.ports.registry import Facility

_LISTS_KEPT: Final = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What somebody asks of the list.

    Attributes:
        wanted: which facilities; its communities are narrowed to what the caller sees.
        health: of this health alone.
        order: by what; ``backward``: the other way round.
    """

    wanted: Wanted
    health: HealthName | None = None
    order: OrderName = "health"
    backward: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class _Listed:
    """A list in its order, and its counts without the filter of health."""

    lines: list[Facility]
    counts: HealthCounts


class EquipmentDesk:
    """Nobody is shown a facility outside their communities."""

    def __init__(self, book: PlaceBook, standings: StandingBoard, latest: LatestBoard, places: PlaceDesk) -> None:
        """Join what is known of facilities at one moment."""
        self._book = book
        self._standings = standings
        self._latest = latest
        self._places = places
        self._supplies: tuple[int, Counter[int]] = (-1, Counter())
        self._lists: dict[tuple[Asked, str, int, int], _Listed] = {}
        self._lock = threading.Lock()

    def stretch(self, caller: Caller, asked: Asked, community: int | None, offset: int, limit: int) -> EquipmentList:
        """One stretch of the list, and how long the whole is."""
        places, standings = self._book.now(), self._standings.now()
        listed = self._list(caller, asked, community, places, standings)
        latest, supplies = self._latest.now(), self._hanging(places)
        items = [
            EquipmentRow(
                **dict(self._places.summary(one, places, standings, latest)), supplies=supplies.get(one.number, 0)
            )
            for one in listed.lines[offset : offset + limit]
        ]
        return EquipmentList(total=len(listed.lines), offset=offset, counts=listed.counts, items=items)

    def tree(self, caller: Caller, community: int | None) -> EquipmentTree:
        """Communities with their classes, as far as the caller sees; one alone if it is asked for.

        Raises:
            ProblemError: ``NOT_FOUND`` for a community out of sight.
        """
        places, standings = self._book.now(), self._standings.now()
        _in_sight(caller, places, community)
        wanted = Wanted(communities=caller.narrowed(community))
        grouped = by_community(chosen(places, {}, wanted), standings)
        seen = [one for one in sorted(places.communities) if caller.sees(one) and community in (None, one)]
        return EquipmentTree(items=[_branch(number, places, grouped.get(number, {})) for number in seen])

    def file(self, caller: Caller, asked: Asked, community: int | None, form: str, language: str) -> bytes:
        """The whole list in its order, as ``csv`` or ``xlsx``.

        Raises:
            ProblemError: ``NOT_FOUND`` for a community out of sight.
        """
        places, standings, latest = self._book.now(), self._standings.now(), self._latest.now()
        _in_sight(caller, places, community)
        lines = self._list(caller, asked, community, places, standings).lines
        made = table((self._places.summary(one, places, standings, latest) for one in lines), language)
        return as_csv(made) if form == "csv" else as_workbook(made, language)

    def _list(
        self, caller: Caller, asked: Asked, community: int | None, places: Places, standings: Standings
    ) -> _Listed:
        """The whole list; the newest of them are kept, because a window that scrolls asks for the same one again."""
        wanted = replace(asked.wanted, communities=caller.narrowed(community))
        language = caller.login.language.value
        key = (replace(asked, wanted=wanted), language, places.version, standings.head)
        with self._lock:
            held = self._lists.get(key)
        if held is not None:
            return held
        found = chosen(places, self._hanging(places), wanted)
        kept = [one for one in found if asked.health in (None, standings.of(one.number).health)]
        made = _Listed(
            lines=ordered(kept, places, standings, asked.order, backward=asked.backward, language=language),
            counts=_counts(by_health(found, standings)),
        )
        with self._lock:
            self._lists[key] = made
            while len(self._lists) > _LISTS_KEPT:
                self._lists.pop(next(iter(self._lists)))
        return made

    def _hanging(self, places: Places) -> Counter[int]:
        """How many hang on each; counted once for each version of the registry."""
        version, held = self._supplies
        if version != places.version:
            held = supplied(places)
            self._supplies = (places.version, held)
        return held


def _in_sight(caller: Caller, places: Places, community: int | None) -> None:
    if community is not None and not (caller.sees(community) and community in places.communities):
        raise ProblemError(Problems.NOT_FOUND)


def _counts(found: Mapping[HealthName, int]) -> HealthCounts:
    return HealthCounts(
        fault=found.get("fault", 0),
        attention=found.get("attention", 0),
        unseen=found.get("unseen", 0),
        ok=found.get("ok", 0),
    )


def _branch(number: int, places: Places, classes: Mapping[str, Counter[HealthName]]) -> CommunityBranch:
    whole: Counter[HealthName] = Counter()
    for count in classes.values():
        whole.update(count)
    return CommunityBranch(
        community=places.community_ref(number),
        counts=_counts(whole),
        classes=[
            ClassCount(
                class_id=class_id,
                name=places.class_name(class_id),
                total=count.total(),
                fault=count["fault"],
                attention=count["attention"],
                unseen=count["unseen"],
            )
            for class_id, count in sorted(classes.items())
        ],
    )
