"""Backtests of rules: started, followed, stopped."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from api.guard import PREFIX, GuardedRoute
from api.models.backtests import Backtest, BacktestList, BacktestQuestion
from api.routes.inputs import Asking, Desk

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute, tags=["rules"])
BacktestInPath = Annotated[
    str, Path(min_length=1, max_length=64, pattern="^[a-f0-9]+$", examples=["5f0c1e0e6c1b4a538a1b2d7f"])
]


@router.post("/backtests", operation_id="start_backtest", summary="Replay rules over the stored past", status_code=201)
def start_backtest(body: BacktestQuestion, caller: Asking, desk: Desk) -> Backtest:
    """How many cases they would have made, for whom and when; over the communities one sees.

    It runs in the background: look at it until its status is no longer `running`. One at a time for each login.
    """
    return desk.backtests.start(caller, body)


@router.get("/backtests", operation_id="list_backtests", summary="One's own backtests")
def list_backtests(caller: Asking, desk: Desk) -> BacktestList:
    """Of the last hour, newest first, without their reports."""
    return desk.backtests.all(caller)


@router.get("/backtests/{backtest}", operation_id="get_backtest", summary="How far a backtest is, and its report")
def get_backtest(backtest: BacktestInPath, caller: Asking, desk: Desk) -> Backtest:
    """One's own only."""
    return desk.backtests.look(caller, backtest)


@router.post("/backtests/{backtest}/stop", operation_id="stop_backtest", summary="End a backtest with what there is")
def stop_backtest(backtest: BacktestInPath, caller: Asking, desk: Desk) -> Backtest:
    """The report of the part that was done follows within a second or two, marked as not complete."""
    return desk.backtests.stop(caller, backtest)
