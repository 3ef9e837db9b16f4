"""What a worker reports with *done*, on a phone: what was found and what it cost, also without signal."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import journeys
from tests.e2e.browser import PHONE, axe_findings, overflow, person, photograph, small_targets
from tests.e2e.worlds import World

pytestmark = [pytest.mark.leaves_running, pytest.mark.timeout(240)]

WORDS = {
    "zh": ("误报", "误报原因", "费用", "工时（分钟）", "外包费用（元）", "添加配件", "配件", "数量", "单价（元）"),
    "en": (
        *("False alarm", "Why was it false?", "What did it cost?", "Labour, minutes", "Contractor, yuan"),
        *("Add a part", "Part", "Quantity", "Price of one, yuan"),
    ),
}


def on_site(page: Page, world: World) -> str:
    """The newest task of the worker, up to where *done* is asked; its case's address."""
    page.goto(f"{world.base_url}/tasks")
    rows = page.locator("a.task")
    expect(rows.first).to_be_visible()
    found = rows.evaluate_all("(all) => all.map((one) => one.getAttribute('href'))")
    newest = max(found, key=lambda href: int(str(href).rsplit("/", 1)[-1]))
    page.locator(f'a.task[href="{newest}"]').click()
    case = page.locator("header a.mono").get_attribute("href")
    assert case is not None
    return case


@pytest.mark.parametrize("language", ["zh", "en"])
def test_done_says_what_was_found_and_what_it_cost(browser: Browser, mock_world: World, language: str) -> None:
    """A false alarm asks for its cause; cost in yuan; sent when the signal is back, shown in the case."""
    assert mock_world.provoke is not None
    mock_world.provoke()
    false, cause, cost, minutes, contractor, add, part, quantity, price = WORDS[language]
    with person(browser, mock_world.base_url, language, PHONE) as somebody:
        somebody.forgiven += ["ERR_INTERNET_DISCONNECTED", "Failed to load resource"]
        page = journeys.log_in(somebody, mock_world, mock_world.workers["建管一组 乙"])
        case = on_site(page, mock_world)
        for key in ("accept", "arrive", "handle"):
            journeys.press(page, journeys.word(somebody, key))
        dialog = page.get_by_role("dialog")
        send = dialog.get_by_role("button", name=journeys.word(somebody, "confirm"), exact=True)
        expect(send).to_be_enabled()
        dialog.get_by_role("radio", name=false).or_(dialog.get_by_role("button", name=false)).first.click()
        expect(send).to_be_disabled()
        dialog.get_by_label(cause).select_option("weather")
        expect(send).to_be_enabled()
        dialog.locator("summary", has_text=cost).click()
        dialog.get_by_label(minutes).fill("90")
        dialog.get_by_label(contractor).fill("a lot")
        expect(send).to_be_disabled()
        dialog.get_by_label(contractor).fill("1,200.50")
        dialog.get_by_role("button", name=add, exact=True).click()
        dialog.get_by_label(part, exact=True).fill("浮球开关")
        dialog.get_by_label(quantity).fill("2")
        dialog.get_by_label(price).fill("45.5")
        photograph(page, f"handling-{language}")
        assert axe_findings(page) == []
        assert small_targets(page) == []
        assert overflow(page) == 0
        somebody.context.set_offline(True)
        send.click()
        kept = page.evaluate("JSON.parse(localStorage.getItem('twingrid.outbox')).at(-1).body.handling")
        parts = [{"name": "浮球开关", "quantity": 2, "price_fen": 4550}]
        assert kept == {
            "outcome": "false_alarm",
            "cause": "weather",
            "cause_text": "",
            "labour_min": 90,
            "parts": parts,
            "contractor_fen": 120_050,
            "no_photo": "",
        }
        somebody.context.set_offline(False)
        journeys.nothing_waits(page)
        page.goto(mock_world.base_url + case)
        expect(page.get_by_text(re.compile(r"1,291\.50"))).to_be_visible()
        expect(page.get_by_text(false).first).to_be_visible()


def test_what_was_typed_survives_closing_the_page(browser: Browser, mock_world: World) -> None:
    """Cost and cause are kept on the phone like the note."""
    assert mock_world.provoke is not None
    mock_world.provoke()
    with person(browser, mock_world.base_url, "zh", PHONE) as somebody:
        page = journeys.log_in(somebody, mock_world, mock_world.workers["建管一组 乙"])
        on_site(page, mock_world)
        for key in ("accept", "arrive", "handle"):
            journeys.press(page, journeys.word(somebody, key))
        page.get_by_role("dialog").locator("summary", has_text="费用").click()
        page.get_by_label("工时（分钟）").fill("35")
        journeys.nothing_waits(page)
        page.reload()
        journeys.press(page, journeys.word(somebody, "handle"))
        page.get_by_role("dialog").locator("summary", has_text="费用").click()
        expect(page.get_by_label("工时（分钟）")).to_have_value("35")
