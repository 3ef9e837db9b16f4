"""What a day has changed, for the overview and the wall screen."""

from __future__ import annotations

from dataclasses import fields
from typing import Final

from api.access import Caller
from api.models.places import CommunityChange, CommunityChanges
from api.places import PlaceBook
from api.ports import ApiPorts
from core.ports import changes as rows

DAY_MS: Final = 86_400_000
NOTHING: Final = rows.CommunityChanges(community=0)
"""Of a community in which nothing stood or happened."""
_FIGURES: Final = tuple(one.name for one in fields(rows.CommunityChanges) if one.name != "community")


class ChangeDesk:
    """Answers what is new since yesterday."""

    def __init__(self, ports: ApiPorts, places: PlaceBook) -> None:
        """Join journal and places."""
        self._ports = ports
        self._places = places

    def last_day(self, caller: Caller) -> CommunityChanges:
        """The last 24 h; every community the caller sees, by number, also where nothing happened."""
        now_ms, places = self._ports.clock.now_ms(), self._places.now()
        found = {one.community: one for one in self._ports.changes.changes(now_ms - DAY_MS, now_ms, caller.horizon)}
        items = [
            CommunityChange(
                **dict(places.community_ref(number)),
                **{name: getattr(found.get(number, NOTHING), name) for name in _FIGURES},
            )
            for number in sorted(places.communities)
            if caller.sees(number)
        ]
        return CommunityChanges(from_ms=now_ms - DAY_MS, to_ms=now_ms, items=items)
