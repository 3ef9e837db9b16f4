"""The demo through the eyes of its people: live values, an alarm, a task finished on a phone, in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import journeys
from tests.e2e.browser import DESK, PHONE, axe_findings, bare_keys, overflow, person, photograph, scroll_through
from tests.e2e.worlds import World, demo

pytestmark = [pytest.mark.leaves_running, pytest.mark.requires("chromium"), pytest.mark.timeout(420)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One demo for the module."""
    with demo(tmp_path_factory.mktemp("demo") / "city") as running:
        yield running


def open_tasks(page: Page, world: World) -> list[dict[str, Any]]:
    """Tasks as the server lists them to whoever is logged in at this page."""
    answer = page.request.get(f"{world.base_url}/api/v1/tasks?open=true&limit=200")
    assert answer.ok, answer.text()
    return list(answer.json()["items"])


def next_pair(page: Page, world: World) -> tuple[dict[str, Any], dict[str, Any]]:
    """A repair nobody has accepted and the verification of the same case, both with workers who have a login.

    Waits until the city has such a case.
    """
    for _ in range(int(world.alarm_within_s / 2)):
        tasks = [one for one in open_tasks(page, world) if one["owner"] and one["owner"]["name"]["zh"] in world.workers]
        checks = {one["case_id"]: one for one in tasks if one["kind"] == "verify"}
        for task in tasks:
            if task["kind"] == "handle" and task["state"] == "waiting" and task["case_id"] in checks:
                return task, checks[task["case_id"]]
        page.wait_for_timeout(2000)
    raise AssertionError(f"no repair waited for anybody within {world.alarm_within_s} s")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_manager_sees_the_city_live(browser: Browser, world: World, language: str) -> None:
    """Overview, a facility whose values change with its charts, and an alarm that is there within four minutes."""
    with person(browser, world.base_url, language, DESK) as somebody:
        page = journeys.log_in(somebody, world, world.manager)
        page.goto(f"{world.base_url}/overview")
        expect(page.locator("a.community")).to_have_count(3)
        journeys.is_live(somebody, page)
        journeys.open_worst_facility(page, world.base_url)
        expect(
            page.locator(".chip", has_text=re.compile("物理模型|录制数据|Physical model|Recorded")).first
        ).to_be_visible()
        journeys.charts_drawn(page)
        journeys.values_change(page)
        page.goto(f"{world.base_url}/alarms")
        address = journeys.newest_alarm_arrives(page, world)
        page.goto(world.base_url + address)
        expect(page.locator("h1")).not_to_be_empty()
        evidence = {"zh": "告警发生时的证据", "en": "Evidence at the opening"}[language]
        expect(page.get_by_role("heading", name=evidence)).to_be_visible()
        photograph(page, f"demo-alarm-{language}")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_of_the_demo_is_accessible(browser: Browser, world: World, language: str) -> None:
    """With real data, too, axe finds nothing serious, nothing scrolls sideways and no text is missing."""
    findings = []
    with person(browser, world.base_url, language, PHONE if language == "zh" else DESK) as somebody:
        page = journeys.log_in(somebody, world, world.manager)
        for path in ("/overview", "/communities/1", "/alarms", "/cases", "/tasks", "/gateways", "/me"):
            page.goto(world.base_url + path)
            expect(page.locator("h1").first).to_be_visible()
            scroll_through(page)
            expect(page.locator(".skeletons, .wait")).to_have_count(0)
            photograph(page, f"demo{path.replace('/', '-')}-{language}")
            findings += [f"{path}: {finding}" for finding in axe_findings(page) + bare_keys(page)]
            findings += [f"{path}: {overflow(page)} px too wide"] if overflow(page) > 0 else []
    assert not findings, "\n".join(findings)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_worker_finishes_a_task_and_another_verifies_it(browser: Browser, world: World, language: str) -> None:
    """On a phone: why, where, what to do; accept, on site, done in four taps; the other grid verifies; it is closed."""
    with person(browser, world.base_url, language, DESK) as somebody:
        desk = journeys.log_in(somebody, world, world.manager)
        desk.goto(f"{world.base_url}/tasks")
        expect(desk.locator("a.task").first).to_be_visible(timeout=world.alarm_within_s * 1000)
        task, check = next_pair(desk, world)
    with person(browser, world.base_url, language, PHONE) as somebody:
        page = journeys.log_in(somebody, world, world.workers[task["owner"]["name"]["zh"]])
        page.goto(f"{world.base_url}/tasks")
        page.locator(f"a.task[href='/tasks/{task['id']}']").click()
        for key in ("why", "where", "what"):
            expect(page.get_by_role("heading", name=journeys.word(somebody, key), exact=True)).to_be_visible()
        expect(page.locator("figure.evidence").first).to_be_visible()
        photograph(page, f"demo-task-{language}")
        assert axe_findings(page) == []
        assert journeys.finish_task(somebody, page) <= 4
        page.wait_for_url("**/tasks")
        journeys.nothing_waits(page)
    with person(browser, world.base_url, language, PHONE) as somebody:
        page = journeys.log_in(somebody, world, world.workers[check["owner"]["name"]["zh"]])
        page.goto(f"{world.base_url}/tasks/{check['id']}")
        journeys.verify_task(somebody, page)
        page.wait_for_url("**/tasks")
        journeys.nothing_waits(page)
        page.goto(f"{world.base_url}/cases/{task['case_id']}")
        expect(page.locator(".chip", has_text=re.compile("已结案|Closed")).first).to_be_visible()
