"""The wall screen: large enough, loud when it is old, alive again by itself, and no heavier after weeks."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.conftest import find_free_port
from tests.e2e import journeys
from tests.e2e.all_pages import MAINTAINER, PASSWORD
from tests.e2e.browser import axe_findings, bare_keys, person, photograph
from tests.e2e.worlds import Login, World, ask, mock

pytestmark = [pytest.mark.leaves_running, pytest.mark.timeout(300)]

FULL_HD, UHD = (1920, 1080), (3840, 2160)
PANEL_MS = 20_000
LEAST_LETTER = 4.4 / 100
"""Of the screen's height; why is in `WallPage.vue`."""
_LETTERS = """() => {
  const walker = document.createTreeWalker(document.querySelector('main.wall .stage'), NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.textContent.trim() === '' || node.parentElement.closest('.sr-only')) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    if (box.width === 0) continue;
    const svg = node.parentElement.closest('svg');
    const scale = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
    const size = parseFloat(getComputedStyle(node.parentElement).fontSize) * scale;
    found.push([node.textContent.trim().slice(0, 30), size, box.left, box.top, box.right, box.bottom]);
  }
  return found;
}"""


def _wall(page: Page, world: World) -> None:
    page.goto(f"{world.base_url}/wall")
    expect(page.locator("dl.tiles")).to_be_visible()
    expect(page.locator("[data-panel]")).to_be_visible()


def _turn_to(page: Page, panel: str) -> None:
    """Let time pass until the panel shows."""
    for _ in range(9):
        if page.locator(f"[data-panel={panel}]").count() > 0:
            return
        page.clock.fast_forward(PANEL_MS)
        page.wait_for_timeout(50)
    raise AssertionError(f"the panel {panel} never came")


@pytest.mark.parametrize(("language", "size"), [("zh", FULL_HD), ("en", FULL_HD), ("zh", UHD), ("en", UHD)])
def test_every_panel_is_readable_from_five_metres(
    browser: Browser, mock_world: World, language: str, size: tuple[int, int]
) -> None:
    """Every letter is large enough and within the screen, every panel comes by, and axe finds nothing serious."""
    width, height = size
    with person(browser, mock_world.base_url, language, size, still=True) as somebody:
        page = journeys.log_in(somebody, mock_world, mock_world.manager)
        page.clock.install()
        _wall(page, mock_world)
        findings: list[str] = []
        for panel in ("alarms", "map", "changes"):
            _turn_to(page, panel)
            photograph(page, f"wall-{panel}-{language}-{width}")
            for text, letter, left, top, right, bottom in page.evaluate(_LETTERS):
                if letter < LEAST_LETTER * height - 0.6:
                    findings.append(f"{panel}: {text!r} is {letter:.0f} px")
                if left < 0 or top < 0 or right > width + 1 or bottom > height + 1:
                    findings.append(f"{panel}: {text!r} is out of the screen")
            findings += [f"{panel}: {one}" for one in axe_findings(page) + bare_keys(page)]
        assert not findings, "\n".join(findings)


def test_keys_fill_the_screen_and_leave_it(browser: Browser, mock_world: World) -> None:
    """F fills the screen and F leaves it; Escape goes back to the overview; a worker, who sees, may look as well."""
    with person(browser, mock_world.base_url, "zh", FULL_HD) as somebody:
        page = journeys.log_in(somebody, mock_world, Login(username=MAINTAINER, password=PASSWORD))
        page.goto(f"{mock_world.base_url}/overview")
        page.get_by_role("link", name="打开大屏").click()
        expect(page.locator("dl.tiles")).to_be_visible()
        page.keyboard.press("f")
        page.wait_for_function("document.fullscreenElement !== null")
        page.keyboard.press("F")
        page.wait_for_function("document.fullscreenElement === null")
        page.keyboard.press("Escape")
        page.wait_for_url("**/overview")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_broken_line_is_said_loudly_and_heals_by_itself(browser: Browser, language: str) -> None:
    """While nothing is heard the figures are pale under a banner; when the server is back, both are as before."""
    loud = {"zh": "与服务器失去联系", "en": "No contact with the server"}[language]
    with mock(find_free_port()) as world, person(browser, world.base_url, language, FULL_HD, still=True) as somebody:
        somebody.forgiven += ["503", "ERR_", "Failed to load resource"]
        page = journeys.log_in(somebody, world, world.manager)
        _wall(page, world)
        expect(page.locator(".trouble.lost")).to_have_count(0)
        ask(f"{world.base_url}/mock/down?on=1", {})
        ask(f"{world.base_url}/mock/cut", {})
        expect(page.locator(".trouble.lost")).to_contain_text(loud, timeout=30_000)
        expect(page.locator(".tiles")).not_to_have_css("opacity", "1")
        photograph(page, f"wall-lost-{language}")
        assert axe_findings(page) == []
        before = page.locator("dl.tiles").inner_text()
        ask(f"{world.base_url}/mock/down?on=0", {})
        expect(page.locator(".trouble.lost")).to_have_count(0, timeout=60_000)
        expect(page.locator(".tiles")).to_have_css("opacity", "1")
        assert world.provoke is not None
        world.provoke()
        expect(page.locator("dl.tiles")).not_to_have_text(re.compile(f"^{re.escape(before)}$"), timeout=15_000)


def _heap(client: CDPSession) -> tuple[float, int]:
    """Megabytes in use after a collection, and nodes of the documents."""
    for _ in range(3):
        client.send("HeapProfiler.collectGarbage")
    metrics = {one["name"]: one["value"] for one in client.send("Performance.getMetrics")["metrics"]}
    return metrics["JSHeapUsedSize"] / 1e6, int(metrics["Nodes"])


def test_weeks_leave_no_trace_in_memory(browser: Browser) -> None:
    """Tens of thousands of events and weeks of rotation leave heap and document as they were."""
    with mock(find_free_port()) as world, person(browser, world.base_url, "zh", FULL_HD, still=True) as somebody:
        page = journeys.log_in(somebody, world, world.manager)
        page.clock.install()
        _wall(page, world)
        client = somebody.context.new_cdp_session(page)
        client.send("Performance.enable")

        def a_while() -> tuple[float, int]:
            for hours in range(6):
                ask(f"{world.base_url}/mock/flood?n=1000", {})
                page.clock.fast_forward((hours * 7 + 5) * 3_600_000)
                page.wait_for_timeout(30)
            _turn_to(page, "changes")
            return _heap(client)

        a_while()
        settled, nodes = a_while()
        after, nodes_after = [a_while() for _ in range(3)][-1]
        assert after - settled < 1.5, f"{settled:.1f} MB became {after:.1f} MB"
        assert nodes_after - nodes < 300, (nodes, nodes_after)
