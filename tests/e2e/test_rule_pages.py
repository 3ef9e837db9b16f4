"""A manager edits a rule as a form: text, findings and the last 24 hours follow; a second editor is told."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import journeys
from tests.e2e.browser import DESK, PHONE, axe_findings, overflow, person, photograph
from tests.e2e.test_backtest_page import past_world as past_world
from tests.e2e.worlds import World

pytestmark = [pytest.mark.leaves_running, pytest.mark.timeout(240)]

WORDS = {
    "zh": {
        "save": "保存并生效",
        "limit": "限值",
        "text": "文本",
        "unit": "单位",
        "saved": "已保存",
        "conflict": "刚刚被他人修改",
    },
    "en": {
        "save": "Save and put in force",
        "limit": "Limit",
        "text": "Text",
        "saved": "Saved",
        "conflict": "Somebody has changed this rule",
    },
}


def text_of(page: Page, language: str) -> str:
    """The rule as the text pane has it."""
    return page.get_by_role("textbox", name=WORDS[language]["text"], exact=True).input_value()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_manager_edits_a_rule_and_a_second_one_is_told(browser: Browser, past_world: World, language: str) -> None:
    """Form and text follow each other, a fault stands under its line; the slower editor loses nothing."""
    words = WORDS[language]
    limit = {"zh": "2.4", "en": "2.6"}[language]
    with person(browser, past_world.base_url, language, DESK) as somebody:
        somebody.forgiven += ["status of 409", "status of 503"]  # a conflict; curves come from a core, and none runs
        page = journeys.log_in(somebody, past_world, past_world.manager)
        page.goto(f"{past_world.base_url}/rules")
        page.get_by_role("searchbox").fill("pump-level-high")
        page.get_by_role("link", name="pump-level-high").click()
        box = page.get_by_label(words["limit"], exact=True).first
        expect(box).to_be_visible()
        expect(page.locator(".figures.all")).to_be_visible(timeout=60_000)
        second = somebody.page()
        second.goto(f"{past_world.base_url}/rules/pump-level-high")
        expect(second.get_by_label(words["limit"], exact=True).first).to_be_visible()

        box.fill("nonsense")
        expect(page.locator(".findings pre").first).to_contain_text("nonsense", timeout=30_000)
        expect(page.get_by_role("button", name=words["save"])).to_be_disabled()
        box.fill(limit)
        area = page.get_by_role("textbox", name=words["text"], exact=True)
        expect(area).to_have_value(re.compile(rf"  when: level > {limit} m\n  for: [23] min"), timeout=30_000)
        area.fill(text_of(page, language).replace("  for: 2 min", "  for: 3 min"))
        expect(page.locator("input[placeholder='2 min']")).to_have_value("3 min", timeout=30_000)
        expect(page.locator(".figures.all")).to_be_visible(timeout=60_000)
        photograph(page, f"rule-edited-{language}")
        assert axe_findings(page) == []
        assert overflow(page) == 0
        page.get_by_role("button", name=words["save"]).click()
        expect(page.get_by_text(words["saved"]).first).to_be_visible(timeout=30_000)
        expect(page.locator("details summary").first).to_contain_text("city-manager")

        second.get_by_label(words["limit"], exact=True).first.fill("3.1")
        second.get_by_role("button", name=words["save"]).click()
        expect(second.get_by_role("alert").first).to_contain_text(words["conflict"], timeout=30_000)
        expect(second.get_by_role("alert").first).to_contain_text(f"level > {limit} m")
        assert "level > 3.1 m" in text_of(second, language)
        photograph(second, f"rule-conflict-{language}")


def test_a_rule_is_read_on_a_phone(browser: Browser, past_world: World) -> None:
    """Nothing scrolls sideways, in the form and in the text."""
    with person(browser, past_world.base_url, "zh", PHONE) as somebody:
        somebody.forgiven.append("status of 503")  # curves come from a core, and none runs
        page = journeys.log_in(somebody, past_world, past_world.manager)
        page.goto(f"{past_world.base_url}/rules/pump-dry-run")
        expect(page.get_by_label("限值", exact=True).first).to_be_visible()
        assert overflow(page) == 0
        photograph(page, "rule-phone")
        page.get_by_role("button", name="文本", exact=True).click()
        expect(page.get_by_role("textbox", name="文本", exact=True)).to_be_visible()
        assert overflow(page) == 0


FORM_WORDS = {
    "zh": {
        "add": "增加等级",
        "down": "下移等级 1",
        "remove": "删除等级 2",
        "run": "运行场景",
        "explain": "解释",
        "vote": "至少 n 项成立",
        "row": "增加一行",
        "kind": "行的种类",
    },
    "en": {
        "add": "Add a severity",
        "down": "Move severity 1 down",
        "remove": "Remove severity 2",
        "run": "Run the scenarios",
        "explain": "Explain",
        "vote": "At least n of these",
        "row": "Add a row",
        "kind": "Kind of row",
    },
}


@pytest.mark.parametrize(("language", "size"), [("zh", DESK), ("en", PHONE)])
def test_levels_votes_scenarios_and_explanation_in_the_form(
    browser: Browser, past_world: World, language: str, size: tuple[int, int]
) -> None:
    """A plain rule gets levels and loses them, a vote becomes text, its scenarios are played, and it is explained."""
    words = FORM_WORDS[language]
    with person(browser, past_world.base_url, language, size) as somebody:
        somebody.forgiven.append("status of 503")  # curves come from a core, and none runs
        page = journeys.log_in(somebody, past_world, past_world.manager)
        page.goto(f"{past_world.base_url}/rules/pump-dry-run")
        expect(page.locator(".figures.all")).to_be_visible(timeout=60_000)
        if size == PHONE:
            page.get_by_role("button", name={"zh": "并排", "en": "Both"}[language], exact=True).click()
        area = page.get_by_role("textbox", name=WORDS[language]["text"], exact=True)
        before = area.input_value()

        page.get_by_role("button", name=words["run"]).click()
        expect(page.locator(".cases .chip-ok").first).to_be_visible(timeout=60_000)
        page.get_by_role("button", name=words["explain"], exact=True).click()
        expect(page.locator(".parts .mark").first).to_be_visible(timeout=60_000)
        photograph(page, f"rule-explained-{language}-{size[0]}")
        assert axe_findings(page) == []
        assert overflow(page) == 0

        page.get_by_role("button", name=words["add"]).click()
        expect(area).to_have_value(
            re.compile(r"levels:\n +- \{severity: high, .*\n +- \{severity: critical, "), timeout=30_000
        )
        page.get_by_role("button", name=words["down"]).click()
        expect(area).to_have_value(re.compile(r"- \{severity: critical, .*\n +- \{severity: high, "), timeout=30_000)
        page.get_by_role("button", name=words["down"]).click()
        expect(area).to_have_value(re.compile(r"- \{severity: high, .*\n +- \{severity: critical, "), timeout=30_000)
        page.get_by_role("button", name=words["remove"]).click()
        expect(area).to_have_value(re.compile(r"^(?!.*levels)", re.DOTALL), timeout=30_000)
        assert sorted(area.input_value().splitlines()) == sorted(before.splitlines())

        page.get_by_label(words["kind"]).first.select_option(label=words["vote"])
        page.get_by_role("button", name=words["row"], exact=True).first.click()
        votes = page.locator(".vote li")
        expect(votes).to_have_count(3)
        for place in range(3):
            votes.nth(place).get_by_label(WORDS[language]["limit"], exact=True).fill(str(place + 1))
        expect(area).to_have_value(
            re.compile(r"and at least 2 of \(level > 1 m, level > 2 m, level > 3 m\)"), timeout=30_000
        )
        assert axe_findings(page) == []
        assert overflow(page) == 0
