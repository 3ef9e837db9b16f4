"""Rules changed in the pages: files, record, conflicts, what a fault leaves alone; without a core."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.database import open_database
from app.rule_editor import RuleEditor
from app.rule_files import classes
from app.rule_reload import ReloadAnswer, ReloadDesk
from app.settings import RulesSettings, Settings
from app.wiring import rule_sources
from core.cases import Conflict
from core.errors import Invalid, Refused
from core.ports.rule_editing import EditKind, RuleState
from registry.rule_edits import SqlRuleEdits, rule_edit
from rules.language.load import load_rules
from rules.rule_set import RuleSet

CLASSES = classes()
RULE = "pump-level-high"


class House:
    """An installation's data folder with an editor."""

    def __init__(self, folder: Path, engine: sa.Engine, book: Path | None = None) -> None:
        self.settings = Settings(data_dir=folder, rules=RulesSettings(book=book))
        self.record = SqlRuleEdits(engine)
        self.in_force = load_rules(rule_sources(self.settings.rule_folder), CLASSES)
        self.fits = True

    def editor(self) -> RuleEditor:
        """One more, as another process would have it."""
        return RuleEditor(self.settings, CLASSES, self.record, lambda: self.in_force, self.fit)

    def fit(self, rules: RuleSet) -> None:
        """Whether rules fit the facilities."""
        if not self.fits:
            raise Refused("no")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    """A database with the record's table."""
    made = open_database(f"sqlite:///{tmp_path / 'd.sqlite'}")
    rule_edit.create(made)
    yield made
    made.dispose()


@pytest.fixture
def house(tmp_path: Path, engine: sa.Engine) -> House:
    """One that goes by the rules that came with Twingrid."""
    return House(tmp_path / "data", engine)


def written(house: House) -> dict[str, str]:
    """The rule files by name."""
    return {Path(name).name: text for name, text in rule_sources(house.settings.rule_folder).items()}


def test_the_first_edit_copies_the_book_and_changes_one_line(house: House) -> None:
    """All files come along, one line of one differs, the record says who, when, from what to what and why."""
    editor, shipped = house.editor(), written(house)
    entry, text = editor.text(RULE) or pytest.fail("no rule")
    assert entry.state is RuleState.IN_FORCE
    assert not editor.shelf().is_own
    saved = editor.save(RULE, entry.version, text.replace("level > 2 m", "level > 2.4 m"), "silt", "ming", 77)
    assert not saved.in_force  # no core runs
    now = written(house)
    assert now == {
        **shipped,
        "sewage_pump.yaml": shipped["sewage_pump.yaml"].replace("level > 2 m\n", "level > 2.4 m\n"),
    }
    line = editor.edits(RULE)[0]
    assert (line.kind, line.actor, line.at_ms, line.note) == (EditKind.CHANGED, "ming", 77, "silt")
    assert (line.before, line.after) == (text, text.replace("level > 2 m", "level > 2.4 m"))
    shelf = editor.shelf()
    assert shelf.is_own
    assert [one.rule_id for one in shelf.rules if one.state is RuleState.WAITING] == [RULE]
    assert load_rules(now, CLASSES).by_id[RULE].when_text == "level > 2.4 m"


def test_a_template_is_edited_as_one_entry(house: House) -> None:
    """All its rules follow; what it stands for is told, and words are of the one that is asked for."""
    editor = house.editor()
    (entry,) = [one for one in editor.shelf().rules if one.rule_id == "sensor-spike"]
    assert (entry.state, entry.file) == (RuleState.IN_FORCE, "sensor_health.yaml")
    assert all(one.state is RuleState.IN_FORCE for one in editor.shelf().rules)
    _, text = editor.text("sensor-spike") or pytest.fail("no template")
    shown = editor.draft(text, None, "sensor-spike", "sensor-spike.indoor_air.co2")
    assert shown.is_sound
    assert shown.same
    assert (shown.member, shown.class_id, shown.reads) == ("sensor-spike.indoor_air.co2", "indoor_air", ("co2",))
    co2 = next(one for one in shown.members if one.rule_id == shown.member)
    assert (co2.class_id, co2.measurement, co2.limit) == ("indoor_air", "co2", "2000 [ppm]")
    assert editor.draft(text, None, "sensor-spike").member == shown.members[0].rule_id
    saved = editor.save("sensor-spike", entry.version, text.replace("over 2 h", "over 4 h"), "", "ming", 1)
    assert saved.rule_id == "sensor-spike"
    rules = load_rules(written(house), CLASSES).by_id
    assert {rules[one.rule_id].when_text.split(" over ")[1][:3] for one in shown.members} == {"4 h"}
    assert [one.rule_id for one in editor.edits("sensor-spike")] == ["sensor-spike"]
    renamed = editor.draft(text.replace("id: sensor-spike", "id: sensor-leap"), None, "sensor-spike")
    assert [one.finding.kind.code for one in renamed.faults] == ["TG-0071"]


def test_the_second_editor_of_one_rule_is_told_and_loses_nothing(house: House) -> None:
    """It is refused with the name of the first; another rule of the same file goes through."""
    first, second = house.editor(), house.editor()
    entry, text = first.text(RULE) or pytest.fail("no rule")
    other, other_text = second.text("pump-high-float") or pytest.fail("no rule")
    first.save(RULE, entry.version, text.replace("2 m", "2.4 m"), "", "ming", 1)
    with pytest.raises(Conflict) as caught:
        second.save(RULE, entry.version, text.replace("2 m", "3 m"), "", "hua", 2)
    assert caught.value.code == "changed"
    assert "ming" in caught.value.in_language("zh")
    second.save("pump-high-float", other.version, other_text.replace("10 s", "20 s"), "", "hua", 3)
    rules = load_rules(written(house), CLASSES)
    assert rules.by_id[RULE].when_text == "level > 2.4 m"
    assert rules.by_id["pump-high-float"].for_ms == 20_000
    assert [one.actor for one in first.edits()] == ["hua", "ming"]


def test_of_many_at_once_one_wins(house: House) -> None:
    """Eight editors with one base: one saves, seven are told; the file is one of theirs, whole."""
    entry, text = house.editor().text(RULE) or pytest.fail("no rule")
    texts = [text.replace("level > 2 m", f"level > 2.{place} m") for place in range(1, 9)]
    outcome: list[str] = []

    def go(wish: str) -> None:
        try:
            house.editor().save(RULE, entry.version, wish, "", "x", 1)
            outcome.append("saved")
        except Conflict:
            outcome.append("told")

    threads = [threading.Thread(target=go, args=(wish,)) for wish in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome) == ["saved", *["told"] * 7]
    assert (house.editor().text(RULE) or ("", ""))[1] in texts
    assert len(house.editor().edits(RULE)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "- id: pump-level-high\n",
        "- id: other-name\n  class: sewage_pump\n",
        "nonsense",
        "",
        "- id: a\n- id: b\n",
    ],
)
def test_a_text_with_faults_changes_nothing(house: House, text: str) -> None:
    """No file, no folder, no line of the record."""
    editor, before = house.editor(), written(house)
    entry, _ = editor.text(RULE) or pytest.fail("no rule")
    with pytest.raises(Invalid) as caught:
        editor.save(RULE, entry.version, text, "", "ming", 1)
    assert caught.value.findings
    assert written(house) == before
    assert not house.settings.own_rules.exists()
    assert editor.edits() == []


def test_rules_that_do_not_fit_and_a_broken_neighbour_change_nothing(
    house: House, tmp_path: Path, engine: sa.Engine
) -> None:
    """As the core would say it; a fault of another file is told with its place."""
    editor = house.editor()
    entry, text = editor.text(RULE) or pytest.fail("no rule")
    house.fits = False
    with pytest.raises(Refused):
        editor.save(RULE, entry.version, text.replace("2 m", "3 m"), "", "ming", 1)
    assert editor.edits() == []
    book = tmp_path / "book"
    book.mkdir()
    (book / "a.yaml").write_text(text, encoding="utf-8")
    own = House(tmp_path / "own", engine, book)
    (book / "b.yaml").write_text("- id: b\n", encoding="utf-8")
    mine = own.editor()
    entry, text = mine.text(RULE) or pytest.fail("no rule")
    with pytest.raises(Invalid) as caught:
        mine.save(RULE, entry.version, text.replace("2 m", "3 m"), "", "ming", 1)
    assert {one.file for one in caught.value.findings} == {"b.yaml"}
    assert (book / "a.yaml").read_text(encoding="utf-8") == text
    assert mine.shelf().wrong


def test_a_new_rule_and_one_taken_out_and_put_back(house: House) -> None:
    """A template is sound as it stands; a rule that goes stays in the record and comes back from it."""
    editor = house.editor()
    text = editor.template("sewage_pump", "en")
    assert text is not None
    draft = editor.draft(text, None, "")
    assert draft.is_sound
    added = editor.save("", "", text, "", "ming", 1)
    assert (editor.text(added.rule_id) or [None])[0] is not None
    again = editor.draft(text, None, "")
    assert [fault.finding.code for fault in again.faults if fault.is_error] == ["TG-0306"]
    entry, standing = editor.text(RULE) or pytest.fail("no rule")
    editor.remove(RULE, entry.version, "not needed", "ming", 2)
    assert editor.text(RULE) is None
    assert RULE not in load_rules(written(house), CLASSES).by_id
    gone = editor.edits(RULE)[0]
    assert (gone.kind, gone.after) == (EditKind.REMOVED, "")
    editor.save("", "", gone.before, "", "ming", 3)
    assert (editor.text(RULE) or ("", ""))[1] == standing
    with pytest.raises(Conflict):
        editor.remove("never-was", "", "", "ming", 4)


@pytest.mark.parametrize("class_id", sorted(CLASSES))
def test_every_class_has_a_template_that_is_sound(house: House, class_id: str) -> None:
    """And words for its form."""
    editor = house.editor()
    text = editor.template(class_id, "zh")
    if not CLASSES[class_id].measurements:
        assert text is None
        return
    assert text is not None
    assert editor.draft(text, None, "").is_sound
    assert "mean" in editor.words(class_id).aggregates


def test_a_draft_says_what_check_says(house: House) -> None:
    """Errors with line, column and field; oddities beside the other rules; cost and words without errors."""
    editor = house.editor()
    _, text = editor.text(RULE) or pytest.fail("no rule")
    wrong = editor.draft(text.replace("level > 2 m", "levl > 2 m"), None, RULE)
    fault = next(one for one in wrong.faults if one.is_error)
    assert (fault.finding.code, fault.finding.line, fault.finding.column, fault.field) == ("TG-0311", 3, 9, "when")
    assert "level" in fault.finding.fix_in("zh")
    assert wrong.cost is None
    twice = editor.draft(text.replace(RULE, "my-own"), None, "")
    assert [(one.finding.code, one.field) for one in twice.faults] == [("TG-0335", "when")]
    good = editor.draft(text, None, RULE)
    assert (good.faults, good.same, good.reads) == ((), True, ("level",))
    assert [(one.value, one.kind) for one in good.limits] == [(2.0, "high")]
    assert good.cost is not None
    assert good.cost["nodes"] > 0
    assert len(good.sentences) >= 2


def test_a_form_is_put_into_the_text(house: House) -> None:
    """The draft's text has the changed field, its form the same."""
    editor = house.editor()
    _, text = editor.text(RULE) or pytest.fail("no rule")
    shown = dict(editor.draft(text, None, RULE).form or {})
    shown["for"] = "3 min"
    draft = editor.draft(text, shown, RULE)
    assert draft.text == text.replace("  for: 2 min\n", "  for: 3 min\n")
    assert draft.form == shown
    assert not draft.same


def test_what_the_core_refuses_is_put_back(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is as it was, and the record says both."""
    editor = house.editor()
    entry, text = editor.text(RULE) or pytest.fail("no rule")
    editor.save(RULE, entry.version, text.replace("2 m", "2.1 m"), "", "ming", 1)
    before = written(house)
    refusal = ReloadAnswer(token="", at_ms=1, accepted=False, version="", rules=1)
    monkeypatch.setattr(editor, "_reloaded", lambda: refusal)
    entry, text = editor.text(RULE) or pytest.fail("no rule")
    with pytest.raises(Refused):
        editor.save(RULE, entry.version, text.replace("2.1 m", "2.2 m"), "", "ming", 2)
    assert written(house) == before
    assert [(one.actor, one.after) for one in editor.edits(RULE)][:2] == [
        ("system", text),
        ("ming", text.replace("2.1 m", "2.2 m")),
    ]


def test_a_core_that_runs_is_asked_and_believed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer's counts come along."""
    monkeypatch.setattr("app.rule_editor.core_runs", lambda settings: True)
    desk = ReloadDesk(house.settings.core_status_file.parent)
    changes = {"kept": ["a", "b"], "changed": [RULE], "added": [], "removed": []}

    def answered(own: ReloadDesk, token: str, wait_s: float) -> ReloadAnswer | None:
        assert desk.asked() == token
        return ReloadAnswer(token=token, at_ms=1, accepted=True, version="v", rules=3, changes=changes)

    monkeypatch.setattr("app.rule_editor.answered", answered)
    editor = house.editor()
    entry, text = editor.text(RULE) or pytest.fail("no rule")
    saved = editor.save(RULE, entry.version, text.replace("2 m", "2.1 m"), "", "ming", 1)
    assert (saved.in_force, saved.kept, saved.changed) == (True, 2, 1)
