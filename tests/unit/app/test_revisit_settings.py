"""When people are asked, and about how many cases, as the settings have it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.revisit_settings import RevisitSettings
from app.settings import Settings
from dispatch.revisit.choosing import DAY_MS, RevisitPolicy


def test_without_settings_it_is_as_proposed() -> None:
    """The figures stand in one place."""
    assert Settings().revisits.policy() == RevisitPolicy()


def test_days_share_and_tries_are_the_citys() -> None:
    """Days become milliseconds; half a day is one too."""
    made = RevisitSettings(due_days=0.5, open_days=7, share=0.25, tries=2, phone_days=10).policy()
    assert made == RevisitPolicy(due_ms=DAY_MS // 2, open_ms=7 * DAY_MS, share=0.25, phone_ms=10 * DAY_MS, tries=2)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"due_days": 14, "open_days": 14}, "due_days (14) must be less than open_days (14)"),
        ({"open_days": 40}, "phone_days (30) must not be less than open_days (40)"),
        ({"share": 1.5}, "less than or equal to 1"),
        ({"due_days": -1}, "greater than or equal to 0"),
        ({"tries": 0}, "greater than or equal to 1"),
        ({"days": 3}, "Extra inputs"),
    ],
)
def test_what_cannot_work_is_refused(values: dict[str, float], said: str) -> None:
    """Over before it is due, without a number to call, or no share at all."""
    with pytest.raises(ValidationError) as caught:
        RevisitSettings(**values)  # type: ignore[arg-type]
    assert said in str(caught.value)


@given(due=st.floats(0, 90), open_=st.floats(0.01, 365), phone=st.floats(0.01, 365))
def test_what_is_let_through_is_in_order(due: float, open_: float, phone: float) -> None:
    """A call is due before the end, and its number is there until then."""
    try:
        made = RevisitSettings(due_days=due, open_days=open_, phone_days=phone).policy()
    except ValidationError:
        assert due >= open_ or phone < open_
        return
    assert 0 <= made.due_ms <= made.open_ms <= made.phone_ms
