"""Folding: one outage, one alarm."""

from __future__ import annotations

from fastapi import APIRouter

from api.guard import PREFIX, GuardedRoute
from api.models.folding import AlarmFolding
from api.routes.inputs import AlarmInPath, Asking, Desk

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute, tags=["alarms"])


@router.get("/alarms/{alarm}/folding", operation_id="get_alarm_folding", summary="What belongs to one outage")
def get_alarm_folding(alarm: AlarmInPath, caller: Asking, desk: Desk) -> AlarmFolding:
    """The alarm that says it all, the alarms that are folded into this one, and what cannot be seen because of it."""
    return desk.folding.one(caller, alarm)
