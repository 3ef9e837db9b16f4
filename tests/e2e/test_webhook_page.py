"""Webhooks on the pages: made with the password, shown once, tried, renewed, stopped, resumed, ended."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import journeys
from tests.e2e.all_pages import ADMINISTRATOR, MAINTAINER, MANAGER
from tests.e2e.browser import DESK, PHONE, axe_findings, overflow, person, photograph, small_targets
from tests.e2e.worlds import World

pytestmark = [pytest.mark.leaves_running, pytest.mark.timeout(180)]

WORDS = {
    "zh": {
        "make": "新建 webhook",
        "purpose": "用途",
        "url": "接收地址",
        "some": "只告知选中的社区",
        "password": "您的密码",
        "wrong": "用户名或密码不正确",
        "kept": "已保存，关闭",
        "test": "发送测试",
        "taken": "对方已接收测试",
        "not taken": "对方没有接收测试",
        "rotate": "更换密钥",
        "overlaps": "旧密钥仍同时签名",
        "pause": "暂停",
        "paused": "已暂停",
        "resume": "恢复",
        "all": "全部告知",
        "active": "启用",
        "end": "永久停用",
        "messages": "最近的消息",
        "given up": "已放弃",
        "again": "重新发送",
        "every": "显示全部 27 条",
        "disabled": "因长期失败停用",
        "ended": "显示已永久停用的",
        "change": "修改",
        "save": "保存",
    },
    "en": {
        "make": "Make a webhook",
        "purpose": "What it is for",
        "url": "Address",
        "some": "Only those that are chosen",
        "password": "Your password",
        "wrong": "用户名或密码不正确",
        "kept": "Kept it, close",
        "test": "Send a test",
        "taken": "The test was taken.",
        "not taken": "The test was not taken:",
        "rotate": "New secret",
        "overlaps": "the old secret signs too until",
        "pause": "Pause",
        "paused": "paused",
        "resume": "Resume",
        "all": "Tell everything",
        "active": "active",
        "end": "End it",
        "messages": "Last messages",
        "given up": "given up",
        "again": "Send again",
        "every": "Show all 27",
        "disabled": "disabled after failing for long",
        "ended": "Show the",
        "change": "Change",
        "save": "Save",
    },
}


@pytest.fixture(params=[("zh", PHONE), ("en", DESK)], ids=["phone in Chinese", "desk in English"])
def how(request: pytest.FixtureRequest) -> tuple[str, tuple[int, int]]:
    """A language and a size."""
    chosen: tuple[str, tuple[int, int]] = request.param
    return chosen


def fits(page: Page, size: tuple[int, int]) -> None:
    """Nothing is wider than the page, everything is large enough for a thumb, and axe has nothing to say."""
    assert overflow(page) <= 0
    assert size != PHONE or small_targets(page) == []
    assert axe_findings(page) == []


def test_a_webhook_from_begin_to_end(browser: Browser, mock_world: World, how: tuple[str, tuple[int, int]]) -> None:
    """A wrong password is said beside the form; the secret goes with its dialog, and comes with a new one."""
    (language, size), words = how, WORDS[how[0]]
    name = f"Desk {language}"
    with person(browser, mock_world.base_url, language, size) as somebody:
        somebody.forgiven.append("401")
        page = journeys.log_in(somebody, mock_world, replace(mock_world.manager, username=ADMINISTRATOR))
        page.goto(f"{mock_world.base_url}/webhooks")
        form = page.get_by_role("form", name=words["make"])
        form.get_by_label(words["purpose"]).fill(name)
        form.get_by_label(words["url"]).fill("https://ops.example.com/new")
        form.get_by_label(words["some"]).check()
        expect(form.get_by_role("button", name=words["make"])).to_be_disabled()
        form.locator(".some input").first.check()
        photograph(page, f"webhooks-{language}-{size[0]}")
        fits(page, size)
        form.get_by_label(words["password"], exact=True).fill("not this")
        form.get_by_role("button", name=words["make"]).click()
        expect(page.get_by_role("alert")).to_contain_text(words["wrong"])
        form.get_by_label(words["password"], exact=True).fill("mock-mock-1")
        form.get_by_role("button", name=words["make"]).click()
        secret = page.get_by_role("dialog").locator("code")
        expect(secret).to_contain_text("whsec_")
        photograph(page, f"webhook-made-{language}-{size[0]}")
        fits(page, size)
        shown = secret.inner_text()
        journeys.press(page, words["kept"])
        expect(page.get_by_text(shown)).to_have_count(0)
        card = page.get_by_role("article", name=name, exact=True)
        card.get_by_role("button", name=words["test"]).click()
        expect(card.get_by_role("status")).to_contain_text(words["taken"])
        card.get_by_role("button", name=words["rotate"]).click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label(words["password"], exact=True).fill("mock-mock-1")
        dialog.get_by_role("button", name=words["rotate"], exact=True).click()
        expect(page.get_by_role("dialog")).to_contain_text("whsec_")
        expect(page.get_by_role("dialog")).to_contain_text(words["overlaps"])
        journeys.press(page, words["kept"])
        card.get_by_role("button", name=words["pause"]).click()
        expect(card.locator(".chip").first).to_have_text(words["paused"])
        card.get_by_role("button", name=words["resume"]).click()
        page.get_by_role("dialog").get_by_role("button", name=words["all"]).click()
        expect(card.locator(".chip").first).to_have_text(words["active"])
        card.get_by_role("button", name=words["end"]).click()
        page.get_by_role("dialog").get_by_role("button", name=words["end"], exact=True).click()
        expect(card).to_have_count(0)
        page.get_by_label(words["ended"]).check()
        expect(card).to_be_visible()
        expect(card.get_by_role("button")).to_have_count(0)


def test_last_messages_and_a_webhook_that_was_disabled(
    browser: Browser, mock_world: World, how: tuple[str, tuple[int, int]]
) -> None:
    """What came of each, with its text; what was given up is sent again; a test says what is to be mended."""
    (language, size), words = how, WORDS[how[0]]
    with person(browser, mock_world.base_url, language, size) as somebody:
        page = journeys.log_in(somebody, mock_world, replace(mock_world.manager, username=ADMINISTRATOR))
        page.goto(f"{mock_world.base_url}/webhooks")
        card = page.get_by_role("article", name="值班平台 Duty desk")
        card.get_by_text(words["messages"]).click()
        expect(card.locator("li")).to_have_count(20)
        card.locator("li details").first.locator("summary").click()
        expect(card.locator("pre").first).to_contain_text("C-2026-000031")
        again = card.get_by_role("button", name=words["again"])
        if again.count():  # the mock world is shared: the other language may have pressed it before
            again.click()
            expect(again).to_have_count(0)
        card.get_by_role("button", name=words["every"]).click()
        expect(card.locator("li")).to_have_count(27)
        photograph(page, f"webhook-messages-{language}-{size[0]}")
        fits(page, size)
        chat = page.get_by_role("article", name="Chat of the property company")
        expect(chat.locator(".chip").first).to_have_text(words["disabled"])
        chat.get_by_role("button", name=words["test"]).click()
        expect(chat.get_by_role("status")).to_contain_text(words["not taken"])
        chat.get_by_role("button", name=words["change"]).click()
        form = page.get_by_role("dialog").get_by_role("form")
        expect(form.get_by_label(words["url"])).to_have_value(
            "https://chat.example.com/hooks/9d1f/a-long-way-that-goes-on-and-on-and-on-until-it-ends"
        )
        photograph(page, f"webhook-change-{language}-{size[0]}")
        fits(page, size)
        form.get_by_label(words["password"], exact=True).fill("mock-mock-1")
        form.get_by_role("button", name=words["save"]).click()
        expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize("login", [MANAGER, MAINTAINER])
def test_nobody_else_has_it(browser: Browser, mock_world: World, login: str) -> None:
    """It is in the menu of whoever may keep webhooks, and its address leads others nowhere."""
    with person(browser, mock_world.base_url, "en", DESK) as somebody:
        page = journeys.log_in(somebody, mock_world, replace(mock_world.manager, username=login))
        expect(page.get_by_role("navigation").first.get_by_role("link", name="Webhooks")).to_have_count(0)
        page.goto(f"{mock_world.base_url}/webhooks")
        expect(page.get_by_role("form", name="Make a webhook")).to_have_count(0)
