"""Backtests for pages: nobody looks beyond their communities, and everybody at their own."""

from __future__ import annotations

from dataclasses import replace

from api import findings as kinds
from api.access import Caller
from api.models.backtests import Backtest, BacktestFinding, BacktestList, BacktestQuestion
from api.models.base import Bilingual
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError, WrongField
from core.ports.backtests import BacktestAsk, BacktestState

_MOST_MS = 400 * 86_400_000


class BacktestDesk:
    """What people do with backtests."""

    def __init__(self, ports: ApiPorts) -> None:
        """Join registry, workers and clock."""
        self._ports = ports

    def start(self, caller: Caller, body: BacktestQuestion) -> Backtest:
        """Begin one, over what this login sees."""
        if not 0 < body.to_ms - body.from_ms <= _MOST_MS:
            raise ProblemError(Problems.INVALID, errors=[WrongField("body.from_ms", kinds.BACKTEST_TIME())])
        ask = BacktestAsk(
            rule=body.rule or "",
            text=body.text,
            class_id=body.class_id or "",
            communities=self._communities(caller, body),
            cells=tuple(body.cells),
            facilities=tuple(body.facilities),
            from_ms=body.from_ms,
            to_ms=body.to_ms,
            accept_min=body.accept_min,
            work_min=body.work_min,
        )
        return _shown(self._ports.backtests.start(ask, caller.login.username, self._ports.clock.now_ms()))

    def all(self, caller: Caller) -> BacktestList:
        """One's own, newest first."""
        mine = self._ports.backtests.of(caller.login.username)
        return BacktestList(items=[_shown(replace(state, report=None)) for state in mine])

    def look(self, caller: Caller, number: str) -> Backtest:
        """One of one's own."""
        return _shown(_known(self._ports.backtests.look(caller.login.username, number)))

    def stop(self, caller: Caller, number: str) -> Backtest:
        """Have it end with what there is."""
        return _shown(_known(self._ports.backtests.stop(caller.login.username, number)))

    def _communities(self, caller: Caller, body: BacktestQuestion) -> tuple[str, ...]:
        """Those asked for, or all this login sees; one out of sight does not exist."""
        seen = {one.code for one in self._ports.registry.communities() if caller.sees(one.number)}
        if not seen.issuperset(body.communities):
            raise ProblemError(Problems.NOT_FOUND)
        if body.communities or caller.login.everywhere:
            return tuple(body.communities)
        if not seen:
            raise ProblemError(Problems.NOT_FOUND)
        return tuple(sorted(seen))


def _known(state: BacktestState | None) -> BacktestState:
    if state is None:
        raise ProblemError(Problems.NOT_FOUND)
    return state


def _shown(state: BacktestState) -> Backtest:
    ask = state.ask
    return Backtest(
        id=state.id,
        status=state.status,
        started_ms=state.started_ms,
        question=BacktestQuestion(
            rule=ask.rule or None,
            text=ask.text,
            class_id=ask.class_id or None,
            communities=list(ask.communities),
            cells=list(ask.cells),
            facilities=list(ask.facilities),
            from_ms=ask.from_ms,
            to_ms=ask.to_ms,
            accept_min=ask.accept_min,
            work_min=ask.work_min,
        ),
        share=state.share,
        left_s=state.left_s,
        readings=state.readings,
        report=None if state.report is None else dict(state.report),
        wrong=[
            BacktestFinding(
                code=one.code,
                line=one.line,
                column=one.column,
                what=Bilingual.of(one.what),
                fix=Bilingual.of(one.fix),
            )
            for one in state.wrong
        ],
        problem=None if state.problem is None else Bilingual.of(state.problem),
    )
