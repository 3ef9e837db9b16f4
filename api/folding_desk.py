"""What an alarm has to do with others; nobody sees an alarm or a facility outside their communities."""

from __future__ import annotations

from api import views
from api.access import Caller
from api.models.base import Bilingual
from api.models.folding import AlarmFolding, UnseenView
from api.places import PlaceBook, Places
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError
from api.reach import sees_alarm
from core.ports.folding import Folding


class FoldingDesk:
    """One question: what belongs to an outage."""

    def __init__(self, ports: ApiPorts, places: PlaceBook) -> None:
        """Join dispatch and places."""
        self._ports = ports
        self._places = places

    def one(self, caller: Caller, alarm_id: str) -> AlarmFolding:
        """What took an alarm in, what it took in, and what it hides.

        Raises:
            ProblemError: ``NOT_FOUND`` for an alarm out of sight.
        """
        found = self._ports.cases.alarm(alarm_id)
        if found is None or not sees_alarm(caller, self._ports.cases, alarm_id, found.alarm.community):
            raise ProblemError(Problems.NOT_FOUND)
        folding, places = self._ports.folds.folding(alarm_id), self._places.now()
        into = folding.into if folding.into is not None and caller.sees(folding.into.community) else None
        return AlarmFolding(
            into=views.alarm(into, places) if into is not None else None,
            folded=[views.alarm(row, places) for row in folding.folded if caller.sees(row.community)],
            unseen=_unseen(folding, caller, places),
        )


def _unseen(folding: Folding, caller: Caller, places: Places) -> UnseenView | None:
    if folding.unseen is None:
        return None
    known = (places.facility(number) for number in folding.unseen.facilities)
    return UnseenView(
        say=Bilingual.of(folding.say),
        gateways=folding.unseen.gateways,
        devices=folding.unseen.devices,
        facilities=[places.ref_of(one) for one in known if one is not None and caller.sees(one.community)],
    )
