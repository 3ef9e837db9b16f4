"""The long runs over rules and texts, for some seconds: ``make proof-rules`` and ``make proof-parser`` go on."""

from __future__ import annotations

import os
import random
import re
from functools import partial
from pathlib import Path
from unittest.mock import patch

import pytest

from core.places import Relation
from rules.engine import looking_back, seasons
from rules.engine.intervals import IntervalBook
from rules.expression import truth_function
from rules.operators import FUNCTIONS, GROUPS, WINDOWS
from tests.faults import parser_proof, rules_proof
from tests.faults.rule_texts import Words
from tests.faults.rules_proof import Figures, on_columns, town_of, town_run

SEED = int(os.environ.get("TWINGRID_SEED", "20261129"))


def test_random_rules_are_judged_as_their_scalar_twins_say() -> None:
    """Some dozen random rules in random towns: every interval and alarm as the naive reading has them."""
    figures = rules_proof.proof_run(SEED, rules=60, expressions=1_000)
    assert figures["unequal"] == 0, figures
    assert figures["rules"] >= 60
    assert figures["expressions"] >= figures["expressions_judged"] + 990
    assert figures["intervals_equal"] > 0


def test_every_word_of_the_language_is_drawn() -> None:
    """What is not drawn is not proven: every aggregate, group, relation and function stands in some text."""
    text = " ".join(Words(random.Random(seed)).condition(3) for seed in range(3_000))
    called = set(re.findall(r"\w+(?=\()", text))
    assert {*WINDOWS, *FUNCTIONS} <= called
    grouped = {word for word in GROUPS if re.search(rf"\b{word}\([^()]*(\([^()]*\)[^()]*)*\) of ", text)}
    assert grouped == set(GROUPS)
    assert {relation.value for relation in Relation} == set(re.findall(r"\) of ([\w.]+)", text))


def test_a_week_that_is_learned_wrongly_is_seen() -> None:
    """Weeks are short in a town, so that what is learned is known: an engine that looks an hour amiss is caught."""
    right = seasons.asked
    amiss = partial(patch.object, attribute="asked", new=lambda plan, slot: right(plan, slot) - 1)
    town_run(23, 20, Figures.none())
    with amiss(seasons), amiss(looking_back), pytest.raises(AssertionError, match="town 23 of 20 rules"):
        town_run(23, 20, Figures.none())


def test_a_town_that_is_judged_wrongly_is_seen() -> None:
    """The comparison can fail: an engine that forgets the last interval is caught."""
    whole = IntervalBook.of
    with (
        patch.object(IntervalBook, "of", lambda book, machine: list(whole(book, machine))[:-1]),
        pytest.raises(AssertionError, match="town 2 of 40 rules"),
    ):
        town_run(2, 40, Figures.none())


def test_a_condition_that_is_evaluated_wrongly_is_seen() -> None:
    """The comparison of columns can fail: a condition beside the twin of its negation is caught."""
    town = town_of(1, 5, Figures.none())
    condition = town.rules[0].when
    on_columns(condition, 1, Figures.none())
    evaluate = truth_function(condition)
    turned = patch.object(rules_proof, "truth_function", lambda node: lambda columns: evaluate(columns)[::-1])
    with turned, pytest.raises(AssertionError):
        on_columns(condition, 1, Figures.none())


def test_any_text_is_answered_in_time() -> None:
    """Some thousand texts: each a tree, rules or findings with places, within its time."""
    figures = parser_proof.proof_run(SEED, conditions=1_600, files=400)
    assert figures["inputs"] == 2_000
    assert figures["sound"] > 100
    assert figures["refused"] > 100


def test_a_text_that_crashes_the_reader_is_seen() -> None:
    """The run fails with the text, whatever the reader raised."""
    with (
        patch.object(parser_proof, "read_rules", side_effect=RecursionError("too deep")),
        pytest.raises(AssertionError, match="RecursionError too deep of file"),
    ):
        parser_proof.proof_run(SEED, conditions=1, files=1)


def test_spoilt_texts_are_the_same_for_a_seed() -> None:
    """A seed repeats its texts: what a run found can be seen again."""
    texts = [[parser_proof.a_file(rng) for _ in range(50)] for rng in (random.Random(5), random.Random(5))]
    assert texts[0] == texts[1]
    assert len({kind for kind, _ in texts[0]}) == 3
    assert Path(parser_proof.BOOK).is_dir()
