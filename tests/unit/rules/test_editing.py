"""A rule as a form and as text: no loss in either direction, and nothing is touched that nobody has changed."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from app.rule_files import classes
from app.wiring import rule_sources
from rules.editing.blocks import as_block, blocks, with_block, with_more
from rules.editing.conditions import Condition, condition_of, written
from rules.editing.fields import drop, field_at, put
from rules.editing.form import ORDER, Due, LevelForm, Pair, RuleForm, Target, form_of, with_form
from rules.editing.rows import Row
from rules.editing.values import form_from, values_of
from rules.expression import form
from rules.language.load import read_rules
from rules.rule_set import Rule
from tests.unit.rules.town import rule_set, rule_text

CLASSES = classes()
BOOK = {block.rule_id: (file, block.text(text)) for file, text in rule_sources(None).items() for block in blocks(text)}
LEVELS = """\
- id: well-level  # the head
  class: drain_well
  # why three
  levels:
    - {severity: low, when: freeboard < 0.8 m, for: 10 min}  # first
    - severity: medium
      when: freeboard < 0.5 m
      clear: freeboard > 0.6 m
  clear: freeboard > 1 m
  lead: construction
  say: {zh: 井内水位高, en: "The well is full"}
  do:
    - nothing
  source: here
  evidence: proposal
"""


def only(text: str) -> Rule:
    """The one rule of a text."""
    read = read_rules({"rule": text}, CLASSES)
    assert read.findings == ()
    return read.rules[0].rule


def anew(condition: Condition | None) -> Condition | None:
    """The same as if somebody had filled in every field."""
    if condition is None:
        return None
    parts = (tuple(row if row.kind == "text" else replace(row, text="") for row in part) for part in condition.parts)
    return replace(condition, parts=tuple(parts))


def retyped(shown: RuleForm) -> RuleForm:
    """A form in which every condition was filled in again."""
    levels = tuple(replace(one, when=condition_of(written(anew(one.when) or one.when))) for one in shown.levels)
    return replace(shown, when=anew(shown.when), clear=anew(shown.clear), levels=levels)


# --- the whole book -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule_id", sorted(BOOK))
def test_a_rule_of_the_book_survives_the_form(rule_id: str) -> None:
    """Untouched the text stays byte for byte; filled in anew the rule judges alike, and its form is the same."""
    _, text = BOOK[rule_id]
    shown = form_of(text)
    assert shown is not None
    assert with_form(text, shown) == text
    assert form_from(values_of(shown)) == shown
    again = with_form(text, retyped(shown))
    assert only(again).fingerprint == only(text).fingerprint
    assert only(again).info == only(text).info


@pytest.mark.parametrize("file", sorted(rule_sources(None)))
def test_a_file_is_its_blocks_and_what_lies_between(file: str) -> None:
    """Every rule is found, and putting each back where it was changes nothing."""
    text = rule_sources(None)[file]
    found = blocks(text)
    assert [one.rule_id for one in found] == [one["id"] for one in yaml.safe_load(text)]
    for one in found:
        assert with_block(text, one, one.text(text)) == text
        assert only(one.text(text)).id.startswith(one.rule_id)  # a template stands for many rules


def test_the_form_draws_nearly_all_conditions_of_the_book() -> None:
    """At least nine of ten rows have fields; the others stay text."""
    shown = [form_of(text) for _, text in BOOK.values()]
    conditions = [one.when for one in shown if one] + [one.clear for one in shown if one]
    rows = [row for one in conditions if one for part in one.parts for row in part]
    assert sum(row.kind != "text" for row in rows) >= 0.9 * len(rows)


def test_a_rule_taken_out_and_put_in_leaves_the_others_alone() -> None:
    """The file reads as before but for the rule."""
    text = rule_sources(None)["sewage_pump.yaml"]
    found = blocks(text)
    one = found[1]
    shorter = with_block(text, one, "")
    assert [two.rule_id for two in blocks(shorter)] == [two.rule_id for two in found if two != one]
    longer = with_more(shorter, one.text(text))
    assert {two.text(longer) for two in blocks(longer)} == {two.text(text) for two in found}


# --- conditions ---------------------------------------------------------------------------------------------------

NUMBER = st.integers(-9, 9).map(str) | st.sampled_from(["0.5", "1e3", ".25"])
COMPARED = st.builds("{} {} {}".format, st.sampled_from("ab"), st.sampled_from([">", ">=", "<", "<="]), NUMBER)
WINDOWED = st.builds(
    "{}({}) over {} > {}".format,
    st.sampled_from(["mean", "avg", "max", "stddev"]),
    st.sampled_from("abc"),
    st.sampled_from(["10 min", "1h"]),
    NUMBER,
)
RANGED = st.builds("{} {} [{}, 2000]".format, st.sampled_from("ab"), st.sampled_from(["in", "outside"]), NUMBER)
OTHER = st.sampled_from(
    ["a + b > 2", "abs(a) < 3", "occupied", "not night", "stuck(a) over 1 h", "a > facility.x", "2 < b", "in season s"]
)
CONDITION = st.recursive(
    COMPARED | WINDOWED | RANGED | OTHER,
    lambda inner: (
        st.builds("({} and {})".format, inner, inner)
        | st.builds("({} or {})".format, inner, inner)
        | st.builds("{} and {}".format, inner, inner)
        | st.builds("{} or {}".format, inner, inner)
        | st.builds("not ({})".format, inner)
        | st.builds("at least 1 of ({}, {})".format, inner, inner)
    ),
    max_leaves=8,
)


@given(CONDITION)
def test_a_condition_survives_its_rows(text: str) -> None:
    """Rows as they were cut and rows filled in anew both mean what was written, and give the same rows again."""
    anchor = "(a > 0 or b > 0) and "  # a condition must need a reading
    before = form(rule_set(rule_text("r", f"{anchor}({text})")).rules[0].when)
    for condition in (condition_of(text), anew(condition_of(text))):
        assert condition is not None
        again = written(condition)
        assert form(rule_set(rule_text("r", f"{anchor}({again})")).rules[0].when) == before
        assert written(condition_of(again)) == again


@given(st.text(max_size=60))
def test_what_is_no_condition_stays_a_text(text: str) -> None:
    """Nothing is lost and nothing raises."""
    condition = condition_of(text)
    rows = [row for part in condition.parts for row in part]
    if len(rows) == 1 and rows[0].kind == "text":
        assert written(condition) == text.strip()


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("level > 2 m", Row(kind="compare", measurement="level", operator=">", limit="2", unit="m")),
        ("u <= -1.50 V", Row(kind="compare", measurement="u", operator="<=", limit="-1.50", unit="V")),
        (
            "mean(co2) over 10 min >= 1000 [ppm]",
            Row(
                kind="compare",
                measurement="co2",
                aggregate="mean",
                window="10 min",
                operator=">=",
                limit="1000",
                unit="[ppm]",
            ),
        ),
        (
            "t outside [5 Cel, 35 Cel]",
            Row(
                kind="compare",
                measurement="t",
                operator="outside",
                limit="5",
                unit="Cel",
                upper="35",
                upper_unit="Cel",
            ),
        ),
        (
            "level < facility.start_level m",
            Row(kind="compare", measurement="level", operator="<", limit="facility.start_level", unit="m"),
        ),
        ("parent.u_a > 198 V", Row(kind="compare", measurement="parent.u_a", operator=">", limit="198", unit="V")),
        ("abs(tilt) > 7 [ppth]", Row(kind="formula", measurement="abs(tilt)", operator=">", limit="7", unit="[ppth]")),
        ("not planned_work", Row(kind="term", measurement="planned_work", operator="not")),
        ("in season heating", Row(kind="term", measurement="in season heating", operator="is")),
        ("a > b + 2 m", Row(kind="text")),
        ("not (a > 1)", Row(kind="text")),
    ],
)
def test_a_row_has_the_fields_that_are_written(text: str, row: Row) -> None:
    """Numbers as they are written, not as they are computed."""
    assert condition_of(text).parts == ((replace(row, text=text),),)


def test_rows_are_joined_as_they_bind() -> None:
    """``and`` binds more strongly; one parenthesis with the other word is a part of its own; deeper stays text."""
    assert [len(part) for part in condition_of("a > 1 and b > 1 or c > 1").parts] == [2, 1]
    assert condition_of("a > 1 and b > 1 or c > 1").join == "any"
    assert [len(part) for part in condition_of("a > 1 and (b > 1 or c > 1)").parts] == [1, 2]
    assert condition_of("a > 1 and (b > 1 or (c > 1 and a < 0))").parts[1][1].kind == "text"


def test_a_typed_row_does_not_fall_apart() -> None:
    """A text with ``or`` in a row among rows that must all be so stands in parentheses."""
    rows = ((Row(kind="text", text="a > 1 or b > 1"),), (Row(kind="text", text="c > 1"),))
    assert written(Condition(join="all", parts=rows)) == "(a > 1 or b > 1) and c > 1"


# --- fields -------------------------------------------------------------------------------------------------------


def test_one_changed_limit_changes_one_line() -> None:
    """Comments, order and every other line stay."""
    text = BOOK["pump-level-high"][1].replace("  for: 2 min\n", "  for: 2 min  # filling takes long\n")
    shown = form_of(text)
    assert shown is not None
    assert shown.when is not None
    row = replace(shown.when.parts[0][0], limit="2.4")
    changed = with_form(text, replace(shown, when=replace(shown.when, parts=((row,),))))
    different = [(a, b) for a, b in zip(text.split("\n"), changed.split("\n"), strict=True) if a != b]
    assert different == [("  when: level > 2 m", "  when: level > 2.4 m")]


def test_fields_are_added_in_their_place_and_taken_out() -> None:
    """A field that comes stands behind its neighbour; one that goes takes its line, and its comment, along."""
    text = BOOK["pump-level-high"][1]
    shown = form_of(text)
    assert shown is not None
    more = with_form(text, replace(shown, latching="true", for_="", deadline=Due()))
    assert "  lead: construction\n  latching: true\n" in more
    assert "  for:" not in more
    assert "deadline" not in more
    assert only(more).info.latching
    assert with_form(more, shown).count("\n") == text.count("\n")
    assert only(with_form(more, shown)).info == only(text).info


def test_how_long_a_repair_is_observed_is_a_field_of_the_form() -> None:
    """Written, changed to *none*, taken out: the rule reads as it was said, and the rest stays."""
    text = LEVELS.removesuffix("\n") + "\n"
    shown = form_of(text)
    assert shown is not None
    for said, observed in (("6 h", 6 * 3_600_000), ("none", 0)):
        written_so = with_form(text, replace(shown, observe=said))
        again = form_of(written_so)
        assert again is not None
        assert again.observe == said
        assert only(written_so.replace("do:\n    - nothing", "do: {zh: [看], en: [look]}")).info.observe_ms == observed
        assert with_form(written_so, shown) == text


def test_texts_and_steps_are_written_so_that_they_read_the_same() -> None:
    """Whatever somebody types: signs of YAML, quotation marks, line ends, blanks at the ends."""
    text = BOOK["pump-level-high"][1]
    shown = form_of(text)
    assert shown is not None
    steps = (Pair(zh="停泵: 是", en='say "stop" # now'), Pair(zh="- 看", en="{look}"), Pair(zh="好", en="a, b"))
    typed = replace(shown, say=Pair(zh="'水'", en="a: b"), steps=steps, source=Pair(zh="GB 1", en="GB 1"))
    rule = only(with_form(text, typed))
    assert (rule.info.say.zh, rule.info.say.en) == ("'水'", "a: b")
    assert [(one.zh, one.en) for one in rule.info.do] == [(one.zh, one.en) for one in steps]
    assert rule.source.document.en == "GB 1"


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40))
def test_any_text_is_read_back(said: str) -> None:
    """Of one line, but for blanks at its ends; what a YAML file cannot hold at all is escaped."""
    text = BOOK["pump-level-high"][1]
    shown = form_of(text)
    assert shown is not None
    changed = form_of(with_form(text, replace(shown, say=Pair(zh=said, en=said))))
    assert changed is not None
    assert changed.say == Pair(zh=said.strip(), en=said.strip())


def test_levels_are_changed_one_by_one_and_added() -> None:
    """Each keeps its style and its comment; a new one stands behind the others."""
    shown = form_of(LEVELS)
    assert shown is not None
    assert with_form(LEVELS, shown) == LEVELS
    first = replace(shown.levels[0], for_="20 min", when=condition_of("freeboard < 0.9 m"))
    changed = with_form(LEVELS, replace(shown, levels=(first, shown.levels[1])))
    assert "    - {severity: low, when: freeboard < 0.9 m, for: 20 min}  # first\n" in changed
    assert changed.replace("0.9 m, for: 20 min", "0.8 m, for: 10 min") == LEVELS
    worst = LevelForm(severity="high", when=condition_of("freeboard < 0.2 m"), for_="1 min")
    more = form_of(with_form(LEVELS, replace(shown, levels=(*shown.levels, worst))))
    assert more is not None
    assert [(one.severity, one.for_) for one in more.levels] == [("low", "10 min"), ("medium", ""), ("high", "1 min")]
    fewer = form_of(with_form(LEVELS, replace(shown, levels=shown.levels[1:])))
    assert fewer is not None
    assert [one.severity for one in fewer.levels] == ["medium"]
    assert fewer.levels[0].clear == shown.levels[1].clear


def test_a_place_has_its_field() -> None:
    """So that a finding stands under what it is about."""
    line = LEVELS.split("\n").index("      when: freeboard < 0.5 m") + 1
    assert field_at(LEVELS, line, 13) == "levels.1.when"
    assert field_at(LEVELS, 1, 7) == "id"
    assert field_at(LEVELS, 99, 1) == ""


@given(st.sampled_from(sorted(BOOK)), st.sampled_from(ORDER), st.sampled_from(["x", "a: b", "7", "# no"]))
def test_a_field_put_and_dropped_leaves_the_others(rule_id: str, name: str, value: str) -> None:
    """Every other field keeps its text."""
    _, text = BOOK[rule_id]
    before = yaml.safe_load(text)[0]
    changed = yaml.load(put(text, (name,), value, ORDER), yaml.BaseLoader)[0]
    assert changed[name] == value
    assert {key: changed[key] for key in before if key != name}.keys() == {key for key in before if key != name}
    gone = yaml.safe_load(drop(text, (name,)))[0]
    assert gone == {key: inner for key, inner in before.items() if key != name}


@pytest.mark.parametrize("text", ["", "a", "- - - [", "[{id: a}]", "{id: a}", "- id: a\n- id: b\n", "\t", "- &a *a"])
def test_what_is_no_rule_has_no_form_and_stays(text: str) -> None:
    """A text that holds none, or several, is left as it is."""
    some = form_of(BOOK["pump-level-high"][1])
    assert some is not None
    if form_of(text) is None:
        assert with_form(text, some) == text
    assert as_block(as_block(text)) == as_block(text)


# --- groups, votes, levels in another order, templates ------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "row"),
    [
        (
            "count(level > 0.5 m) of cell.governance >= 3",
            Row(
                kind="group",
                aggregate="count",
                measurement="level",
                inner_operator=">",
                inner_limit="0.5",
                inner_unit="m",
                group="cell.governance",
                operator=">=",
                limit="3",
            ),
        ),
        (
            "median(level) of parent in [1 m, facility.top m]",
            Row(
                kind="group",
                aggregate="median",
                measurement="level",
                group="parent",
                operator="in",
                limit="1",
                unit="m",
                upper="facility.top",
                upper_unit="m",
            ),
        ),
        (
            "share(thd_u > 5 %) over 24 h > 5 %",
            Row(
                kind="compare",
                aggregate="share",
                measurement="thd_u",
                inner_operator=">",
                inner_limit="5",
                inner_unit="%",
                window="24 h",
                operator=">",
                limit="5",
                unit="%",
            ),
        ),
        (
            "at least 2 of (a > 1 A, occupied, abs(b) > 2)",
            Row(
                kind="vote",
                limit="2",
                votes=(
                    Row(kind="compare", text="a > 1 A", measurement="a", operator=">", limit="1", unit="A"),
                    Row(kind="term", text="occupied", measurement="occupied", operator="is"),
                    Row(kind="formula", text="abs(b) > 2", measurement="abs(b)", operator=">", limit="2"),
                ),
            ),
        ),
    ],
)
def test_groups_counts_and_votes_have_fields(text: str, row: Row) -> None:
    """And are written from them as they were."""
    assert condition_of(text).parts == ((replace(row, text=text),),)
    assert written(Condition(join="all", parts=((row,),))) == text


@pytest.mark.parametrize(
    "text", ["share(a > 1 and b > 2) over 1 h > 5 %", "at least 2 of (a > 1, )", "count(a > 1) of", "mean(a) over 1 h"]
)
def test_what_has_no_fields_stays_a_formula_or_a_text(text: str) -> None:
    """Nothing is lost of it."""
    row = condition_of(text).parts[0][0]
    assert row.kind in {"formula", "text"}
    assert written(condition_of(text)) == text


def test_a_vote_within_a_vote_is_a_text() -> None:
    """So that forms end somewhere."""
    row = condition_of("at least 1 of (a > 1, at least 1 of (b > 1, c > 1))").parts[0][0]
    assert [one.kind for one in row.votes] == ["compare", "text"]


def lines_of(text: str) -> list[str]:
    """The level lines of a text, bare."""
    whole = text.splitlines()
    begin = whole.index("  levels:") + 1
    return whole[begin : next(n for n in range(begin, len(whole)) if not whole[n].startswith("    "))]


def test_levels_move_with_everything_that_is_theirs() -> None:
    """Comments and fields that no form has go with their level; the rest of the file stays."""
    shown = form_of(LEVELS)
    assert shown is not None
    first, second = shown.levels
    assert (first.origin, second.origin) == (0, 1)
    turned = with_form(LEVELS, replace(shown, levels=(second, first)))
    assert lines_of(turned) == [*lines_of(LEVELS)[1:], lines_of(LEVELS)[0]]
    assert turned.split("  levels:")[0] == LEVELS.split("  levels:")[0]
    assert turned.split("  clear: freeboard > 1 m")[1] == LEVELS.split("  clear: freeboard > 1 m")[1]
    again = form_of(turned)
    assert again is not None
    assert with_form(turned, replace(again, levels=(again.levels[1], again.levels[0]))) == LEVELS


def test_a_level_in_the_middle_is_taken_out_and_another_put_in() -> None:
    """By where each comes from, not by their number."""
    shown = form_of(LEVELS)
    assert shown is not None
    first, second = shown.levels
    new = LevelForm(severity="critical", when=condition_of("freeboard < 0.1 m"), for_="1 min")
    text = with_form(LEVELS, replace(shown, levels=(first, second, new)))
    assert lines_of(text)[-1] == "    - {severity: critical, when: freeboard < 0.1 m, for: 1 min}"
    shown = form_of(text)
    assert shown is not None
    text = with_form(text, replace(shown, levels=(shown.levels[0], shown.levels[2])))
    assert lines_of(text) == [lines_of(LEVELS)[0], "    - {severity: critical, when: freeboard < 0.1 m, for: 1 min}"]


def test_a_plain_rule_gets_levels_and_loses_them() -> None:
    """What stood in the rule stands in its levels, and back."""
    text = BOOK["pump-level-high"][1]
    shown = form_of(text)
    assert shown is not None
    assert shown.when is not None
    low = LevelForm(severity="medium", when=shown.when, for_="2 min")
    high = LevelForm(severity="high", when=condition_of("level > 3 m"), for_="1 min")
    levelled = with_form(text, replace(shown, when=None, severity="", for_="", levels=(low, high)))
    assert len(only(levelled).levels) == 2
    again = form_of(levelled)
    assert again is not None
    back = replace(again, levels=(), when=shown.when, severity="medium", for_="2 min")
    assert only(with_form(levelled, back)).fingerprint == only(text).fingerprint


def test_levels_between_brackets_are_rearranged_too() -> None:
    """A list of one line becomes one of several."""
    begin, end = LEVELS.index("  levels:"), LEVELS.index("  clear: freeboard > 1 m")
    flow = (
        "  levels: [{severity: low, when: freeboard < 0.8 m, for: 1 min}, {severity: high, when: freeboard < 0.5 m}]\n"
    )
    text = LEVELS[:begin] + flow + LEVELS[end:]
    shown = form_of(text)
    assert shown is not None
    turned = form_of(with_form(text, replace(shown, levels=(shown.levels[1], shown.levels[0]))))
    assert turned is not None
    assert [(one.severity, one.for_) for one in turned.levels] == [("high", ""), ("low", "1 min")]


def test_a_template_is_edited_as_what_it_is() -> None:
    """A limit is changed where it stands; measurements come and go; the rules that come of it follow."""
    text = BOOK["sensor-spike"][1]
    shown = form_of(text)
    assert shown is not None
    assert len(shown.targets) > 3
    first = shown.targets[0]
    changed = with_form(text, replace(shown, targets=(replace(first, limit="7 K"), *shown.targets[1:])))
    differs = [pair for pair in zip(text.splitlines(), changed.splitlines(), strict=True) if pair[0] != pair[1]]
    assert len(differs) == 1
    assert f"{first.measurement}: 7 K" in differs[0][1]
    new = (
        Target(class_="hvac", measurement="return_temp", limit="15 K"),
        Target(class_="drain_well", measurement="level"),
    )
    more = form_of(with_form(text, replace(shown, targets=(*shown.targets[1:], *new))))
    assert more is not None
    assert set(more.targets) == {*shown.targets[1:], *new}
    gone = [one for one in shown.targets if one.class_ != first.class_]
    fewer = with_form(text, replace(shown, targets=tuple(gone)))
    assert f"    {first.class_}:" not in fewer
    assert len(read_rules({"rule": fewer}, CLASSES).rules) == len(gone)
