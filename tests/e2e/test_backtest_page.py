"""A manager tries a rule on a real installation's past: the page, the API, a worker over the store's files."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.conftest import find_free_port
from tests.e2e import journeys
from tests.e2e.browser import DESK, axe_findings, overflow, person
from tests.e2e.worlds import ROOT, WEB, Login, World
from tests.integration.app.past_city import build_past_city

pytestmark = [pytest.mark.leaves_running, pytest.mark.timeout(240)]


def answers(url: str) -> bool:
    """Whether the process is there."""
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


@pytest.fixture(scope="module")
def past_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The API process over an installation with a past; no core runs beside it."""
    if not (WEB / "dist" / "index.html").is_file():
        pytest.skip("the pages are not built: make web")
    port = find_free_port()
    yesterday_ms = int(time.time() // 60 - 1_440) * 60_000
    city = build_past_city(tmp_path_factory.mktemp("past"), port, yesterday_ms)
    base_url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "app", "api", "--config", str(city.config)]
    with subprocess.Popen(command, cwd=ROOT) as process:
        try:
            deadline_s = time.monotonic() + 60
            while not answers(f"{base_url}/-/healthy"):
                assert process.poll() is None
                assert time.monotonic() < deadline_s
                time.sleep(0.2)
            manager = Login(username="city-manager", password=city.logins["city-manager"])
            yield World(base_url=base_url, manager=manager, workers={})
        finally:
            process.terminate()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_manager_tries_a_rule(browser: Browser, past_world: World, language: str) -> None:
    """A rule is run over the past and its cases stand there by cell; a wrong one says what is wrong."""
    words = {
        "zh": ("用过去的数据试一试", "按网格", "没有规则"),
        "en": ("Try it on the past", "By grid cell", "there is no rule"),
    }[language]
    with person(browser, past_world.base_url, language, DESK) as somebody:
        page = journeys.log_in(somebody, past_world, past_world.manager)
        page.goto(f"{past_world.base_url}/backtest")
        page.locator("select").select_option("7")
        page.locator("input").first.fill("pump-dry-run")
        page.get_by_role("button", name=words[0]).click()
        expect(page.get_by_role("heading", name=words[1])).to_be_visible(timeout=60_000)
        assert axe_findings(page) == []
        assert overflow(page) == 0
        page.locator("input").first.fill("no-such-rule")
        page.get_by_role("button", name=words[0]).click()
        expect(page.get_by_role("alert")).to_contain_text(words[2], timeout=60_000)
