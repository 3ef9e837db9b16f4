"""Pages kept on a phone: installed, opened without signal, renewed, cleared; over the real rooms."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.conftest import require_program
from tests.e2e import journeys
from tests.e2e.browser import (
    ARGUMENTS,
    looks_right,
)
from tests.e2e.kept_world import (
    becomes_true,
    cold_start,
    edition,
    edition_waits,
    kept,
    kept_town,
    look_for_edition,
    phone,
    publish,
    served,
    waiting,
)
from tests.e2e.worlds import World
from tests.integration.api.test_with_real_rooms import Town

pytestmark = [pytest.mark.leaves_running, pytest.mark.timeout(400)]

WORDS = {
    "zh": ("这部手机上没有保存这个页面", "回到首页", "退出登录", "退出，留在手机上", "退出并删除", "登录"),
    "en": (
        *("This page is not kept on this phone", "Back to the start", "Log out", "Log out, leave it here"),
        *("Log out and delete it", "Log in"),
    ),
}


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """The small city."""
    with kept_town(tmp_path) as made:
        yield made


@pytest.fixture
def world(town: Town) -> Iterator[World]:
    """It on a port."""
    with served(town) as made:
        yield made


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pages_open_cold_without_signal(browser: Browser, world: World, language: str) -> None:
    """The queue, a task never opened before, the form of a report, what is kept; and no other page's script."""
    missing, home, *_ = WORDS[language]
    with phone(browser, world, language) as somebody:
        page = kept(somebody, world)
        numbers = page.locator("a.task").evaluate_all("(all) => all.map((one) => one.getAttribute('href'))")
        somebody.context.set_offline(True)
        page = cold_start(somebody, page)
        expect(page.locator("a.task")).to_have_count(len(numbers))
        expect(page.locator("html")).to_have_attribute("lang", "zh-CN" if language == "zh" else "en")
        looks_right(somebody, page, f"kept-queue-{language}")
        page = cold_start(somebody, page, numbers[-1])
        expect(page.get_by_role("button", name=journeys.word(somebody, "accept"), exact=True)).to_be_visible()
        looks_right(somebody, page, f"kept-task-{language}")
        page = cold_start(somebody, page, "/report")
        expect(page.locator("#report-words")).to_be_visible()
        page = cold_start(somebody, page, "/me")
        expect(page.locator("#kept")).to_be_visible()
        looks_right(somebody, page, f"kept-me-{language}")
        page = cold_start(somebody, page, "/funds")
        page.wait_for_url("**/tasks")  # not theirs to see, with or without signal
        page = cold_start(somebody, page, "/cases/1")
        expect(page.get_by_text(missing).last).to_be_visible()
        looks_right(somebody, page, f"not-kept-{language}")
        page.get_by_role("link", name=home).click()
        expect(page.locator("a.task")).to_have_count(len(numbers))


def test_a_page_opened_without_signal_from_a_running_one_says_that_it_is_not_kept(
    browser: Browser, world: World
) -> None:
    """A press leads to words and a way back, in the worker's presence and in the web view of a chat program alike."""
    with phone(browser, world) as somebody:
        page = kept(somebody, world)
        page.locator("a.task").first.click()
        case = page.locator("header a.mono")
        expect(case).to_be_visible()
        somebody.context.set_offline(True)
        case.click()
        expect(page.get_by_text(WORDS["zh"][0]).last).to_be_visible()
        page.get_by_role("link", name=WORDS["zh"][1]).click()
        expect(page.locator("a.task").first).to_be_visible()


@pytest.mark.parametrize(
    ("language", "locale", "name"), [("zh", "zh-CN", "双网格 Twingrid"), ("en", "en-GB", "Twingrid")]
)
def test_the_browser_would_install_it(
    browser: Browser, world: World, tmp_path: Path, language: str, locale: str, name: str
) -> None:
    """Manifest, icons and start page are as the browser wants them; of one that is not private."""
    chromium = str(require_program("chromium"))
    arguments = list(ARGUMENTS)
    context = browser.browser_type.launch_persistent_context(
        str(tmp_path / "profile"), executable_path=chromium, args=arguments, locale=locale
    )
    try:
        page = context.new_page()
        page.goto(f"{world.base_url}/login")
        page.wait_for_function("() => navigator.serviceWorker.controller !== null")
        client = context.new_cdp_session(page)
        found = client.send("Page.getAppManifest")
        errors = client.send("Page.getInstallabilityErrors")["installabilityErrors"]
    finally:
        context.close()
    assert (found["errors"], errors) == ([], [])
    assert found["url"].endswith(f"/manifest.{language}.webmanifest")
    said = json.loads(found["data"])
    assert (said["name"], said["start_url"], said["scope"], said["display"]) == (name, "/", "/", "standalone")


def test_a_new_edition_waits_for_what_is_unsent(browser: Browser, town: Town, world: World) -> None:
    """It is fetched, does nothing while a step waits, and takes over at the next change of page once all is sent."""
    with phone(browser, world) as somebody:
        page = kept(somebody, world)
        page.route("**/api/v1/tasks/*/accept", lambda route: route.fulfill(status=503, json={}))
        page.locator("a.task").first.click()
        journeys.press(page, journeys.word(somebody, "accept"))
        assert waiting(page) == 1
        publish(town, "two")
        look_for_edition(page)
        edition_waits(page)
        for path in ("/tasks", "/me", "/tasks"):
            page.locator(f'nav.bottom a[href="{path}"]').click()
            page.wait_for_url(f"**{path}")
            assert edition(page) == ""
        assert waiting(page) == 1
        page.unroute("**/api/v1/tasks/*/accept")
        page.evaluate("dispatchEvent(new Event('online'))")
        page.wait_for_function("() => JSON.parse(localStorage.getItem('twingrid.outbox')).length === 0")
        page.locator('nav.bottom a[href="/me"]').click()
        page.wait_for_function("() => document.querySelector('meta[name=edition]')?.content === 'two'")
        expect(page.locator("#kept")).to_be_visible()
        page.wait_for_function(
            "async () => (await caches.keys()).filter((name) => name.startsWith('twingrid-pages-')).length === 1"
        )
        somebody.context.set_offline(True)
        page = cold_start(somebody, page)
        expect(page.locator("a.task").first).to_be_visible()
        assert edition(page) == "two"


def test_a_new_edition_takes_over_at_the_next_start(browser: Browser, town: Town, world: World) -> None:
    """Whatever waits: what was done stands in the storage, not in the pages; of two open pages neither is disturbed."""
    with phone(browser, world) as somebody:
        page = kept(somebody, world)
        other = somebody.page()
        other.goto(f"{world.base_url}/me")
        expect(other.locator("#kept")).to_be_visible()
        publish(town, "two")
        look_for_edition(page)
        edition_waits(page)
        page.locator('nav.bottom a[href="/me"]').click()
        page.wait_for_url("**/me")
        assert (edition(page), edition(other)) == ("", "")
        other.close()
        somebody.context.set_offline(True)
        page.goto(f"{world.base_url}/tasks")
        page.locator("a.task").first.click()
        journeys.press(page, journeys.word(somebody, "accept"))
        assert waiting(page) == 1
        for _ in range(4):
            page = cold_start(somebody, page)
            if edition(page) == "two":
                break
        assert (edition(page), waiting(page)) == ("two", 1)


@pytest.mark.parametrize("fault", ["broken", "incomplete"])
def test_a_bad_edition_leaves_the_one_before_in_its_place(
    browser: Browser, town: Town, world: World, fault: str
) -> None:
    """One that lacks a file is never taken in; one that does not come up gives way to the last that did."""
    with phone(browser, world) as somebody:
        somebody.forgiven += ["of no use", "ServiceWorker", "404"]
        page = kept(somebody, world)
        publish(town, "bad", broken=fault == "broken", incomplete=fault == "incomplete")
        look_for_edition(page)
        if fault == "broken":
            edition_waits(page)
        seen = []
        for _start in range(5):
            page = cold_start(somebody, page, "/tasks")
            seen.append(edition(page))
            # Words and a way on, never a blank page.
            expect(page.locator(".opening a" if seen[-1] else "a.task").first).to_be_visible()
        # A page that is still closing at the first start holds the new edition back until the second.
        assert (seen.count("bad"), seen[-1]) == (2 if fault == "broken" else 0, "")
        somebody.problems.clear()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_logging_out_clears_the_phone(browser: Browser, world: World, language: str) -> None:
    """What was read goes; of what is unsent one is told first, and chooses; the server hears of it when it can."""
    *_, out, leave, drop, enter = WORDS[language]
    with phone(browser, world, language) as somebody:
        page = kept(somebody, world)
        somebody.context.set_offline(True)
        page.locator("a.task").first.click()
        journeys.press(page, journeys.word(somebody, "accept"))
        page.goto(f"{world.base_url}/me")
        journeys.press(page, out)
        looks_right(somebody, page, f"kept-logout-{language}")
        journeys.press(page, leave)
        expect(page.get_by_role("button", name=enter, exact=True)).to_be_visible()
        names = page.evaluate("Object.keys(localStorage).filter((key) => /kept|person|twingrid.in$/.test(key))")
        assert (names, waiting(page)) == ([], 1)
        page = cold_start(somebody, page, "/tasks")
        expect(page.get_by_role("button", name=enter, exact=True)).to_be_visible()
        somebody.context.set_offline(False)
        page.reload()
        expect(page.get_by_role("button", name=enter, exact=True)).to_be_visible()
        assert page.request.get(f"{world.base_url}/api/v1/session").status == 401
        page.close()
        page = kept(somebody, world)
        page.wait_for_function("() => JSON.parse(localStorage.getItem('twingrid.outbox')).length === 0")
        somebody.context.set_offline(True)
        page.goto(f"{world.base_url}/report")
        page.locator("#report-words").fill("half a sentence")
        page.goto(f"{world.base_url}/me")
        journeys.press(page, out)
        journeys.press(page, drop)
        expect(page.get_by_role("button", name=enter, exact=True)).to_be_visible()
        assert page.evaluate("Object.keys(localStorage).filter((key) => /kept|draft|person/.test(key))") == []
        somebody.context.set_offline(False)


def test_where_phones_must_keep_nothing_they_clear_what_they_kept(browser: Browser, town: Town) -> None:
    """With the setting off the worker that comes ends itself, nothing read stays, what is unsent is still sent."""
    with contextlib.ExitStack() as before:
        world = before.enter_context(served(town))
        port = int(world.base_url.rsplit(":", 1)[1])
        with phone(browser, world) as somebody:
            page = kept(somebody, world)
            page.locator("a.task").first.click()
            accept = journeys.word(somebody, "accept")
            expect(page.get_by_role("button", name=accept, exact=True)).to_be_visible()
            before.close()
            journeys.press(page, accept)
            assert waiting(page) == 1
            town.settings = replace(town.settings, kept_on_phones=False)
            with served(town, port):
                look_for_edition(page)
                becomes_true(page, "async () => (await caches.keys()).length === 0")
                becomes_true(page, "async () => (await navigator.serviceWorker.getRegistrations()).length === 0")
                page = cold_start(somebody, page, "/tasks")
                expect(page.locator("a.task").first).to_be_visible()
                page.wait_for_function("() => JSON.parse(localStorage.getItem('twingrid.outbox')).length === 0")
                page.goto(f"{world.base_url}/me")
                expect(page.locator("#kept")).to_be_visible()
                assert page.evaluate("Object.keys(localStorage).filter((key) => /kept|person/.test(key))") == []
                assert page.evaluate("navigator.serviceWorker.controller") is None
                looks_right(somebody, page, "kept-forbidden-zh")
