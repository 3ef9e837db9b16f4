"""Rules: listed, read as text and form, checked, tried, saved, taken out of force."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from api.guard import PREFIX, GuardedRoute
from api.models.calendars import CalendarYear
from api.models.rules import (
    DraftQuestion,
    ExplainQuestion,
    PreviewQuestion,
    RuleChange,
    RuleDetail,
    RuleDraft,
    RuleFacilities,
    RuleList,
    RuleMoment,
    RulePreview,
    RuleRemoval,
    RuleSaved,
    RuleTemplate,
    RuleTrial,
    RuleWords,
    TrialQuestion,
)
from api.problems import language_of
from api.routes.inputs import Asking, CommunityQuery, Desk

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute, tags=["rules"])
RuleInPath = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[a-z0-9._-]+$", examples=["pump-dry-run"])]
ClassInPath = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[a-z0-9_]+$", examples=["sewage_pump"])]


@router.get("/rules", operation_id="list_rules", summary="All rules, and how they stand to those in force")
def list_rules(caller: Asking, desk: Desk) -> RuleList:
    """In the order of their files; with those that were taken out of force in the pages."""
    return desk.rules.all(caller)


@router.post("/rules", operation_id="create_rule", summary="Put a new rule in force", status_code=201)
def create_rule(body: RuleChange, caller: Asking, desk: Desk) -> RuleSaved:
    """Written into the file of its class; the core is asked to reload."""
    return desk.rules.save(caller, "", body)


@router.post("/rules/draft", operation_id="draft_rule", summary="Check a rule's text, with a form put in")
def draft_rule(body: DraftQuestion, caller: Asking, desk: Desk) -> RuleDraft:
    """What `twingrid rule check` says of it: everything wrong and odd, and the cost. Nothing is saved."""
    return desk.rules.draft(caller, body)


@router.post("/rules/preview", operation_id="preview_rule", summary="Try a rule on the last 24 h")
def preview_rule(body: PreviewQuestion, caller: Asking, desk: Desk) -> RulePreview:
    """Within seconds: one facility whole, of the others as many as the time allows; over the communities one sees."""
    return desk.rules.preview(caller, body)


@router.post("/rules/trial", operation_id="try_rule", summary="Play the scenarios of a rule that is not saved yet")
def try_rule(body: TrialQuestion, caller: Asking, desk: Desk) -> RuleTrial:
    """What `twingrid rule test` says of it, within seconds; scenarios that were not begun in time are counted."""
    return desk.rules.trial(caller, body)


@router.post("/rules/explain", operation_id="explain_rule", summary="Why a rule's alarm is on at a facility, or is not")
def explain_rule(body: ExplainQuestion, caller: Asking, desk: Desk) -> RuleMoment:
    """What `twingrid rule explain` says of a facility at a moment: values, conditions, and the time that runs."""
    return desk.rules.explain(caller, body)


@router.get("/rules/calendar/{year}", operation_id="get_calendar", summary="The site calendar in a year")
def get_calendar(year: Annotated[int, Path(ge=2000, le=2100)], caller: Asking, desk: Desk) -> CalendarYear:
    """Public holidays with the days worked instead, seasons, opening hours and planned work, as rules go by them."""
    return desk.calendars.year(caller, year)


@router.get("/rules/facilities/{class_id}", operation_id="list_rule_facilities", summary="Facilities to look at")
def list_rule_facilities(
    class_id: ClassInPath,
    caller: Asking,
    desk: Desk,
    community: CommunityQuery = None,
    q: Annotated[str, Query(max_length=80, description="part of a code or name")] = "",
) -> RuleFacilities:
    """The first of a class by code, how many match and how many there are, of those that this login sees."""
    return desk.rules.facilities(caller, class_id, q, community)


@router.get("/rules/template/{class_id}", operation_id="get_rule_template", summary="The beginning of a new rule")
def get_rule_template(class_id: ClassInPath, request: Request, caller: Asking, desk: Desk) -> RuleTemplate:
    """For the first measurement of a class, with comments in the reader's language."""
    return desk.rules.template(caller, class_id, language_of(request))


@router.get("/rules/words/{class_id}", operation_id="get_rule_words", summary="What a form may offer for a class")
def get_rule_words(class_id: ClassInPath, desk: Desk) -> RuleWords:
    """Measurements, aggregates, comparisons, terms of the calendar, attributes."""
    return desk.rules.words(class_id)


@router.get("/rules/{rule}", operation_id="get_rule", summary="A rule as text and as form, and what was done to it")
def get_rule(rule: RuleInPath, caller: Asking, desk: Desk) -> RuleDetail:
    """As it is written in its file."""
    return desk.rules.one(caller, rule)


@router.put("/rules/{rule}", operation_id="save_rule", summary="Put a changed rule in force")
def save_rule(rule: RuleInPath, body: RuleChange, caller: Asking, desk: Desk) -> RuleSaved:
    """If it still is what the edit was based on, and the whole folder loads and fits; else nothing changes."""
    return desk.rules.save(caller, rule, body)


@router.post("/rules/{rule}/remove", operation_id="remove_rule", summary="Take a rule out of force")
def remove_rule(rule: RuleInPath, body: RuleRemoval, caller: Asking, desk: Desk) -> RuleSaved:
    """Its alarms end; the record keeps its text, and it can be put in force again."""
    return desk.rules.remove(caller, rule, body)
