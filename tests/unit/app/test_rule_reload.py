"""Requests, answers and kept texts of a reload, without a core."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from app.core_status import CoreStatus, CoreWatch, write_status
from app.rule_reload import ReloadDesk, RuleReloader, compared, removed_rules
from app.rules_in_force import RulesWatch, in_force_file, keep, kept, starting_rules
from app.settings import RulesSettings, Settings
from core.alarms import AnnouncedAlarm, ChangeKind, Interval, Severity
from core.clock import ManualClock
from core.errors import Invalid, Refused
from registry.classbook import load_classes
from rules.engine.engine import Engine
from rules.engine.history import NoHistory
from rules.language.load import load_rules
from rules.rule_set import RuleSet
from tests.unit.rules.town import members, rule_set, rule_text

CLASSES = {name: entry.facility_class for name, entry in load_classes().items()}
RULE = """\
- id: {name}
  class: sewage_pump
  when: level > {limit} m
  severity: high
  lead: construction
  say: {{zh: 液位, en: Level}}
  do: {{zh: [看], en: [look]}}
  source: S
  evidence: proposal
"""


def texts(**limits: float) -> dict[str, str]:
    """A rule file with a limit by rule."""
    return {"rules.yaml": "".join(RULE.format(name=name, limit=limit) for name, limit in limits.items())}


class Core:
    """What a reloader is joined to."""

    def __init__(self, folder: Path, **limits: float) -> None:
        self.folder = texts(**limits)
        self.rules = load_rules(self.folder, CLASSES)
        self.kept: Mapping[str, str] = {}
        self.fits = True
        self.desk = ReloadDesk(folder)
        self.reloader = RuleReloader(
            self.desk, read=self.read, in_force=lambda: self.rules, apply=self.apply, keep=self.keep
        )

    def read(self) -> tuple[Mapping[str, str], RuleSet]:
        """The folder as it is."""
        return self.folder, load_rules(self.folder, CLASSES)

    def apply(self, rules: RuleSet) -> bool:
        """Take them, if they fit."""
        if not self.fits:
            raise Refused("point 3 belongs to two measurements")
        self.rules = rules
        return True

    def keep(self, sources: Mapping[str, str]) -> None:
        """Remember the texts."""
        self.kept = sources


def test_a_request_is_answered_once(tmp_path: Path) -> None:
    """An old request is not answered by a new core; a new one once, with what became of each rule."""
    ReloadDesk(tmp_path).ask()
    core = Core(tmp_path, same=1, other=2, gone=3)
    assert core.reloader.step(0) is None
    core.folder = texts(same=1, other=2.5, fresh=4)
    token = core.desk.ask()
    answer = core.reloader.step(1000)
    assert answer is not None
    assert core.desk.told() is not None
    told = core.desk.told()
    assert told is not None
    assert (told.token, told.accepted, told.rules) == (token, True, 3)
    assert {name: tuple(ids) for name, ids in told.changes.items()} == {
        "kept": ("same",), "changed": ("other",), "added": ("fresh",), "removed": ("gone",),
    }  # fmt: skip
    assert core.kept == core.folder
    assert core.reloader.step(2000) is None


def test_a_bad_folder_changes_nothing_and_says_why(tmp_path: Path) -> None:
    """The rules stay, the answer holds every finding in both languages, and a good folder ends the complaint."""
    core = Core(tmp_path, same=1)
    before = core.rules
    core.folder = {"rules.yaml": core.folder["rules.yaml"].replace("level", "levl")}
    core.desk.ask()
    answer = core.reloader.step(0)
    assert answer is not None
    assert not answer.accepted
    assert core.rules is before
    assert (answer.version, answer.findings[0].place) == (before.version, "rules.yaml:3:9")
    assert "levl" in answer.findings[0].what_zh
    assert [finding.code for finding in core.reloader.refused] == ["TG-0311"]
    assert core.kept == {}
    core.folder = texts(same=1)
    core.reloader.signal()
    assert core.reloader.step(1) is not None
    assert core.reloader.refused == ()
    assert core.reloader.counts == {"rule_reloads": 1, "rule_reloads_refused": 1}


def test_rules_that_do_not_fit_the_facilities_are_refused(tmp_path: Path) -> None:
    """What the layout refuses is a finding, not the end of the core."""
    core = Core(tmp_path, same=1)
    core.fits = False
    core.desk.ask()
    answer = core.reloader.step(0)
    assert answer is not None
    assert not answer.accepted
    assert "two measurements" in answer.findings[0].what_en


@pytest.mark.parametrize("content", ["", "{", "[]", '{"token": 1}'])
def test_a_damaged_answer_is_none(tmp_path: Path, content: str) -> None:
    """Half an answer is not believed."""
    (tmp_path / "rules.json").write_text(content)
    assert ReloadDesk(tmp_path).told() is None


def test_the_health_page_says_why_a_folder_was_refused(tmp_path: Path) -> None:
    """The part ``rules`` is degraded while a changed folder is not in force."""
    status = CoreStatus(
        at_ms=1000, broker=True, waiting_bytes=0, waiting_readings=0, journal_waits=False, counts={},
        rules_version="v", rules_refused={"zh": "a.yaml:3:9 没有", "en": "a.yaml:3:9 no"},
    )  # fmt: skip
    write_status(tmp_path / "core.json", status)
    part = next(one for one in CoreWatch(tmp_path / "core.json", ManualClock(1000)).parts() if one.name == "rules")
    assert part.status == "degraded"
    assert "a.yaml:3:9 没有" in part.say.zh
    assert "a.yaml:3:9 no" in part.say.en


# --- what is kept -------------------------------------------------------------------------------------------------


def settings(folder: Path) -> Settings:
    """Settings with their own book and data folder."""
    (folder / "book").mkdir(exist_ok=True)
    return Settings(data_dir=folder / "data", rules=RulesSettings(book=folder / "book"))


def test_a_start_with_a_bad_folder_goes_on_with_the_rules_in_force(tmp_path: Path) -> None:
    """The first start needs a sound folder; later ones go on, and say what is wrong."""
    own = settings(tmp_path)
    file = tmp_path / "book" / "rules.yaml"
    file.write_text("- {id: x}\n")
    with pytest.raises(Invalid):
        starting_rules(own, CLASSES)
    file.write_text(texts(one=1)["rules.yaml"])
    first = starting_rules(own, CLASSES)
    assert (first.before, first.refused) == (None, ())
    file.write_text("- {id: x}\n")
    second = starting_rules(own, CLASSES)
    assert second.rules.version == first.rules.version
    assert second.refused
    file.write_text(texts(two=1)["rules.yaml"])
    third = starting_rules(own, CLASSES)
    assert set(removed_rules(third.before, third.rules)) == {"one"}


@pytest.mark.parametrize("content", [None, "", "[]", '{"a": 1}', '{"a.yaml": "- {id: x}"}'])
def test_damaged_or_foreign_texts_are_not_in_force(tmp_path: Path, content: str | None) -> None:
    """What cannot be read, or does not load in this version, is as if nothing were kept."""
    file = tmp_path / "in_force.json"
    if content is not None:
        file.write_text(content)
    assert kept(file, CLASSES) is None


def test_a_follower_sees_other_rules_once(tmp_path: Path) -> None:
    """A process that follows the core takes each new rule set once."""
    file = in_force_file(settings(tmp_path))
    keep(file, texts(one=1))
    watch = RulesWatch(file, CLASSES)
    assert watch.news() is None
    keep(file, texts(one=2))
    news = watch.news()
    assert news is not None
    assert set(news.by_id) == {"one"}
    assert watch.news() is None
    assert json.loads(file.read_text())["rules.yaml"] == texts(one=2)["rules.yaml"]


# --- the engine ---------------------------------------------------------------------------------------------------


def test_the_alarm_of_a_removed_rule_ends() -> None:
    """What is on of a rule that has left is closed once; what is over, and rules nobody removed, are left alone."""
    engine = Engine(rule_set(rule_text("r", "a > 1")), {"well": members(2)}, NoHistory())
    interval = Interval(start_ms=1000, stop_ms=None, since_ms=900)
    on = AnnouncedAlarm(alarm_id="x", rule_id="gone", facility=100, interval=interval)
    over = AnnouncedAlarm(
        alarm_id="y", rule_id="gone", facility=101, interval=Interval(start_ms=1, stop_ms=2, since_ms=1)
    )
    strange = AnnouncedAlarm(alarm_id="z", rule_id="sight.device", facility=100, interval=interval)
    engine.retire({"gone": Severity.LOW})
    engine.announce([on, over, strange])
    (change,) = engine.changes(5000)
    assert (change.kind, change.alarm_id, change.severity) == (ChangeKind.CLOSED, "x", Severity.LOW)
    assert change.interval == Interval(start_ms=1000, stop_ms=5000, since_ms=900)
    assert engine.changes(6000) == []


def test_the_same_rules_compare_as_kept() -> None:
    """New words keep a rule; another limit changes it."""
    old = load_rules(texts(one=1, two=2), CLASSES)
    new = load_rules({"a.yaml": texts(one=1, two=3)["rules.yaml"].replace("Level", "High level")}, CLASSES)
    assert compared(old, new) == {"kept": ("one",), "changed": ("two",), "added": (), "removed": ()}
