"""Rules over HTTP: who may look at and change them, and what travels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from api.ports import ApiPorts
from core.alarms import Severity
from core.cases import Conflict
from core.findings import kind
from core.places import Text
from core.ports.rule_editing import (
    DrawnLimit,
    EditKind,
    ExplainAsk,
    Explained,
    ExplainedLevel,
    ExplainedOperand,
    ExplainedPart,
    FormValues,
    FoundFault,
    Preview,
    PreviewAlarm,
    PreviewAsk,
    RuleDraft,
    RuleEdit,
    RuleEntry,
    RuleSaved,
    RuleShelf,
    RuleState,
    RuleWords,
    Trial,
    TrialCase,
    TrialDifference,
)
from rules.editing.form import form_of
from rules.editing.values import values_of
from tests.unit.api.world import HOSTILE, NOW_MS, World

PATH = "/api/v1/rules"
TEXT = f"""\
- id: level-high
  class: sewage_pump
  when: level > 2 m
  for: 30 s
  severity: high
  lead: construction
  say: {{zh: 高, en: "{HOSTILE}"}}
  do: {{zh: [看], en: [Look]}}
  source: here
  evidence: proposal
"""
WRONG = kind("TG-0311", "错 {value}", "wrong {value}", "改", "mend")


@dataclass
class FakeEditing:
    """One rule; remembers what it was asked."""

    asked: list[Any] = field(default_factory=list)
    conflict: bool = False

    def entry(self) -> RuleEntry:
        say = Text(zh="高", en=HOSTILE)
        return RuleEntry(
            rule_id="level-high",
            file="a.yaml",
            line=7,
            version="ab12",
            state=RuleState.WAITING,
            class_id="sewage_pump",
            severity=Severity.HIGH,
            say=say,
            when="level > 2 m",
        )

    def shelf(self) -> RuleShelf:
        return RuleShelf(rules=(self.entry(),), is_own=True, version="v1", wrong=(WRONG.at("b.yaml", 3, 4, value="x"),))

    def text(self, rule_id: str) -> tuple[RuleEntry, str] | None:
        return (self.entry(), TEXT) if rule_id == "level-high" else None

    def template(self, class_id: str, language: str) -> str | None:
        self.asked.append((class_id, language))
        return TEXT if class_id == "sewage_pump" else None

    def words(self, class_id: str) -> RuleWords:
        return RuleWords(aggregates=("mean",), comparisons=(">",), ranges=("in",), terms=("occupied",))

    def draft(self, text: str, form: FormValues | None, rule_id: str, member: str = "") -> RuleDraft:
        self.asked.append((text, form, rule_id))
        shown = form_of(text)
        faults = () if shown else (FoundFault(finding=WRONG.at("rule", 1, 3, value="y"), field="when", is_error=True),)
        limit = DrawnLimit(
            measurement="level", value=2.0, kind="high", severity=Severity.HIGH, say=Text(zh="高", en="High")
        )
        return RuleDraft(
            text=text,
            form=values_of(shown) if shown else None,
            faults=faults,
            class_id="sewage_pump" if shown else "",
            reads=("level",) if shown else (),
            limits=(limit,) if shown else (),
        )

    def edits(self, rule_id: str = "", limit: int = 100) -> Sequence[RuleEdit]:
        line = RuleEdit(
            number=1,
            rule_id=rule_id or "gone",
            file="a.yaml",
            kind=EditKind.REMOVED,
            at_ms=NOW_MS,
            actor="x",
            note="",
            before=TEXT,
            after="",
        )
        return [line]

    def save(self, rule_id: str, base: str, text: str, note: str, actor: str, now_ms: int) -> RuleSaved:
        if self.conflict:
            raise Conflict("changed", "somebody was faster")
        self.asked.append((rule_id, base, text, note, actor, now_ms))
        return RuleSaved(rule_id=rule_id or "new", version="cd", in_force=True, kept=3, changed=1)

    def remove(self, rule_id: str, base: str, note: str, actor: str, now_ms: int) -> RuleSaved:
        self.asked.append((rule_id, base, note, actor, now_ms))
        return RuleSaved(rule_id=rule_id, version="", in_force=False)

    def look(self, ask: PreviewAsk, owner: str) -> Preview:
        self.asked.append((ask, owner))
        alarm = PreviewAlarm(facility=10, since_ms=5, start_ms=6, stop_ms=None, severity=Severity.HIGH)
        return Preview(
            facility=10,
            from_ms=ask.from_ms,
            to_ms=ask.to_ms,
            alarms=(alarm,),
            has_before=True,
            looked_at=1,
            facilities=2,
            complete=False,
            total=1,
            most=((10, 1),),
        )

    def explain(self, ask: ExplainAsk, owner: str) -> Explained:
        self.asked.append((ask, owner))
        part = ExplainedPart(depth=0, say=Text(zh="高于", en="above"), holds=None)
        level = ExplainedOperand(name=Text(zh="液位", en=HOSTILE), value=None, unit="m", reading_ms=7, quality="bad")
        one = ExplainedLevel(
            severity=Severity.HIGH,
            when=(part,),
            clear=(part,),
            state="pending",
            since_ms=5,
            start_ms=None,
            spent_ms=6,
            needed_ms=8,
            due_ms=None,
        )
        return Explained(rule_id=ask.rule_id, at_ms=ask.at_ms, from_ms=3, readings=4, operands=(level,), levels=(one,))

    def trial(self, text: str, owner: str) -> Trial:
        self.asked.append((text, owner))
        said = Text(zh="无告警", en="nothing")
        differs = TrialDifference(rule_id="level-high", orders=(), expected=(said,), got=(said,), lines=("··", "·█"))
        case = TrialCase(
            name="full",
            file="a.yaml",
            line=3,
            say=Text(zh="满", en=HOSTILE),
            passed=False,
            expects=True,
            differences=(differs,),
        )
        return Trial(cases=(case, replace(case, name="empty", passed=True, differences=())), left_out=2)


@pytest.fixture
def editing(world: World, monkeypatch: pytest.MonkeyPatch) -> FakeEditing:
    """A fake editor behind the application; the second manager sees all communities."""
    fake, ports = FakeEditing(), world.ports

    def with_editing() -> ApiPorts:
        return replace(ports(), editing=fake, previews=fake)

    monkeypatch.setattr(world, "ports", with_editing)
    return fake


def test_rules_are_listed_with_their_state(world: World, editing: FakeEditing) -> None:
    """And why the folder does not load, and what was taken out."""
    with world.client("manager1") as client:
        shown = client.get(PATH).json()
    assert [(one["id"], one["state"], one["version"]) for one in shown["items"]] == [("level-high", "waiting", "ab12")]
    assert shown["items"][0]["say"]["en"] == HOSTILE
    assert (shown["own"], shown["may_edit"], shown["version"]) == (True, False, "v1")
    assert (shown["wrong"][0]["line"], shown["wrong"][0]["what"]) == (3, {"zh": "错 x", "en": "wrong x"})
    assert [one["rule_id"] for one in shown["removed"]] == ["gone"]


def test_a_rule_comes_as_text_and_as_form(world: World, editing: FakeEditing) -> None:
    """With lines to draw; one that is not there does not exist."""
    with world.client("manager1") as client:
        shown = client.get(f"{PATH}/level-high").json()
        assert client.get(f"{PATH}/level-low").status_code == 404
        words = client.get(f"{PATH}/words/sewage_pump").json()
        assert client.get(f"{PATH}/words/nothing").status_code == 404
    form = shown["draft"]["form"]
    assert (form["for"], form["class"], form["when"]["parts"][0][0]["limit"]) == ("30 s", "sewage_pump", "2")
    assert shown["draft"]["text"] == TEXT
    assert shown["draft"]["measurements"][0]["limits"][0]["value"] == 2.0
    assert (words["measurements"][0]["key"], words["measurements"][0]["unit"]) == ("level", "m")


def test_a_form_reaches_the_editor_as_it_was_sent(world: World, editing: FakeEditing) -> None:
    """Field by field, under the names of the language."""
    with world.client("manager1") as client:
        form = client.get(f"{PATH}/level-high").json()["draft"]["form"]
        form["for"] = "1 min"
        answer = client.post(f"{PATH}/draft", json={"text": TEXT, "form": form, "rule": "level-high"})
    assert answer.status_code == 200
    text, sent, rule = editing.asked[-1]
    assert (text, sent["for"], rule) == (TEXT, "1 min", "level-high")
    assert sent == form


def test_findings_come_with_place_and_field(world: World, editing: FakeEditing) -> None:
    """In both languages; a text with faults has no form."""
    with world.client("manager1") as client:
        shown = client.post(f"{PATH}/draft", json={"text": "nonsense"}).json()
    assert (shown["sound"], shown["form"]) == (False, None)
    found = shown["findings"][0]
    assert (found["line"], found["column"], found["field"], found["error"]) == (1, 3, "when", True)


def test_only_who_sees_everything_changes_rules(world: World, editing: FakeEditing) -> None:
    """A rule holds for all communities; a change carries base, note, who and when."""
    change = {"text": TEXT, "base": "ab12", "note": "silt"}
    with world.client("manager1") as client:
        assert client.put(f"{PATH}/level-high", json=change).status_code == 422
        assert client.post(PATH, json=change).status_code == 422
        assert client.post(f"{PATH}/level-high/remove", json={"base": "ab12"}).status_code == 422
    assert editing.asked == []
    with world.client("administrator0") as client:
        saved = client.put(f"{PATH}/level-high", json=change).json()
        assert client.post(PATH, json=change).status_code == 201
        assert client.post(f"{PATH}/level-high/remove", json={"base": "ab12"}).status_code == 200
    assert editing.asked[0] == ("level-high", "ab12", TEXT, "silt", "administrator0", NOW_MS)
    assert (saved["version"], saved["kept"], saved["in_force"]) == ("cd", 3, True)


def test_a_conflict_is_a_409(world: World, editing: FakeEditing) -> None:
    """With the reason."""
    editing.conflict = True
    with world.client("administrator0") as client:
        answer = client.put(f"{PATH}/level-high", json={"text": TEXT, "base": "00"})
    assert (answer.status_code, "faster" in answer.json()["detail"]) == (409, True)


def test_a_preview_is_over_what_one_sees(world: World, editing: FakeEditing) -> None:
    """The last 24 h of the communities of the login; what was not looked at is said."""
    with world.client("manager1") as client:
        shown = client.post(f"{PATH}/preview", json={"text": TEXT, "facility": 10}).json()
    ask, owner = editing.asked[-1]
    assert (ask.communities, ask.facility, ask.to_ms - ask.from_ms, owner) == (("c1",), 10, 86_400_000, "manager1")
    assert (shown["looked_at"], shown["facilities"], shown["complete"]) == (1, 2, False)
    assert (shown["facility"]["id"], shown["alarms"][0]["stop_ms"], shown["before"]) == (10, None, [])
    with world.client("administrator0") as client:
        client.post(f"{PATH}/preview", json={"text": TEXT})
    assert editing.asked[-1][0].communities == ()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("draft", {"text": "x" * 50_000}),
        ("draft", {"text": "x", "form": {"id": "x"}}),
        ("draft", {"text": "x", "rule": "../x"}),
        ("preview", {"text": "x", "facility": -1}),
    ],
)
def test_what_has_no_bounds_is_refused(world: World, editing: FakeEditing, path: str, body: dict[str, Any]) -> None:
    """Before the editor hears of it."""
    with world.client("manager1") as client:
        assert client.post(f"{PATH}/{path}", json=body).status_code == 422
    assert editing.asked == []


def test_scenarios_are_played_by_those_who_may_edit(world: World, editing: FakeEditing) -> None:
    """Each with what was expected and what was got."""
    with world.client("manager1") as client:
        shown = client.post(f"{PATH}/trial", json={"text": TEXT}).json()
    assert editing.asked[-1] == (TEXT, "manager1")
    assert (shown["passed"], shown["left_out"], [one["name"] for one in shown["cases"]]) == (1, 2, ["full", "empty"])
    assert shown["cases"][0]["say"]["en"] == HOSTILE
    assert shown["cases"][0]["differences"][0]["got"] == [{"zh": "无告警", "en": "nothing"}]


def test_a_moment_is_explained_where_one_sees_the_facility(world: World, editing: FakeEditing) -> None:
    """By the code of the facility, now unless a time is given; a facility out of sight does not exist."""
    with world.client("manager1") as client:
        seen = client.get(f"{PATH}/facilities/sewage_pump").json()
        facility = seen["items"][0]
        shown = client.post(f"{PATH}/explain", json={"rule": "level-high", "facility": facility["id"]}).json()
        ask, owner = editing.asked[-1]
        assert (ask.facility, ask.rule_id, ask.text, ask.at_ms, owner) == (
            facility["code"],
            "level-high",
            "",
            NOW_MS,
            "manager1",
        )
        assert [(one["state"], one["due_ms"], one["when"][0]["holds"]) for one in shown["levels"]] == [
            ("pending", None, None)
        ]
        assert shown["operands"][0]["name"]["en"] == HOSTILE
        client.post(f"{PATH}/explain", json={"text": TEXT, "facility": facility["id"], "at_ms": 9})
        assert (editing.asked[-1][0].text, editing.asked[-1][0].at_ms) == (TEXT, 9)
        assert client.post(f"{PATH}/explain", json={"rule": "x", "facility": 20}).status_code == 404


def test_facilities_are_found_by_code_or_name_and_counted(world: World, editing: FakeEditing) -> None:
    """Among those that the login sees."""
    with world.client("manager1") as client:
        every = client.get(f"{PATH}/facilities/sewage_pump").json()
        one = every["items"][0]
        found = client.get(f"{PATH}/facilities/sewage_pump", params={"q": one["code"].upper()}).json()
        nothing = client.get(f"{PATH}/facilities/sewage_pump", params={"q": "no such thing"}).json()
        other = client.get(f"{PATH}/facilities/elevator", params={"q": one["code"]}).json()
    assert every["matching"] == every["all"] == len(every["items"])
    assert one in found["items"]
    assert (nothing["matching"], nothing["all"], nothing["items"]) == (0, every["all"], [])
    assert one not in other["items"]
