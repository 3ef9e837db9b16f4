"""The list of 10,000 facilities, its tree and views, over the mock server."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import find_free_port
from tests.e2e import journeys
from tests.e2e.browser import DESK, PHONE, axe_findings, bare_keys, overflow, person, photograph, small_targets
from tests.e2e.worlds import World, mock

pytestmark = [pytest.mark.leaves_running, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def large_world() -> Iterator[World]:
    """10,000 facilities."""
    with mock(find_free_port(), facilities=10_000) as world:
        yield world


def first_line(page: Page) -> str:
    return page.locator(".box .name a").first.inner_text()


@pytest.mark.parametrize(("language", "size"), [("zh", PHONE), ("en", DESK), ("en", PHONE), ("zh", DESK)])
def test_the_list_shows_any_line_of_ten_thousand_and_holds_few(
    browser: Browser, large_world: World, language: str, size: tuple[int, int]
) -> None:
    """The page says how long the list is, holds the lines in sight only, and the last one can be reached."""
    with person(browser, large_world.base_url, language, size) as somebody:
        page = journeys.log_in(somebody, large_world, large_world.manager)
        page.goto(f"{large_world.base_url}/facilities?order=code")
        expect(page.locator("[role=table]")).to_have_attribute("aria-rowcount", "10001")
        expect(page.locator(".box .name a").first).to_be_visible()
        assert page.locator(".box .line").count() < 50
        photograph(page, f"equipment-{language}-{size[0]}")
        page.locator(".box").evaluate("box => { box.scrollTop = box.scrollHeight; }")
        expect(page.locator("[aria-rowindex='10001'] a")).to_be_visible()
        assert page.locator(".box .line").count() < 50
        assert axe_findings(page) == []
        assert overflow(page) <= 0
        if size == PHONE:
            assert [one for one in small_targets(page, 32) if one] == []
        assert bare_keys(page) == []


def test_filters_stand_in_the_address_and_views_are_kept(browser: Browser, large_world: World) -> None:
    """Whoever opens the address sees the same; a view leads back to it; what is exported is what is shown."""
    with person(browser, large_world.base_url, "en", DESK) as somebody:
        page = journeys.log_in(somebody, large_world, large_world.manager)
        page.goto(f"{large_world.base_url}/facilities")
        page.get_by_label("Class of facility").select_option("lift")
        expect(page).to_have_url(re.compile("class=lift"))
        page.get_by_role("button", name=re.compile("^Cannot see")).click()
        expect(page).to_have_url(re.compile("health=unseen"))
        expect(page.locator(".box .name a").first).to_contain_text("lift")
        address, shown = page.url, first_line(page)
        assert re.search(
            r"class=lift&health=unseen|health=unseen&class=lift", str(page.get_by_text("CSV").get_attribute("href"))
        )
        page.get_by_role("button", name="Keep this view").click()
        page.get_by_label("Name", exact=True).fill("Lifts nobody sees")
        page.locator("dialog .btn-primary").click()
        expect(page.locator("dialog")).to_have_count(0)
        page.goto(f"{large_world.base_url}/facilities")
        page.get_by_role("button", name="Lifts nobody sees").click()
        expect(page).to_have_url(address)
        expect(page.locator(".box .name a").first).to_have_text(shown)
        page.get_by_role("columnheader", name="Facility", exact=True).get_by_role("button").click()
        expect(page.locator("[aria-sort='ascending']")).to_contain_text("Facility")
        expect(page).to_have_url(re.compile("order=name"))


def test_the_keyboard_walks_the_list(browser: Browser, large_world: World) -> None:
    """End goes to the last of ten thousand, Home to the first, Enter opens the facility."""
    with person(browser, large_world.base_url, "en", DESK) as somebody:
        page = journeys.log_in(somebody, large_world, large_world.manager)
        page.goto(f"{large_world.base_url}/facilities?order=code")
        expect(page.locator("[data-line='0']")).to_be_visible()
        page.locator(".box").focus()
        page.keyboard.press("End")
        expect(page.locator("[data-line='9999']")).to_be_visible()
        page.keyboard.press("Home")
        expect(page.locator("[data-line='0']")).to_be_focused()
        page.keyboard.press("ArrowDown")
        expect(page.locator("[data-line='1']")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"/facilities/\d+$"))


@pytest.mark.parametrize(("language", "size"), [("zh", PHONE), ("en", DESK)])
def test_the_trees_open_to_facilities(
    browser: Browser, large_world: World, language: str, size: tuple[int, int]
) -> None:
    """By place from the community to its class to the facility; by supply from what feeds others downwards."""
    with person(browser, large_world.base_url, language, size) as somebody:
        page = journeys.log_in(somebody, large_world, large_world.manager)
        page.goto(f"{large_world.base_url}/facilities?as=place")
        page.locator(".tree summary").first.click()
        page.locator(".tree .below summary").first.click()
        expect(page.locator(".tree .leaf a").first).to_be_visible()
        photograph(page, f"equipment-tree-{language}-{size[0]}")
        assert axe_findings(page) == []
        assert overflow(page) <= 0
        page.goto(f"{large_world.base_url}/facilities?as=supply")
        page.locator(".tree summary .sign").first.click()
        expect(page.locator(".tree .below .leaf a").first).to_be_visible()


def test_paper_holds_the_whole_list(browser: Browser, large_world: World) -> None:
    """What is printed is every line with these filters, not those that stood in sight."""
    with person(browser, large_world.base_url, "en", DESK) as somebody:
        page = journeys.log_in(somebody, large_world, large_world.manager)
        page.add_init_script(
            "window.print = () => { window.printedLines = document.querySelectorAll('.paper tbody tr').length; };"
        )
        page.goto(f"{large_world.base_url}/facilities?class=lift&health=unseen")
        expect(page.locator(".box .name a").first).to_be_visible()
        total = int(str(page.locator("[role=table]").get_attribute("aria-rowcount"))) - 1
        page.get_by_role("button", name="Print").click()
        page.wait_for_function("window.printedLines !== undefined")
        assert page.evaluate("window.printedLines") == total > 0
