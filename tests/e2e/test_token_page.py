"""API tokens on the pages: made with the password, shown once, ended."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e import journeys
from tests.e2e.browser import DESK, PHONE, axe_findings, overflow, person, photograph, small_targets
from tests.e2e.worlds import World

pytestmark = [pytest.mark.leaves_running, pytest.mark.timeout(120)]

WORDS = {
    "zh": ("创建令牌", "用途", "您的密码", "已保存，关闭", "停用 电站", "停用", "用户名或密码不正确"),
    "en": ("Make a token", "What it is for", "Your password", "Kept it, close", "End it Power BI", "End it", "用户名"),
}


@pytest.mark.parametrize(("language", "size"), [("zh", PHONE), ("en", DESK)])
def test_a_token_is_made_shown_once_and_ended(
    browser: Browser, mock_world: World, language: str, size: tuple[int, int]
) -> None:
    """A wrong password is said beside the form and ends no session; the secret is gone with its dialog."""
    make, purpose, password, kept, end_it, end, wrong = WORDS[language]
    with person(browser, mock_world.base_url, language, size) as somebody:
        somebody.forgiven.append("401")
        page = journeys.log_in(somebody, mock_world, mock_world.manager)
        page.goto(f"{mock_world.base_url}/me/tokens")
        expect(page.get_by_label(purpose)).to_be_visible()
        photograph(page, f"tokens-{language}-{size[0]}")
        page.get_by_label(purpose).fill(end_it.removeprefix(end).strip())
        page.get_by_label(password, exact=True).fill("not this")
        journeys.press(page, make)
        expect(page.get_by_role("alert")).to_contain_text(wrong)
        page.get_by_label(password, exact=True).fill("mock-mock-1")
        journeys.press(page, make)
        secret = page.get_by_role("dialog").locator("code")
        expect(secret).to_contain_text("tga_mock")
        photograph(page, f"token-made-{language}-{size[0]}")
        assert axe_findings(page) == []
        shown = secret.inner_text()
        journeys.press(page, kept)
        expect(page.get_by_text(shown)).to_have_count(0)
        assert overflow(page) <= 0
        assert size != PHONE or small_targets(page) == []
        page.get_by_role("button", name=end_it).click()
        page.get_by_role("dialog").get_by_role("button", name=end, exact=True).click()
        expect(page.get_by_role("button", name=end_it)).to_have_count(0)
