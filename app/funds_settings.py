"""What a city says of money: what an hour counts, how long things are made for, what makes a renewal urgent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, model_validator

from app.settings_section import Section
from dispatch.funds_desk import Money
from dispatch.renewal import Weights

Weight = Annotated[float, Field(ge=0, le=1000)]
Years = Annotated[float, Field(gt=0, le=200)]
_MONEY, _WEIGHTS = Money(), Weights()


class WeightSettings(Section):
    """What counts how much in the order of renewal; the four need not add up to anything."""

    condition: Weight = _WEIGHTS.condition
    risk: Weight = _WEIGHTS.risk
    people: Weight = _WEIGHTS.people
    waiting: Weight = _WEIGHTS.waiting

    @model_validator(mode="after")
    def _weighs(self) -> WeightSettings:
        Weights(**self.model_dump())
        return self


class FundsSettings(Section):
    """Costs, forecasts and renewal."""

    labour_fen_per_h: Annotated[int, Field(ge=0, le=1_000_000)] = _MONEY.labour_fen_per_h
    """What an hour of a worker counts in cost books, fen."""
    history_years: Years = _MONEY.history_years
    """So far back repairs are looked at."""
    life_years: Mapping[str, Years] = {}
    """How long a class of facilities is made for; a class that is not here is judged by its repairs alone."""
    weights: WeightSettings = WeightSettings()

    def money(self) -> Money:
        """The numbers as dispatch takes them."""
        return Money(
            labour_fen_per_h=self.labour_fen_per_h,
            history_years=self.history_years,
            life_years=dict(self.life_years),
            weights=Weights(**self.weights.model_dump()),
        )
