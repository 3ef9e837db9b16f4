"""What a day has changed, for the overview and the wall screen."""

from __future__ import annotations

from typing import Final

from api.access import Caller
from api.models.places import CommunityChange, CommunityChanges
from api.places import PlaceBook
from api.ports import ApiPorts
from core.ports import changes as rows

DAY_MS: Final = 86_400_000


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
        items = []
        for number in sorted(places.communities):
            if caller.sees(number):
                figures = found.get(number) or _nothing(number)
                items.append(
                    CommunityChange(
                        **dict(places.community_ref(number)),
                        alarmed_before=figures.alarmed_before,
                        alarms_opened=figures.alarms_opened,
                        alarms_ended=figures.alarms_ended,
                        cases_before=figures.cases_before,
                        cases_opened=figures.cases_opened,
                        cases_closed=figures.cases_closed,
                        overdue_new=figures.overdue_new,
                        unseen_ms=figures.unseen_ms,
                        unseen_before_ms=figures.unseen_before_ms,
                    )
                )
        return CommunityChanges(from_ms=now_ms - DAY_MS, to_ms=now_ms, items=items)


def _nothing(community: int) -> rows.CommunityChanges:
    return rows.CommunityChanges(
        community=community,
        alarmed_before=0,
        alarms_opened=0,
        alarms_ended=0,
        cases_before=0,
        cases_opened=0,
        cases_closed=0,
        overdue_new=0,
        unseen_ms=0,
        unseen_before_ms=0,
    )
