"""A facility's page: its past from an hour to five years, alarms on the curve, and what it is compared with."""

from __future__ import annotations

import re
from pathlib import Path

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


@pytest.mark.parametrize(("language", "size"), [("zh", PHONE), ("en", DESK)])
def test_another_measurement_stands_beside_the_curve_on_an_axis_of_its_own(
    browser: Browser, mock_world: World, language: str, size: tuple[int, int]
) -> None:
    """Amperes beside metres are read at the right; beside themselves they are not drawn again."""
    words, point = {
        "zh": ("虚线为电流（右轴，A）", "电流"),
        "en": ("Dashed beside it: Current (right axis, A)", "Current"),
    }[language]
    with person(browser, mock_world.base_url, language, size) as somebody:
        page = journeys.log_in(somebody, mock_world, mock_world.manager)
        page.goto(f"{mock_world.base_url}/facilities/1")
        choice = page.locator("select").filter(has=page.locator("optgroup"))
        choice.select_option("point:current")
        expect(page).to_have_url(re.compile(r"with=point(:|%3A)current"))
        charts = page.locator("figure.trend")
        expect(charts.first).to_have_attribute("aria-label", re.compile(re.escape(words)))
        expect(charts.first.locator("figcaption")).to_contain_text(words)
        panel = page.get_by_role("region", name=point, exact=True)
        panel.scroll_into_view_if_needed()  # curves are loaded when they come into view
        own = panel.locator("figure.trend")
        expect(own).to_have_attribute("aria-label", re.compile("A"))
        expect(own).not_to_have_attribute("aria-label", re.compile(re.escape(words)))
        photograph(page, f"facility-other-point-{language}-{size[0]}")
        assert overflow(page) <= 0
        assert axe_findings(page) == []
        assert bare_keys(page) == []


@pytest.mark.parametrize(("language", "size"), [("zh", PHONE), ("en", DESK)])
def test_what_it_cost_is_shown_by_year_with_the_cases(
    browser: Browser, mock_world: World, language: str, size: tuple[int, int]
) -> None:
    """By kind, with a way to every case; what stands in the books of others is apart, and workers see none of it."""
    title, own, elsewhere, other = {
        "zh": ("费用", "3 件案件", "记在别处账上的 1 件案件", "记入梧桐里业主委员会的账"),
        "en": ("Cost", "3 cases", "1 case in the books of others", "In the book of Owners' committee of Wutongli"),
    }[language]
    with person(browser, mock_world.base_url, language, size) as somebody:
        page = journeys.log_in(somebody, mock_world, mock_world.manager)
        page.goto(f"{mock_world.base_url}/facilities/1")
        costs = page.get_by_role("region", name=title, exact=True).first
        expect(costs.get_by_role("row")).to_have_count(4)
        costs.get_by_text(own, exact=True).click()
        expect(costs.get_by_role("link").first).to_have_attribute("href", re.compile(r"/cases/1$"))
        costs.get_by_text(elsewhere, exact=True).click()
        expect(costs.get_by_text(other)).to_be_visible()
        costs.scroll_into_view_if_needed()
        photograph(page, f"facility-costs-{language}-{size[0]}")
        assert overflow(page) <= 0
        assert axe_findings(page) == []
        assert bare_keys(page) == []
    with person(browser, mock_world.base_url, language, size) as somebody:
        page = journeys.log_in(somebody, mock_world, mock_world.workers["建管一组 乙"])
        page.goto(f"{mock_world.base_url}/facilities/1")
        expect(page.locator("figure.trend").first).to_be_visible()
        expect(page.get_by_role("heading", name=title, exact=True)).to_have_count(0)


@pytest.mark.parametrize(("language", "size"), [("zh", PHONE), ("en", DESK)])
def test_documents_are_added_fetched_and_taken_away(
    browser: Browser, mock_world: World, tmp_path: Path, language: str, size: tuple[int, int]
) -> None:
    """A name is text, whatever is in it; what is refused says why; workers fetch and change nothing."""
    title, name, add, remove, reason, removed, refused = {
        "zh": ("文件", "名称", "添加", "移除文件", "原因", "已移除 2 份", "文件不是 PDF"),
        "en": ("Documents", "Name", "Add", "Remove the document", "Reason", "2 removed", "文件不是 PDF"),
    }[language]
    facility = {"zh": 2, "en": 3}[language]
    hostile = "<img src=x onerror=alert(1)> 接线图"
    paper, page_file = tmp_path / "wiring.pdf", tmp_path / "evil.pdf"
    paper.write_bytes(b"%PDF-1.7\ntrailer<</Root 1 0 R>>\n%%EOF\n")
    page_file.write_bytes(b"<html><script>alert(1)</script></html>")
    with person(browser, mock_world.base_url, language, size) as somebody:
        somebody.forgiven += ["422"]
        page = journeys.log_in(somebody, mock_world, mock_world.manager)
        page.goto(f"{mock_world.base_url}/facilities/{facility}")
        shelf = page.locator("section", has=page.get_by_role("heading", name=title, exact=True)).last
        links = shelf.locator("a[download]")
        expect(links).to_have_count(3)
        shelf.locator("input[type=file]").set_input_files(str(page_file))
        shelf.get_by_role("button", name=add, exact=True).click()
        expect(shelf.get_by_role("alert")).to_contain_text(refused)
        shelf.get_by_role("button").filter(has_text=re.compile("取消|Cancel")).click()
        shelf.locator("input[type=file]").set_input_files(str(paper))
        expect(shelf.get_by_label(name, exact=True)).to_have_value("wiring")
        shelf.get_by_label(name, exact=True).fill(hostile)
        photograph(page, f"facility-document-add-{language}-{size[0]}")
        shelf.get_by_role("button", name=add, exact=True).click()
        expect(links).to_have_count(4)
        expect(links.first).to_have_text(hostile)
        with page.expect_download() as fetched:
            links.first.click()
        assert fetched.value.path().read_bytes() == paper.read_bytes()
        shelf.scroll_into_view_if_needed()
        photograph(page, f"facility-documents-{language}-{size[0]}")
        assert overflow(page) <= 0
        assert axe_findings(page) == []
        shelf.locator("button:has(svg.lucide-trash-2)").first.click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("button", name=remove, exact=True)).to_be_disabled()
        dialog.get_by_label(reason, exact=True).fill("of another pump")
        dialog.get_by_role("button", name=remove, exact=True).click()
        expect(links).to_have_count(3)
        shelf.get_by_text(removed, exact=True).click()
        expect(shelf.get_by_text("of another pump").first).to_be_visible()
        assert bare_keys(page) == []
    with person(browser, mock_world.base_url, language, size) as somebody:
        page = journeys.log_in(somebody, mock_world, mock_world.workers["建管一组 乙"])
        page.goto(f"{mock_world.base_url}/facilities/{facility}")
        expect(page.locator("a[download]")).to_have_count(3)
        expect(page.locator("input[type=file]")).to_have_count(0)
        expect(page.locator("main button:has(svg.lucide-trash-2)")).to_have_count(0)
