"""Whose something became is told by name."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from api.history_notes import named
from api.models.base import Bilingual
from api.places import Places

NAMES = {3: Bilingual(zh="王网格", en="Wang"), 4: Bilingual(zh="李维修", en="Li")}
PLACES = cast(Places, SimpleNamespace(person_ref=lambda number: SimpleNamespace(id=number, name=NAMES[number])))


@pytest.mark.parametrize(
    ("what", "note", "said"),
    [
        ("assigned", "person 3", "王网格 / Wang"),
        ("assigned", "nobody", "无人 / nobody"),
        ("escalated", "person 4", "李维修 / Li"),
        ("ladder_on_duty", "handle: person 3, person 4", "王网格、李维修 / Wang, Li"),
        ("ladder_leads", "handle: nobody", "无人 / nobody"),
        ("return", "ask person 3 about it", "ask person 3 about it"),
    ],
)
def test_numbers_of_people_become_names_where_a_line_tells_whom(what: str, note: str, said: str) -> None:
    """All of them, in both languages; what somebody wrote stays as it is."""
    assert named(what, note, PLACES) == said
