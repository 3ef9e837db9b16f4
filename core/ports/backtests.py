"""Backtests as pages ask for them: started, followed, stopped; each runs in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from core.places import Text


class BacktestStatus(StrEnum):
    """How a backtest is."""

    RUNNING = "running"
    DONE = "done"
    """To its end."""
    STOPPED = "stopped"
    """By somebody, or because its time was over; the report is of the part that was done."""
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class BacktestAsk:
    """What is to be replayed; empty fields do not restrict.

    Attributes:
        rule: id of a rule in force; text: rules as a rule file has them, instead; neither: the whole book.
        class_id: rules of this class alone.
        communities, cells, facilities: codes.
        from_ms, to_ms: the time.
        accept_min, work_min: what is assumed of people: minutes until a task is accepted, and until it is repaired.
    """

    rule: str = ""
    text: str = ""
    class_id: str = ""
    communities: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    facilities: tuple[str, ...] = ()
    from_ms: int
    to_ms: int
    accept_min: int = 15
    work_min: int = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class WrongInQuestion:
    """One thing that was wrong with the question: ``line`` and ``column`` of the rules' text, 0 where it has none."""

    code: str
    line: int
    column: int
    what: Text
    fix: Text


@dataclass(frozen=True, kw_only=True, slots=True)
class BacktestState:
    """One backtest.

    Attributes:
        id: letters and digits, not to be guessed.
        owner: login that started it.
        started_ms: wall clock.
        share: how much of the time is done, 0 to 1; left_s: seconds it will take at this pace.
        readings: judged so far.
        report: what ``twingrid rule backtest --json`` prints; ``None`` while it runs, and when it failed.
        wrong: what was wrong with the question; problem: why it failed otherwise.
    """

    id: str
    owner: str
    ask: BacktestAsk
    status: BacktestStatus
    started_ms: int
    share: float = 0.0
    left_s: float = 0.0
    readings: int = 0
    report: Mapping[str, Any] | None = None
    wrong: tuple[WrongInQuestion, ...] = ()
    problem: Text | None = None


class Backtests(Protocol):
    """Runs backtests; bounded in number and time."""

    def start(self, ask: BacktestAsk, owner: str, now_ms: int) -> BacktestState:
        """Begin one.

        Raises:
            core.errors.Refused: if too many run already.
        """
        ...

    def of(self, owner: str) -> Sequence[BacktestState]:
        """Those of a login, newest first."""
        ...

    def look(self, owner: str, number: str) -> BacktestState | None:
        """One of a login's."""
        ...

    def stop(self, owner: str, number: str) -> BacktestState | None:
        """Have it end with what there is; the report follows shortly."""
        ...
