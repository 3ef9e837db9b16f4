"""Where nobody evaluates, keeps money or plans: empty answers, and refusals to write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from api import findings as kinds
from core.cases import Actor
from core.errors import Refused
from core.ports.evaluation import Evaluation, Line
from core.ports.funds import Balance, BookLine, FacilityCosts, FundEntry, FundsWarning, Project, Renewal
from core.ports.preventive import DoneWork, DueWork, Plan

_NOTHING = Line(
    key="", cases=0, ended=0, tasks=0, load=0.0, labour_min=0, spent_fen=0, waited_ms=0, blind_ms=0, shares=()
)


class NoEvaluations:
    """Where nothing is evaluated."""

    def evaluate(self, from_ms: int, to_ms: int, now_ms: int, communities: frozenset[int] | None = None) -> Evaluation:
        """Nothing was counted."""
        return Evaluation(from_ms=from_ms, to_ms=to_ms, known_ms=now_ms, whole=_NOTHING, parts={}, trainings=())


class NoFunds:
    """Where no money is kept."""

    def projects(self, communities: frozenset[int] | None = None) -> Sequence[Project]:
        """None."""
        return ()

    def keep_project(self, project: Project, actor: Actor, now_ms: int) -> Project:
        """Refused."""
        raise Refused(kinds.NO_FUNDS())

    def enter(self, entry: FundEntry, actor: Actor, now_ms: int, key: str = "") -> FundEntry:
        """Refused."""
        raise Refused(kinds.NO_FUNDS())

    def entries(self, project: int) -> Sequence[FundEntry]:
        """None."""
        return ()

    def balances(self, projects: Sequence[int]) -> Mapping[int, Sequence[Balance]]:
        """None."""
        return dict.fromkeys(projects, ())

    def books(self, from_ms: int, to_ms: int, communities: frozenset[int] | None = None) -> Sequence[BookLine]:
        """None."""
        return ()

    def costs(self, facility: int, most: int, communities: frozenset[int] | None = None) -> FacilityCosts:
        """None."""
        return FacilityCosts(book="", labour_fen_per_h=0, years=(), cases=(), total=0, elsewhere=())

    def warnings(self, now_ms: int, communities: frozenset[int] | None = None) -> Sequence[FundsWarning]:
        """None."""
        return ()

    def renewals(self, now_ms: int, communities: frozenset[int] | None = None) -> Sequence[Renewal]:
        """None."""
        return ()


class NoPlans:
    """Where no plans are kept."""

    def plans(self) -> Sequence[Plan]:
        """None."""
        return ()

    def keep_plan(self, plan: Plan, actor: Actor, now_ms: int) -> Plan:
        """Refused."""
        raise Refused(kinds.NO_FUNDS())

    def write_down(self, plan: int, facility: int, done_ms: int, note: str, actor: Actor, now_ms: int) -> None:
        """Refused."""
        raise Refused(kinds.NO_FUNDS())

    def due(self, now_ms: int, communities: frozenset[int] | None = None, plan: int | None = None) -> Sequence[DueWork]:
        """None."""
        return ()

    def works(self, plan: int | None, most: int, communities: frozenset[int] | None = None) -> Sequence[DoneWork]:
        """None."""
        return ()
