"""Two edits of one thing are merged by field: what one side changed is taken, what both changed is for a person."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.merging import RULES, Diverged, FieldConflict, Merged, merge, signed

NAMES = ("a", "b", "c", "d")
PAIR = (frozenset({"c", "d"}),)
VALUES = st.sampled_from(["", "1", "2", "3"])
WHOLE = st.fixed_dictionaries(dict.fromkeys(NAMES, VALUES))
EDIT = st.dictionaries(st.sampled_from(NAMES), VALUES)


def merged(base: dict[str, str], mine: dict[str, str], theirs: dict[str, str]) -> Merged[str]:
    """With the pair that is one decision."""
    return merge(base, mine, theirs, empty="", together=PAIR)


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "taken", "moved", "conflict"),
    [
        ("1", "1", "1", {}, [], []),
        ("1", "1", "2", {}, ["a"], []),
        ("1", "2", "1", {"a": "2"}, [], []),
        ("1", "2", "2", {}, [], []),
        ("1", "2", "3", {}, [], ["a"]),
        ("1", "", "1", {"a": ""}, [], []),
        ("1", "", "2", {}, [], ["a"]),
        ("", "2", "", {"a": "2"}, [], []),
    ],
)
def test_one_field(
    base: str, mine: str, theirs: str, taken: dict[str, str], moved: list[str], conflict: list[str]
) -> None:
    """The table, one line each."""
    found = merged({"a": base}, {"a": mine}, {"a": theirs})
    assert found.taken == taken
    assert [one.field for one in found.moved] == moved
    assert [one.field for one in found.conflicts] == conflict


def test_the_table_has_every_line_that_can_be() -> None:
    """Of eight, three contradict themselves."""
    possible = {(mine != 0, theirs != 0, mine == theirs) for mine, theirs in product(range(3), repeat=2)}
    assert set(RULES) == possible


def test_what_is_one_decision_is_decided_as_one() -> None:
    """Half of a pair each is a conflict over the whole pair, with both values of both."""
    found = merged({"c": "1", "d": "1"}, {"c": "2"}, {"c": "1", "d": "3"})
    assert [(one.field, one.base, one.mine, one.theirs) for one in found.conflicts] == [
        ("c", "1", "2", "1"),
        ("d", "1", "1", "3"),
    ]
    assert {one.together for one in found.conflicts} == {("c", "d")}


@given(WHOLE, EDIT, WHOLE)
def test_nothing_typed_disappears(base: dict[str, str], mine: dict[str, str], theirs: dict[str, str]) -> None:
    """What the edit changes is taken, stands already, or is shown to a person; what stands goes only where the edit
    was based on it."""
    found = merged(base, mine, theirs)
    result = {**theirs, **found.taken}
    open_ = {one.field: one for one in found.conflicts}
    for name, value in mine.items():
        if value != base[name]:
            assert result[name] == value or open_[name].mine == value
    for name, value in theirs.items():
        if value != base[name]:
            assert result[name] == value
            known = {one.field for one in found.moved} | open_.keys()
            assert name in known or mine.get(name, base[name]) == value


@given(WHOLE, EDIT, EDIT)
def test_edits_of_different_fields_may_come_in_any_order(
    base: dict[str, str], one: dict[str, str], other: dict[str, str]
) -> None:
    """Both orders end the same, without a question."""
    pairs = {"c": "cd", "d": "cd"}
    touched = {pairs.get(name, name) for name in one}
    other = {name: value for name, value in other.items() if pairs.get(name, name) not in touched}
    ends = []
    for first, second in ((one, other), (other, one)):
        after = {**base, **merged(base, first, base).taken}
        found = merged(base, second, after)
        assert found.conflicts == ()
        ends.append({**after, **found.taken})
    assert ends[0] == ends[1]


@given(WHOLE, EDIT, WHOLE)
def test_an_edit_that_is_sent_again_changes_nothing(
    base: dict[str, str], mine: dict[str, str], theirs: dict[str, str]
) -> None:
    """Its answer may have been lost."""
    found = merged(base, mine, theirs)
    after = {**theirs, **found.taken}
    again = merged(base, mine, after)
    assert again.taken == {}
    assert again.conflicts == found.conflicts


@given(WHOLE, EDIT, WHOLE, st.booleans())
def test_a_choice_ends_a_conflict(
    base: dict[str, str], mine: dict[str, str], theirs: dict[str, str], keep: bool
) -> None:
    """Sent again from what stands, with the fields that were chosen; the rest of the edit goes with it."""
    found = merged(base, mine, theirs)
    asked = {one.field: one for one in found.conflicts}
    own = {**mine, **{name: one.mine for name, one in asked.items()}}
    chosen = own if keep else {name: value for name, value in own.items() if name not in asked}
    again = merged({**base, **{name: one.theirs for name, one in asked.items()}}, chosen, theirs)
    assert again.conflicts == ()
    result = {**theirs, **again.taken}
    for name, one in asked.items():
        assert result[name] == (one.mine if keep else one.theirs)


def test_who_changed_it_is_said_where_it_is_known() -> None:
    """A conflict and what moved bear a name and a time; without changes nobody is asked."""
    found = merged({"a": "1", "b": "1"}, {"a": "2"}, {"a": "3", "b": "4"})
    known = signed(found, lambda field: ("li", 7) if field == "a" else None)
    assert [(one.by, one.at_ms) for one in known.conflicts] == [("li", 7)]
    assert [(one.by, one.at_ms) for one in known.moved] == [("", None)]
    error = Diverged("both", known.conflicts)
    assert error.code == "diverged"
    assert isinstance(error.conflicts[0], FieldConflict)
