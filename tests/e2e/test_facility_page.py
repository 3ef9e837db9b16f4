"""A facility's page: its past from an hour to five years, alarms on the curve, and what it is compared with."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e import journeys
from tests.e2e.browser import DESK, PHONE, axe_findings, bare_keys, overflow, person, photograph
from tests.e2e.worlds import World

pytestmark = [pytest.mark.leaves_running, pytest.mark.timeout(240)]


@pytest.mark.parametrize(("language", "size"), [("zh", PHONE), ("en", DESK)])
def test_the_past_is_compared_and_stands_in_the_address(
    browser: Browser, mock_world: World, language: str, size: tuple[int, int]
) -> None:
    """Five years back, beside another facility; whoever opens the address sees the same."""
    years, dashed, alarms = {
        "zh": ("5 年", "虚线为前一时段", "条告警"),
        "en": ("5 y", "Dashed beside it: The time before", "in this time"),
    }[language]
    with person(browser, mock_world.base_url, language, size) as somebody:
        page = journeys.log_in(somebody, mock_world, mock_world.manager)
        page.goto(f"{mock_world.base_url}/facilities/1?with=before")
        chart = page.locator("figure.trend").first
        expect(chart).to_have_attribute("aria-label", re.compile(re.escape(dashed)))
        expect(chart).to_have_attribute("aria-label", re.compile(re.escape(alarms)))
        photograph(page, f"facility-compared-{language}-{size[0]}")
        assert overflow(page) <= 0
        assert axe_findings(page) == []
        page.get_by_role("button", name=years, exact=True).click()
        expect(page).to_have_url(re.compile(r"span=years5"))
        expect(page).to_have_url(re.compile(r"with=before"))
        page.reload()
        expect(page.get_by_role("button", name=years, exact=True)).to_have_attribute("aria-pressed", "true")
        assert bare_keys(page) == []
