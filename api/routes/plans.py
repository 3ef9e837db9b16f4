"""Preventive plans and what is due of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.guard import PREFIX, GuardedRoute
from api.models.plans import DoneForm, DoneWorks, DueWorks, PlanDetail, PlanForm, Plans
from api.routes.funds import MostQuery
from api.routes.inputs import Asking, CommunityQuery, Desk, NumberInPath

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute, tags=["plans"])
PlanQuery = Annotated[int | None, Query(ge=0, le=2_147_483_647, description="number of a plan")]


@router.get("/plans", operation_id="list_plans", summary="Preventive plans")
def list_plans(caller: Asking, desk: Desk) -> Plans:
    """Retired ones too."""
    del caller
    return desk.plans.plans()


@router.post("/plans", operation_id="create_plan", summary="Keep a new plan")
def create_plan(body: PlanForm, caller: Asking, desk: Desk) -> PlanDetail:
    """By running hours, cycles, calendar or condition; whichever comes first."""
    return desk.plans.keep(caller, 0, body)


@router.put("/plans/{plan}", operation_id="change_plan", summary="Change a plan, or retire it")
def change_plan(plan: NumberInPath, body: PlanForm, caller: Asking, desk: Desk) -> PlanDetail:
    """What is open of it stays open."""
    return desk.plans.keep(caller, plan, body)


@router.get("/due-work", operation_id="list_due_work", summary="What preventive work is due")
def list_due_work(
    caller: Asking, desk: Desk, plan: PlanQuery = None, community: CommunityQuery = None, most: MostQuery = 200
) -> DueWorks:
    """Where the work of a plan, or of all, stands, and why, the most urgent first."""
    return desk.plans.due(caller, plan, community, most)


@router.get("/done-work", operation_id="list_done_work", summary="What preventive work was done")
def list_done_work(
    caller: Asking, desk: Desk, plan: PlanQuery = None, community: CommunityQuery = None, most: MostQuery = 200
) -> DoneWorks:
    """Given out as cases, or written down, the newest first."""
    return desk.plans.done(caller, plan, community, most)


@router.post("/plans/{plan}/done", operation_id="write_down_work", status_code=204, summary="Write down what was done")
def write_down_work(plan: NumberInPath, body: DoneForm, caller: Asking, desk: Desk) -> None:
    """Work that was done outside of all this: its interval counts from then."""
    desk.plans.write_down(caller, plan, body)
