"""What can be reported, and how much people can bear, as the settings have it."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.settings import DispatchSettings
from core.errors import Invalid
from dispatch.intakebook import load_intake
from dispatch.policy import Policy


def test_a_city_has_its_own_table_and_bounds(tmp_path: Path) -> None:
    """Named in the settings; a file that is not there is said, not passed over."""
    own = tmp_path / "events.yaml"
    own.write_text(
        "events: [{event: other, severity: low, lead: governance, say: {zh: 其他, en: Other}}]", encoding="utf-8"
    )
    settings = DispatchSettings(intake=own, admit_per_person=8, department_most=4)
    policy = Policy(**settings.of_policy())
    assert list(policy.intake.events) == ["other"]
    assert (policy.admit_per_person, policy.department_most) == (8, 4)
    assert Policy(**DispatchSettings().of_policy()).intake is load_intake()
    with pytest.raises(Invalid) as caught:
        DispatchSettings(intake=tmp_path / "nowhere.yaml").of_policy()
    assert caught.value.findings[0].code == "TG-3155"
