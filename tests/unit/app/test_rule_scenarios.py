"""A rule that is being edited is held against its scenarios, in memory and within a time."""

from __future__ import annotations

from app.rule_files import classes
from app.rule_scenarios import TrialAsk, scenario_texts, try_rule
from app.settings import Settings
from app.wiring import rule_sources
from rules.editing.blocks import blocks

CLASSES = classes()
TEXTS = scenario_texts(Settings())


def text_of(rule_id: str) -> str:
    """A rule of the book."""
    found = (one.text(text) for text in rule_sources(None).values() for one in blocks(text) if one.rule_id == rule_id)
    return next(found)


def test_a_rule_of_the_book_passes_and_an_edit_of_it_fails() -> None:
    """The failed one says what was expected and what came, in both languages, and stands first."""
    text = text_of("pump-dry-run")
    sound = try_rule(TrialAsk(text=text, limit_s=60), TEXTS, CLASSES)
    assert sound.cases
    assert all(one.passed for one in sound.cases)
    assert any(one.expects for one in sound.cases)
    assert (sound.left_out, sound.wrong) == (0, ())
    edited = try_rule(TrialAsk(text=text.replace("for: 30 s", "for: 2 min"), limit_s=60), TEXTS, CLASSES)
    failed = [one for one in edited.cases if not one.passed]
    assert edited.cases[: len(failed)] == tuple(failed)
    dry = next(one for one in failed if one.name == "dry-run")
    assert (dry.file, dry.differences[0].rule_id) == ("sewage_pump.yaml", "pump-dry-run")
    assert "1 min 30 s" in dry.differences[0].expected[0].en
    assert "3 min" in dry.differences[0].got[0].en
    assert "开始" in dry.differences[0].got[0].zh


def test_what_was_not_begun_in_time_is_counted() -> None:
    """No time at all: nothing is played, and nothing is called passed."""
    found = try_rule(TrialAsk(text=text_of("pump-dry-run"), limit_s=-1), TEXTS, CLASSES)
    assert found.cases == ()
    assert found.left_out > 0


def test_a_template_plays_the_scenarios_of_all_its_classes() -> None:
    """Each of its rules against those of its own class."""
    found = try_rule(TrialAsk(text=text_of("sensor-spike"), limit_s=120), TEXTS, CLASSES)
    assert found.cases
    assert [one.name for one in found.cases if not one.passed] == []
