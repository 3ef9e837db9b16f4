"""Backtests of rules."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, JsonValue

from api.models.base import Bilingual, Model, TimeMs
from core.ports.backtests import BacktestStatus

Code = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$", examples=["wtl-c2"])]
MAX_TEXT = 49_152


class BacktestQuestion(Model):
    """What is to be replayed; without ``rule`` and ``text`` the whole book. Empty lists do not restrict."""

    rule: Code | None = Field(None, description="id of a rule in force")
    text: str = Field("", max_length=MAX_TEXT, description="rules as a rule file has them, instead of `rule`")
    class_id: Code | None = Field(None, description="rules of this class alone")
    communities: list[Code] = Field(default_factory=list, max_length=100)
    cells: list[Code] = Field(default_factory=list, max_length=100)
    facilities: list[Code] = Field(default_factory=list, max_length=1_000)
    from_ms: TimeMs
    to_ms: TimeMs
    accept_min: int = Field(15, ge=0, le=1_440, description="assumed: minutes until a task is accepted")
    work_min: int = Field(60, ge=0, le=10_080, description="assumed: minutes until it is repaired")


class BacktestFinding(Model):
    """One thing that was wrong with the question."""

    code: str = Field(examples=["TG-0062"])
    line: int = Field(ge=0, description="1-based line of the text, 0 where it has none")
    column: int = Field(ge=0)
    what: Bilingual
    fix: Bilingual


class Backtest(Model):
    """A backtest: how far it is, and what it has found."""

    id: str = Field(examples=["5f0c1e0e6c1b4a538a1b2d7f"])
    status: BacktestStatus
    started_ms: TimeMs
    question: BacktestQuestion
    share: float = Field(ge=0, le=1, description="of the time in question")
    left_s: float = Field(ge=0, description="seconds it will take at this pace")
    readings: int = Field(ge=0, description="judged so far")
    report: dict[str, JsonValue] | None = Field(description="as `twingrid rule backtest --json` prints it")
    wrong: list[BacktestFinding] = Field(description="what was wrong with the question")
    problem: Bilingual | None = Field(description="why it failed otherwise")


class BacktestList(Model):
    """One's own backtests of the last hour, newest first, without their reports."""

    items: list[Backtest]
