"""Photos of a task on a phone: taken on site, sent when there is signal, seen by whoever verifies; or words instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import journeys
from tests.e2e.browser import PHONE, Person, axe_findings, bare_keys, overflow, person, photograph, small_targets
from tests.e2e.test_report_pages import picture
from tests.e2e.worlds import World

pytestmark = [pytest.mark.leaves_running, pytest.mark.timeout(300)]

REPAIRER, VERIFIER = "建管一组 乙", "网格员 甲"
WORDS = {
    "zh": ("现场照片", "添加照片", "保存并发送", "修复前", "修复后", "拍不了照片的原因"),
    "en": ("Photos on site", "Add photos", "Keep and send", "Before", "After", "Why no photo could be taken"),
}


def reported(page: Page, world: World, code: str, event: str) -> dict[str, Any]:
    """A case without a sensor: its number, and those of its tasks by kind."""
    headers = {"Idempotency-Key": f"photos-{code}-{event}"}
    body = {"event": event, "words": "x", "facility_code": code}
    filed = page.request.post(f"{world.base_url}/api/v1/reports", data=body, headers=headers).json()
    case = page.request.get(f"{world.base_url}/api/v1/cases/{filed['case_id']}").json()
    return {"case": case["id"]} | {one["kind"]: one["id"] for one in case["tasks"]}


def looks_right(page: Page, name: str) -> None:
    """Everything in words, large enough for a thumb, no wider than the phone."""
    photograph(page, name)
    assert axe_findings(page) == []
    assert small_targets(page) == []
    assert overflow(page) == 0
    assert bare_keys(page) == []


def on_site(somebody: Person, page: Page, world: World, task: int) -> None:
    """Accepted and arrived."""
    page.goto(f"{world.base_url}/tasks/{task}")
    for key in ("accept", "arrive"):
        journeys.press(page, journeys.word(somebody, key))


def all_sent(page: Page) -> None:
    """The phone holds nothing any more, whether or not the page has drawn its badge yet."""
    empty = "() => JSON.parse(localStorage.getItem('twingrid.outbox') ?? '[]').length === 0"
    page.wait_for_function(empty, timeout=30_000)
    journeys.nothing_waits(page)


def choose(page: Page, file: Path) -> None:
    """A photo from the album; shrinking it takes a slow machine some seconds."""
    dialog = page.get_by_role("dialog")
    dialog.locator("input[data-album]").set_input_files(file)
    expect(dialog.locator(".thumbs img")).to_have_count(1, timeout=30_000)


@pytest.mark.parametrize(("language", "code"), [("zh", "wtl-ia-01"), ("en", "wtl-wp-01")])
def test_a_repair_is_shown_by_photos(
    browser: Browser, mock_world: World, tmp_path: Path, language: str, code: str
) -> None:
    """Before, then after with the report: words first, over a reload; the verifier and the case show both."""
    title, add, keep, before, after, why = WORDS[language]
    with person(browser, mock_world.base_url, language, PHONE) as somebody:
        somebody.forgiven += ["503", "Failed to load resource"]
        page = journeys.log_in(somebody, mock_world, mock_world.workers[REPAIRER])
        made = reported(page, mock_world, code, "wire_charging")
        on_site(somebody, page, mock_world, made["handle"])
        expect(page.get_by_role("heading", name=title)).to_be_visible()
        page.get_by_role("button", name=add, exact=True).click()
        dialog = page.get_by_role("dialog")
        choose(page, picture(tmp_path / "before.png"))
        looks_right(page, f"task-photo-add-{language}")
        dialog.get_by_role("button", name=keep, exact=True).click()
        expect(page.locator(".strip img")).to_have_count(1)
        journeys.press(page, journeys.word(somebody, "handle"))
        send = dialog.get_by_role("button", name=journeys.word(somebody, "confirm"), exact=True)
        expect(dialog.get_by_label(why)).to_be_visible()
        expect(send).to_be_disabled()
        looks_right(page, f"task-photo-why-{language}")
        choose(page, picture(tmp_path / "after.png", 800, 600))
        expect(dialog.get_by_label(why)).to_have_count(0)
        expect(send).to_be_enabled()
        looks_right(page, f"task-photo-handle-{language}")
        page.route("**/api/v1/tasks/*/handle", lambda route: route.fulfill(status=503, json={}))
        send.click()
        page.wait_for_url("**/tasks")
        chip = page.locator("a.chip:visible", has_text="2")
        expect(chip).to_be_visible()
        chip.click()
        expect(page.locator("li.entry")).to_have_count(2)
        looks_right(page, f"task-photo-waits-{language}")
        sent: list[str] = []
        page.on("request", lambda one: sent.append(one.url.split("/")[-1]) if one.method == "POST" else None)
        page.unroute("**/api/v1/tasks/*/handle")
        page.reload()
        all_sent(page)
        assert sent == ["handle", "photos?kind=after"]
    with person(browser, mock_world.base_url, language, PHONE) as somebody:
        page = journeys.log_in(somebody, mock_world, mock_world.workers[VERIFIER])
        on_site(somebody, page, mock_world, made["verify"])
        for kind in (before, after):
            expect(page.locator(".group b", has_text=kind)).to_be_visible()
        expect(page.locator(".strip img")).to_have_count(2)
        looks_right(page, f"task-photo-verify-{language}")
        journeys.press(page, journeys.word(somebody, "verify"))
        expect(page.get_by_role("dialog").locator(".still")).to_have_count(0)
        page.get_by_role("dialog").get_by_role("button", name=journeys.word(somebody, "holds"), exact=True).click()
        page.wait_for_url("**/tasks")
        journeys.nothing_waits(page)
        page.goto(f"{mock_world.base_url}/cases/{made['case']}")
        expect(page.locator(".strip img")).to_have_count(2)


def test_a_verdict_without_words_waits_for_its_photo(browser: Browser, mock_world: World, tmp_path: Path) -> None:
    """The repairer said why there is none after all; here nobody did, so the verifier's own photo goes first."""
    with person(browser, mock_world.base_url, "zh", PHONE) as somebody:
        page = journeys.log_in(somebody, mock_world, mock_world.workers[REPAIRER])
        made = reported(page, mock_world, "wtl-ia-01", "road_hole")
        on_site(somebody, page, mock_world, made["handle"])
        headers = {"Idempotency-Key": "an-older-page"}  # which knows no photos
        path = f"{mock_world.base_url}/api/v1/tasks/{made['handle']}/handle"
        assert page.request.post(path, data={"note": "done"}, headers=headers).ok
    with person(browser, mock_world.base_url, "zh", PHONE) as somebody:
        page = journeys.log_in(somebody, mock_world, mock_world.workers[VERIFIER])
        on_site(somebody, page, mock_world, made["verify"])
        journeys.press(page, journeys.word(somebody, "verify"))
        dialog = page.get_by_role("dialog")
        holds = dialog.get_by_role("button", name=journeys.word(somebody, "holds"), exact=True)
        expect(dialog.locator(".still")).to_be_visible()
        expect(holds).to_be_disabled()
        looks_right(page, "task-photo-missing-zh")
        choose(page, picture(tmp_path / "seen.png", 800, 600))
        expect(holds).to_be_enabled()
        sent: list[str] = []
        page.on("request", lambda one: sent.append(one.url.split("/")[-1]) if one.method == "POST" else None)
        holds.click()
        page.wait_for_url("**/tasks")
        all_sent(page)
        assert sent == ["photos?kind=verification", "verify"]
