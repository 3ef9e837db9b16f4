"""What a city says of money reaches the desk that reckons with it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from app.settings import Settings
from dispatch.funds_desk import Money
from dispatch.renewal import Weights


def test_without_a_word_of_the_city_the_proposals_hold() -> None:
    """An empty section is the same as none."""
    assert Settings().funds.money() == Money(life_years={})


def test_a_city_sets_its_own_numbers() -> None:
    """What it leaves out stays as proposed."""
    wanted = {"labour_fen_per_h": 8_000, "life_years": {"sewage_pump": 12}, "weights": {"people": 0.5}}
    money = Settings.model_validate({"funds": wanted}).funds.money()
    assert (money.labour_fen_per_h, money.history_years) == (8_000, 5.0)
    assert money.life_years == {"sewage_pump": 12.0}
    assert money.weights == Weights(people=0.5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"weights": {"condition": 0, "risk": 0, "people": 0, "waiting": 0}},
        {"weights": {"risk": -1}},
        {"life_years": {"sewage_pump": 0}},
        {"history_years": 0},
        {"labour": 1},
    ],
)
def test_what_weighs_nothing_or_lasts_no_time_is_refused(wrong: dict[str, object]) -> None:
    """At the start, not in the first page that somebody opens."""
    with pytest.raises(ValidationError):
        Settings.model_validate({"funds": wrong})
