"""The manager's pages over the mock server: money is entered and redeemed, plans are suspended and written down."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e import journeys
from tests.e2e.browser import DESK, PHONE, axe_findings, bare_keys, overflow, person
from tests.e2e.worlds import World

pytestmark = [pytest.mark.leaves_running, pytest.mark.timeout(240)]


@pytest.mark.parametrize(("language", "size"), [("zh", PHONE), ("en", DESK)])
def test_a_pledge_comes_in_and_is_redeemed_once(
    browser: Browser, mock_world: World, language: str, size: tuple[int, int]
) -> None:
    """The form has the pledge's source, phase and amount; afterwards nothing of it is still to come."""
    redeem, money = {"zh": ("承诺款到账", "记一笔"), "en": ("Pledge came in", "Enter money")}[language]
    with person(browser, mock_world.base_url, language, size) as somebody:
        page = journeys.log_in(somebody, mock_world, mock_world.manager)
        page.goto(f"{mock_world.base_url}/projects/1")
        expect(page.locator(".entry").first).to_be_visible()
        if page.get_by_role("button", name=redeem).count() == 0:
            page.get_by_role("button", name=money).click()
            page.locator("dialog .segments button").nth(2).click()
            page.locator("dialog select").first.select_option("owners")
            page.locator("dialog input[inputmode='decimal']").fill("24000")
            page.locator("dialog button.btn-big").click()
            expect(page.locator("dialog")).to_have_count(0)
        page.get_by_role("button", name=redeem).first.click()
        dialog = page.locator("dialog")
        expect(dialog.locator("input[inputmode='decimal']")).to_have_value("24000")
        assert axe_findings(page) == []
        assert overflow(page) <= 0
        dialog.locator("button.btn-big").click()
        expect(dialog).to_have_count(0)
        expect(page.get_by_role("button", name=redeem)).to_have_count(0)
        expect(page.locator(".entry").first).to_contain_text("¥24,000.00")
        assert bare_keys(page) == []


def test_a_plan_is_suspended_and_work_is_written_down(browser: Browser, mock_world: World) -> None:
    """What was typed is not saved with the suspension; what was written down stands first."""
    with person(browser, mock_world.base_url, "en", DESK) as somebody:
        page = journeys.log_in(somebody, mock_world, mock_world.manager)
        page.goto(f"{mock_world.base_url}/plans/1")
        page.get_by_label("Code", exact=True).fill("typed-and-not-saved")
        page.get_by_role("button", name="Suspend").click()
        expect(page.locator(".page-head .chip")).to_have_text("Suspended")
        expect(page.get_by_label("Code", exact=True)).to_have_value("pump-2000h")
        page.get_by_role("button", name="Take up again").click()
        expect(page.locator(".page-head .chip")).to_have_text("Running")
        page.get_by_role("button", name="Write down what was done").click()
        dialog = page.locator("dialog")
        dialog.get_by_label("Facility", exact=True).focus()
        dialog.locator(".offered button").first.click()
        dialog.get_by_label(re.compile("Note")).fill("by the maker")
        assert axe_findings(page) == []
        dialog.locator("button.btn-big").click()
        expect(dialog).to_have_count(0)
        expect(page.get_by_text("by the maker")).to_be_visible()


def test_the_table_of_workers_is_sorted_by_what_is_worst_first(browser: Browser, mock_world: World) -> None:
    """A column of what is good begins with the lowest share; who is too few comes last either way."""
    with person(browser, mock_world.base_url, "en", DESK) as somebody:
        page = journeys.log_in(somebody, mock_world, mock_world.manager)
        page.goto(f"{mock_world.base_url}/evaluation")
        page.get_by_role("button", name=re.compile("^Workers")).click()
        expect(page.get_by_text("worse").first).to_be_visible()
        head = page.locator("thead button", has_text="Handled in time")
        head.click()
        expect(page.locator("th[aria-sort='ascending']")).to_have_text(re.compile("Handled in time"))
        shares = [
            float(text.split()[0].rstrip("%"))
            for text in page.locator("tbody tr td:nth-child(12) .strong").all_inner_texts()
        ]
        assert len(shares) >= 2
        assert shares == sorted(shares)
