"""Texts that say the same are one value when edits are merged, whatever their spelling."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.merging import merge
from registry import forms
from registry.columns import column
from registry.meaning import meaning

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[3] / "web/src/registry/sameValues.json").read_text("utf-8")
)
"""The same as the pages are tested with."""
NUMBERS = st.decimals(-180, 180, places=3, allow_nan=False).map(float)
SPELLINGS = st.sampled_from(["{!r}", "{!r}00", " {!r}", "{!r}e0"])
WORDS = st.lists(st.sampled_from(["pump", "lift", "gas"]), min_size=1, max_size=3, unique=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['field']}:{case['one']}={case['other']}")
def test_pages_and_server_agree(case: dict[str, Any]) -> None:
    """On what is one value, and on what a field holds."""
    name = case["field"]
    assert (meaning(name, case["one"]) == meaning(name, case["other"])) is case["same"]
    assert column(name).holds == case["holds"]
    described = {field.name: field.several for kind in forms.kinds([], []) for field in kind.fields}
    assert described.get(name, False) is case["several"]


@pytest.mark.parametrize(
    ("name", "one", "other", "same"),
    [
        ("leave", "2026-12-24", "2026-12-24..2026-12-24", True),
        ("leave", "2026-12-24; 2026-12-01", "2026-12-01；2026-12-24", True),
        ("certificates", "电工|T1|2027-05-01", "电工 | T1 | 2027-05-01", True),
        ("certificates", "电工 | T1", "电工 | T2", False),
        ("shifts", "mon-tue 08:00-12:00", "tue 08:00-12:00; mon 08:00-12:00", True),
        ("polygon", "1 1, 2 1, 2 2", "1.0 1.0, 2.0 1.0, 2.0 2.0, 1.0 1.0", True),
        ("polygon", "1 1, 2 1", "1 1,2 1", False),
        ("color", " red", "red", True),
    ],
)
def test_lists_are_compared_by_what_they_say(name: str, one: str, other: str, same: bool) -> None:
    """What cannot be read is its text; so is a field that nobody knows."""
    assert (meaning(name, one) == meaning(name, other)) is same


@given(NUMBERS, NUMBERS, NUMBERS, SPELLINGS, SPELLINGS)
def test_spelling_decides_nothing(base: float, mine: float, theirs: float, one: str, other: str) -> None:
    """Whatever each side wrote a number like: the same is taken, moved and asked about as with one spelling."""
    plain = [{"latitude": repr(number)} for number in (base, mine, theirs)]
    spelled = [plain[0], {"latitude": one.format(mine)}, {"latitude": other.format(theirs)}]
    expected, found = (merge(*sides, empty="", says=meaning) for sides in (plain, spelled))
    assert found.taken.keys() == expected.taken.keys()
    assert [meaning("latitude", text) for text in found.taken.values()] == [mine] * len(found.taken)
    assert [bool(side.conflicts) for side in (found, expected)] == [len({base, mine, theirs}) == 3] * 2
    assert len(found.moved) == len(expected.moved) == (base == mine != theirs)


@given(WORDS, st.randoms())
def test_the_order_of_a_list_is_no_difference(words: list[str], chance: Any) -> None:
    """Two people who wrote the same words in another order agree."""
    shuffled = sorted(words, key=lambda word: chance.random())
    found = merge({"skills": ""}, {"skills": " ".join(words)}, {"skills": " ".join(shuffled)}, empty="", says=meaning)
    assert (found.taken, found.conflicts) == ({}, ())


def test_a_number_spelled_otherwise_is_no_false_conflict() -> None:
    """Both moved a facility to the same place, one with a zero more; and a base in another spelling is the base."""
    base = {"longitude": "120.10", "latitude": "30.5"}
    together = (frozenset(base),)
    mine = {"longitude": "120.20", "latitude": "30.50"}
    theirs = {"longitude": "120.2", "latitude": "30.5"}
    assert merge(base, mine, theirs, empty="", together=together, says=meaning).conflicts == ()
    untouched = {"longitude": "120.1", "latitude": "30.50"}
    assert merge(base, mine, untouched, empty="", together=together, says=meaning).taken == {"longitude": "120.20"}
