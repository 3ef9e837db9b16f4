"""Projects and their money, cost books, who has no money to go on with, what to renew first."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.guard import PREFIX, GuardedRoute
from api.models.funds import (
    CostBooks,
    Entry,
    EntryForm,
    FacilityCosts,
    FundsWarnings,
    Ledger,
    ProjectDetail,
    ProjectForm,
    Projects,
    Renewals,
)
from api.routes.inputs import Asking, CommunityQuery, Desk, IdempotencyKey, NumberInPath, TimeQuery

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute, tags=["funds"])

MostQuery = Annotated[int, Query(ge=1, le=1000, alias="limit", description="so many of them at most")]


@router.get("/projects", operation_id="list_projects", summary="Projects and their money")
def list_projects(caller: Asking, desk: Desk, community: CommunityQuery = None) -> Projects:
    """Start-up and follow-up money by source."""
    return desk.funds.projects(caller, community)


@router.post("/projects", operation_id="create_project", summary="Keep a new project")
def create_project(body: ProjectForm, caller: Asking, desk: Desk) -> ProjectDetail:
    """A facility is paid for by one operating project at most."""
    return desk.funds.keep(caller, 0, body)


@router.put("/projects/{project}", operation_id="change_project", summary="Change a project")
def change_project(project: NumberInPath, body: ProjectForm, caller: Asking, desk: Desk) -> ProjectDetail:
    """Its ledger stays as it is."""
    return desk.funds.keep(caller, project, body)


@router.get("/projects/{project}/ledger", operation_id="get_project_ledger", summary="The ledger of a project")
def get_project_ledger(project: NumberInPath, caller: Asking, desk: Desk) -> Ledger:
    """Oldest first."""
    return desk.funds.ledger(caller, project)


@router.post("/projects/{project}/ledger", operation_id="enter_funds", summary="Enter money")
def enter_funds(project: NumberInPath, body: EntryForm, caller: Asking, desk: Desk, key: IdempotencyKey) -> Entry:
    """A line is never changed; a slip is taken back by one of the opposite sign."""
    return desk.funds.enter(caller, project, body, key)


@router.get("/cost-books", operation_id="list_cost_books", summary="Cost books by month")
def list_cost_books(
    caller: Asking, desk: Desk, community: CommunityQuery = None, from_ms: TimeQuery = None, to_ms: TimeQuery = None
) -> CostBooks:
    """One for each owner, so that merged villages stay apart; of the last year by default."""
    return desk.funds.books(caller, community=community, from_ms=from_ms, to_ms=to_ms)


@router.get("/facilities/{facility}/costs", operation_id="get_facility_costs", summary="What a facility has cost")
def get_facility_costs(facility: NumberInPath, caller: Asking, desk: Desk, most: MostQuery = 100) -> FacilityCosts:
    """By year and kind, with the cases behind it; what stands in the books of other facilities is apart."""
    return desk.funds.costs(caller, facility, most)


@router.get("/funds-warnings", operation_id="list_funds_warnings", summary="Who has no money to go on with")
def list_funds_warnings(
    caller: Asking, desk: Desk, community: CommunityQuery = None, most: MostQuery = 200
) -> FundsWarnings:
    """Follow-up money of facilities in use beside what their maintenance will cost over 12 months, the worst first."""
    return desk.funds.warnings(caller, community, most)


@router.get("/renewals", operation_id="list_renewals", summary="What to renew first")
def list_renewals(caller: Asking, desk: Desk, community: CommunityQuery = None, most: MostQuery = 200) -> Renewals:
    """By condition, risk, people served and the cost of waiting, each with its reasons."""
    return desk.funds.renewals(caller, community, most)
