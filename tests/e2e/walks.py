"""The three walkthroughs of `docs/`: what a manager, a worker and a technician do, and where a picture is taken.

The test runs them without writing anything; `tools/walkthroughs.py` runs the same steps and keeps the pictures.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Page, expect

from tests.e2e import journeys
from tests.e2e.browser import DESK, PHONE, Person, person, scroll_through
from tests.e2e.site_room import SiteRoom
from tests.e2e.test_site_page import Technician
from tests.e2e.worlds import ROOT, World

Shoot = Callable[[Page, str], None]
"""Takes the picture of a step by its name, or does nothing."""

DOCS: Final = ROOT / "docs"
PICTURES: Final = DOCS / "images" / "walkthrough"
MANAGER: Final = ("overview", "wall", "community", "facility", "alarms", "alarm", "case", "evaluation")
WORKER: Final = ("queue", "task", "on-site", "done", "sent", "verify")
TECHNICIAN: Final = ("bus", "find", "identify", "read", "prove", "place", "sign")
WALKS: Final = {"manager": MANAGER, "worker": WORKER, "technician": TECHNICIAN}
_OF_THE_SITE: Final = {
    "0-bus": "bus",
    "1-find": "find",
    "2-identify-sure": "identify",
    "3-read-7": "read",
    "4-prove-differs": "prove",
    "5-place": "place",
    "6-sign": "sign",
}
"""What the technician's own test calls the moments of which this one keeps a picture."""


def document(who: str, language: str) -> Path:
    """The written walkthrough of somebody."""
    return DOCS / f"walkthrough-{who}{'.zh-CN' if language == 'zh' else ''}.md"


def picture(who: str, step: str, language: str) -> Path:
    """The picture of a step."""
    return PICTURES / f"{who}-{step}-{language}.webp"


def walk_manager(browser: Browser, world: World, language: str, shoot: Shoot) -> None:
    """From the overview to the worst facility, its alarm, its case, and how well the city does."""
    with person(browser, world.base_url, language, DESK) as somebody:
        page = journeys.log_in(somebody, world, world.manager)

        def open_at(path: str, step: str, *ready: str) -> None:
            page.goto(world.base_url + path)
            for css in ready:
                expect(page.locator(css).first).to_be_visible(timeout=30_000)
            scroll_through(page)
            expect(page.locator(".skeletons, .wait")).to_have_count(0, timeout=30_000)
            shoot(page, step)

        page.goto(f"{world.base_url}/alarms")
        address = journeys.newest_alarm_arrives(page, world)
        open_at("/overview", "overview", "a.community", ".changes dl")
        community = str(page.locator("a.community").first.get_attribute("href"))
        page.goto(f"{world.base_url}/wall")
        expect(page.locator("dl.tiles")).to_be_visible()
        expect(page.locator("[data-panel]")).to_be_visible()
        shoot(page, "wall")
        open_at(community, "community", "a.facility")
        facility = str(page.locator("a.facility").first.get_attribute("href"))
        open_at(facility, "facility", "section.point", "figure.trend canvas")
        open_at("/alarms", "alarms", "article.alarm")
        open_at(address, "alarm", "h1", "main section")
        page.goto(f"{world.base_url}/cases")
        case = page.locator("main a.say[href^='/cases/']").first
        expect(case).to_be_visible(timeout=world.alarm_within_s * 1000)
        open_at(str(case.get_attribute("href")), "case", "h1", "main section")
        open_at("/evaluation", "evaluation", "h1", "main table, main .card")


def _waiting(page: Page, world: World) -> tuple[dict[str, Any], dict[str, Any]]:
    """A repair nobody has accepted and its verification, both of workers with a login; waits for one."""
    for _ in range(int(world.alarm_within_s / 2)):
        answer = page.request.get(f"{world.base_url}/api/v1/tasks?open=true&limit=200")
        assert answer.ok, answer.text()
        mine = [one for one in answer.json()["items"] if one["owner"] and one["owner"]["name"]["zh"] in world.workers]
        checks = {one["case_id"]: one for one in mine if one["kind"] == "verify"}
        for task in mine:
            if task["kind"] == "handle" and task["state"] == "waiting" and task["ready"] and task["case_id"] in checks:
                return task, checks[task["case_id"]]
        page.wait_for_timeout(2_000)
    raise AssertionError(f"no repair waited for anybody within {world.alarm_within_s} s")


def _done(somebody: Person, page: Page, shoot: Shoot) -> None:
    """Accept, on site, done with a note; pictures on the way."""
    shoot(page, "task")
    journeys.press(page, journeys.word(somebody, "accept"))
    journeys.press(page, journeys.word(somebody, "arrive"))
    expect(page.get_by_role("button", name=journeys.word(somebody, "handle"), exact=True)).to_be_visible()
    journeys.nothing_waits(page)
    page.evaluate("scrollTo(0, 0)")
    shoot(page, "on-site")
    journeys.press(page, journeys.word(somebody, "handle"))
    words = {"zh": "已清理格栅，泵运行正常", "en": "Screen cleared, the pump runs"}[somebody.language]
    page.locator("#note").fill(words)
    why = page.locator("#no-photo")
    if why.count():
        why.fill({"zh": "夜间无照明", "en": "No light at night"}[somebody.language])
    shoot(page, "done")
    page.get_by_role("dialog").get_by_role("button", name=journeys.word(somebody, "confirm"), exact=True).click()
    page.wait_for_url("**/tasks")
    journeys.nothing_waits(page)
    shoot(page, "sent")


def walk_worker(browser: Browser, world: World, language: str, shoot: Shoot) -> None:
    """On a phone: a repair from the queue to "done", and the verification by somebody of the other grid."""
    with person(browser, world.base_url, language, DESK) as somebody:
        desk = journeys.log_in(somebody, world, world.manager)
        task, check = _waiting(desk, world)
    with person(browser, world.base_url, language, PHONE) as somebody:
        page = journeys.log_in(somebody, world, world.workers[task["owner"]["name"]["zh"]])
        page.goto(f"{world.base_url}/tasks")
        one = page.locator(f"a.task[href='/tasks/{task['id']}']")
        expect(one).to_be_visible()
        shoot(page, "queue")
        one.click()
        expect(page.get_by_role("heading", name=journeys.word(somebody, "what"), exact=True)).to_be_visible()
        journeys.is_live(somebody, page)
        _done(somebody, page, shoot)
    with person(browser, world.base_url, language, PHONE) as somebody:
        page = journeys.log_in(somebody, world, world.workers[check["owner"]["name"]["zh"]])
        page.goto(f"{world.base_url}/tasks/{check['id']}")
        expect(page.get_by_role("button", name=journeys.word(somebody, "accept"), exact=True)).to_be_visible()
        shoot(page, "verify")


class _Shown(Technician):
    """The technician of the page's own test, who has a picture taken instead of having each moment checked."""

    def __init__(self, page: Page, place: SiteRoom, language: str, shoot: Shoot) -> None:
        super().__init__(page, place, language, "walk")
        self._shoot = shoot

    def looks_right(self, what: str) -> None:
        if what in _OF_THE_SITE:
            self.page.evaluate("scrollTo(0, 0)")
            self._shoot(self.page, _OF_THE_SITE[what])


def walk_technician(browser: Browser, place: SiteRoom, language: str, shoot: Shoot) -> None:
    """Beside the gateway: from a bus without labels to the signed record."""
    with person(browser, place.url, language, DESK) as somebody:
        one = _Shown(somebody.page(), place, language, shoot)
        one.begin()
        one.find()
        one.identify()
        one.read()
        one.prove()
        one.place_all()
        one.sign()
