"""Evaluation, money and plans over HTTP: what goes in comes out, in the reader's language, within their sight."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest
from openpyxl import load_workbook
from starlette.testclient import TestClient

from api.application import create_app
from api.no_office import NoEvaluations, NoFunds, NoPlans
from core.cases import Actor
from core.places import Text
from core.ports.closure import Cost
from core.ports.evaluation import Evaluation, Part
from core.ports.funds import (
    Balance,
    BookLine,
    CaseCost,
    Cover,
    FacilityCosts,
    Forecast,
    ForecastBasis,
    FundEntry,
    FundsWarning,
    Project,
    YearOfCosts,
)
from core.ports.preventive import DoneWork, DueState, DueWork, Plan
from core.ports.registry import Owner, OwnerKind
from dispatch import funds_findings, preventive_findings
from dispatch.funds import balances
from tests.unit.api.test_evaluation_report import line
from tests.unit.api.world import NOW_MS, World

DAY = 86_400_000
FORECAST = Forecast(
    basis=ForecastBasis.CLASS,
    months=12,
    level=0.9,
    mean_fen=100,
    low_fen=0,
    high_fen=300,
    likely_fen=150,
    events=1.0,
    repairs=0,
    years=1.0,
    class_repairs=9,
    class_years=9.0,
)


class Evaluations(NoEvaluations):
    """Counts one line of everything for whoever asks."""

    def evaluate(self, from_ms: int, to_ms: int, now_ms: int, communities: frozenset[int] | None = None) -> Evaluation:
        assert communities in (None, frozenset({1}))
        nothing = super().evaluate(from_ms, to_ms, now_ms, communities)
        parts = {Part.COMMUNITY: [line("1")], Part.CELL: [line("")], Part.WORKER: [line("1")]}
        return replace(nothing, whole=line(""), parts=parts)


@dataclass
class Money(NoFunds):
    """Keeps projects and lines in memory."""

    kept: list[Project] = field(default_factory=list)
    lines: list[FundEntry] = field(default_factory=list)

    def projects(self, communities: frozenset[int] | None = None) -> Sequence[Project]:
        return [one for one in self.kept if communities is None or one.community in communities]

    def books(self, from_ms: int, to_ms: int, communities: frozenset[int] | None = None) -> Sequence[BookLine]:
        names = ("village:east", "a book of its own", "")
        return [BookLine(book=one, month="2026-10", cases=1, cost=Cost(), money_fen=1) for one in names]

    def costs(self, facility: int, most: int, communities: frozenset[int] | None = None) -> FacilityCosts:
        assert (facility, communities) == (10, frozenset({1}))
        cost = Cost(labour_min=50, parts_fen=3, contractor_fen=4)
        year = YearOfCosts(year=2026, cases=1, cost=cost, money_fen=5_007)
        say = Text(zh="液位高", en="Level high")
        usual = CaseCost(
            number=1,
            code="C-2026-000001",
            say=say,
            facility=10,
            book="village:east",
            others=0,
            reported_ms=NOW_MS,
            cost=cost,
            money_fen=5_007,
        )
        elsewhere = replace(usual, number=2, facility=11, book="", others=1)
        return FacilityCosts(
            book="village:east",
            labour_fen_per_h=6_000,
            years=[year],
            cases=[usual] * min(most, 1),
            total=1,
            elsewhere=[elsewhere],
        )

    def keep_project(self, project: Project, actor: Actor, now_ms: int) -> Project:
        self.kept = [one for one in self.kept if one.number != project.number]
        self.kept.append(replace(project, number=project.number or len(self.kept) + 1))
        return self.kept[-1]

    def enter(self, entry: FundEntry, actor: Actor, now_ms: int, key: str = "") -> FundEntry:
        self.lines.append(replace(entry, number=len(self.lines) + 1))
        return self.lines[-1]

    def entries(self, project: int) -> Sequence[FundEntry]:
        return [one for one in self.lines if one.project == project]

    def balances(self, projects: Sequence[int]) -> Mapping[int, Sequence[Balance]]:
        return {project: balances(self.entries(project)) for project in projects}

    def warnings(self, now_ms: int, communities: frozenset[int] | None = None) -> Sequence[FundsWarning]:
        why = funds_findings.NO_PROJECT()
        return [
            FundsWarning(
                facility=number,
                project="",
                cover=Cover.NONE,
                left_fen=0,
                due_fen=0,
                months=None,
                forecast=FORECAST,
                why=why,
            )
            for number in (10, 11)
        ]


@dataclass
class Plans(NoPlans):
    """Keeps plans in memory; all of them are due at facility 10."""

    kept: list[Plan] = field(default_factory=list)
    done: list[tuple[int, int, int]] = field(default_factory=list)

    def plans(self) -> Sequence[Plan]:
        return self.kept

    def keep_plan(self, plan: Plan, actor: Actor, now_ms: int) -> Plan:
        self.kept = [one for one in self.kept if one.number != plan.number]
        self.kept.append(replace(plan, number=plan.number or len(self.kept) + 1))
        return self.kept[-1]

    def write_down(self, plan: int, facility: int, done_ms: int, note: str, actor: Actor, now_ms: int) -> None:
        self.done.append((plan, facility, done_ms))

    def works(self, plan: int | None, most: int, communities: frozenset[int] | None = None) -> Sequence[DoneWork]:
        found = [
            DoneWork(
                plan=number,
                facility=facility,
                at_ms=NOW_MS,
                done_ms=done_ms,
                case=None,
                state=None,
                actor="system",
                note="by the maker",
                why=None,
            )
            for number, facility, done_ms in self.done
        ]
        return [one for one in found if plan in {None, one.plan}][:most]

    def due(self, now_ms: int, communities: frozenset[int] | None = None, plan: int | None = None) -> Sequence[DueWork]:
        return [
            DueWork(
                plan=one.number,
                facility=10,
                state=DueState.BLIND,
                due_ms=None,
                used=0.0,
                trigger=None,
                case=None,
                why=preventive_findings.BLIND(),
            )
            for one in self.kept
            if plan in {None, one.number}
        ]


@pytest.fixture
def money() -> Money:
    return Money()


@pytest.fixture
def plans() -> Plans:
    return Plans()


@contextmanager
def office(world: World, money: Money, plans: Plans, username: str = "manager1") -> Iterator[TestClient]:
    """A browser on an application that evaluates, keeps money and plans."""
    ports = replace(world.ports(), evaluations=Evaluations(), funds=money, plans=plans)
    with TestClient(create_app(ports, world.settings), base_url="http://localhost", client=("127.0.0.1", 5)) as client:
        World.log_in(client, username)
        yield client


def test_the_evaluation_is_served_as_data_workbook_and_paper(world: World, money: Money, plans: Plans) -> None:
    """The evaluation is served as data workbook and paper."""
    with office(world, money, plans) as client:
        found = client.get("/api/v1/evaluation?community=1").json()
        assert found["whole"]["shares"][0]["tally"] == {"part": 41, "whole": 44, "excused": 0}
        assert found["communities"][0]["name"]["zh"]
        assert found["to_ms"] - found["from_ms"] == 30 * DAY
        for language, sheet in (("zh", "社区"), ("en", "Communities")):
            answer = client.get(f"/api/v1/evaluation.xlsx?language={language}")
            assert sheet in load_workbook(io.BytesIO(answer.content)).sheetnames
            assert 'filename="evaluation.xlsx"' in answer.headers["content-disposition"]
            paper = client.get(f"/api/v1/evaluation.pdf?language={language}")
            assert (paper.headers["content-type"], paper.content[:5]) == ("application/pdf", b"%PDF-")


def test_spans_that_are_too_long_or_at_the_end_of_days_are_answered(world: World, money: Money, plans: Plans) -> None:
    """Spans that are too long or at the end of days are answered."""
    with office(world, money, plans) as client:
        assert client.get("/api/v1/evaluation?from_ms=0").status_code == 413
        last = 253_402_300_799_999
        assert client.get(f"/api/v1/evaluation.pdf?from_ms={last - DAY}&to_ms={last}").status_code == 200


PROJECT = {
    "code": "lifts",
    "name_zh": "电梯",
    "name_en": "Lifts",
    "community": 1,
    "state": "operating",
    "facilities": [10],
}
KEY = {"Idempotency-Key": "entry-0001"}
LINE = {"kind": "received", "source": "owners", "phase": "follow_up", "amount_fen": 500, "day": "2026-11-01"}


def test_a_project_is_kept_paid_into_and_changed(world: World, money: Money, plans: Plans) -> None:
    """A project is kept paid into and changed."""
    with office(world, money, plans) as client:
        made = client.post("/api/v1/projects", json=PROJECT)
        assert made.status_code == 200, made.text
        number = made.json()["id"]
        assert client.post(f"/api/v1/projects/{number}/ledger", json=LINE).status_code == 422, "it needs a key"
        assert client.post(f"/api/v1/projects/{number}/ledger", json=LINE, headers=KEY).json()["id"] == 1
        assert client.get(f"/api/v1/projects/{number}/ledger").json()["items"][0]["amount_fen"] == 500
        [shown] = client.get("/api/v1/projects").json()["items"]
        [balance] = shown["balances"]
        assert (balance["source"], balance["phase"], balance["left_fen"]) == ("owners", "follow_up", 500)
        changed = client.put(f"/api/v1/projects/{number}", json=PROJECT | {"state": "ended"})
        assert changed.json()["state"] == "ended"


def test_a_book_is_called_as_its_owner_or_as_the_registry_calls_it(world: World, money: Money, plans: Plans) -> None:
    """The key of an owner is no name for people."""
    with office(world, money, plans) as client:
        items = client.get("/api/v1/cost-books").json()["items"]
    owner = world.ports().book.owner_name(Owner(kind=OwnerKind.VILLAGE, code="east"))
    assert [one["name"] for one in items] == [
        {"zh": owner.zh, "en": owner.en},
        {"zh": "a book of its own", "en": "a book of its own"},
        {"zh": "", "en": ""},
    ]


def test_what_a_facility_cost_is_told_by_kind_and_with_the_name_of_its_book(
    world: World, money: Money, plans: Plans
) -> None:
    """Labour as money is what the kinds leave of the sum, so that they add up to it."""
    owner = world.ports().book.owner_name(Owner(kind=OwnerKind.VILLAGE, code="east"))
    with office(world, money, plans) as client:
        found = client.get("/api/v1/facilities/10/costs?limit=1").json()
        assert client.get("/api/v1/facilities/20/costs").status_code == 404, "of a community out of sight"
        assert client.get("/api/v1/facilities/999/costs").status_code == 404
    kinds = {"labour_min": 50, "labour_fen": 5_000, "parts_fen": 3, "contractor_fen": 4, "money_fen": 5_007}
    assert found["years"] == [{"year": 2026, "cases": 1, **kinds}]
    assert found["book"] == found["cases"][0]["book"] == {"zh": owner.zh, "en": owner.en}
    assert (found["cases"][0]["id"], found["total"], found["labour_fen_per_h"]) == (1, 1, 6_000)
    assert (found["elsewhere"][0]["facility"]["id"], found["elsewhere"][0]["book"]) == (11, {"zh": "", "en": ""})


def test_a_cost_book_spans_five_years_at_most(world: World, money: Money, plans: Plans) -> None:
    """Every report of the span is read; a longer one is refused, with the words for it."""
    five_ms = 5 * 366 * 86_400_000
    with office(world, money, plans) as client:
        for span_ms, status in ((five_ms, 200), (five_ms + 1, 413)):
            answer = client.get(f"/api/v1/cost-books?from_ms={NOW_MS - span_ms}&to_ms={NOW_MS}")
            assert answer.status_code == status, answer.text


def test_a_project_of_another_community_does_not_exist(world: World, money: Money, plans: Plans) -> None:
    """A project of another community does not exist."""
    with office(world, money, plans) as client:
        assert client.post("/api/v1/projects", json=PROJECT | {"community": 2}).status_code == 404
        number = client.post("/api/v1/projects", json=PROJECT).json()["id"]
        assert client.put(f"/api/v1/projects/{number}", json=PROJECT | {"community": 2}).status_code == 404
    assert [one.community for one in money.kept] == [1]


def test_warnings_say_why_in_both_languages_and_how_many_there_are(world: World, money: Money, plans: Plans) -> None:
    """Warnings say why in both languages and how many there are."""
    with office(world, money, plans) as client:
        found = client.get("/api/v1/funds-warnings?limit=1").json()
    assert (len(found["items"]), found["total"]) == (1, 2)
    assert found["items"][0]["why"]["zh"] == "没有项目承担其维护费用"
    assert found["items"][0]["project"] is None


PLAN = {
    "code": "pump-year",
    "class_id": "sewage_pump",
    "work_zh": "保养",
    "work_en": "Service",
    "triggers": [{"kind": "calendar", "every": 12}],
    "started_day": "2026-01-01",
    "communities": [1],
}


def test_a_plan_is_kept_shown_with_what_is_due_and_retired(world: World, money: Money, plans: Plans) -> None:
    """A plan is kept shown with what is due and retired."""
    with office(world, money, plans) as client:
        made = client.post("/api/v1/plans", json=PLAN).json()
        assert client.get("/api/v1/plans").json()["items"] == [made]
        [due] = client.get("/api/v1/due-work").json()["items"]
        assert (due["code"], due["state"], due["facility"]["id"]) == ("pump-year", "blind", 10)
        assert client.get(f"/api/v1/due-work?plan={due['plan']}").json()["items"] == [due]
        assert client.get(f"/api/v1/due-work?plan={due['plan'] + 1}").json() == {"items": [], "total": 0}
        assert client.put(f"/api/v1/plans/{made['id']}", json=PLAN | {"active": False}).json()["active"] is False
        done = {"facility": 10, "done_ms": NOW_MS - DAY}
        assert client.post(f"/api/v1/plans/{made['id']}/done", json=done).status_code == 204
        [row] = client.get(f"/api/v1/done-work?plan={made['id']}").json()["items"]
        assert (row["code"], row["done_ms"], row["case"], row["note"]) == (
            made["code"],
            NOW_MS - DAY,
            None,
            "by the maker",
        )
        assert row["by"] == {"zh": "系统", "en": "system"}
        assert client.get("/api/v1/done-work?plan=99").json()["items"] == []
    assert plans.done == [(made["id"], 10, NOW_MS - DAY)]


def test_who_sees_one_community_plans_for_no_other_and_not_for_all(world: World, money: Money, plans: Plans) -> None:
    """Who sees one community plans for no other and not for all."""
    with office(world, money, plans) as client:
        assert client.post("/api/v1/plans", json=PLAN | {"communities": [1, 2]}).status_code == 404
        assert client.post("/api/v1/plans", json=PLAN | {"communities": []}).status_code == 403
        assert client.put("/api/v1/plans/9", json=PLAN).status_code == 404
    assert plans.kept == []


def test_a_severity_that_is_no_preventive_one_is_refused(world: World, money: Money, plans: Plans) -> None:
    """A severity that is no preventive one is refused."""
    with office(world, money, plans) as client:
        assert client.post("/api/v1/plans", json=PLAN | {"severity": "critical"}).status_code == 422


def test_workers_see_none_of_it(world: World, money: Money, plans: Plans) -> None:
    """Workers see none of it."""
    with office(world, money, plans, "maintainer1") as client:
        about_money = ("projects", "funds-warnings", "renewals")
        for path in ("evaluation", "evaluation.pdf", *about_money, "plans", "due-work", "facilities/10/costs"):
            assert client.get(f"/api/v1/{path}").status_code == 403, path
