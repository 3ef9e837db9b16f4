"""A department's own pages over the mock server: its list, a new task, what was referred to it, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e import journeys
from tests.e2e.browser import (
    DESK,
    PHONE,
    axe_findings,
    bare_keys,
    overflow,
    person,
    photograph,
    scroll_through,
    small_targets,
)
from tests.e2e.test_report_pages import picture
from tests.e2e.worlds import Login, World

pytestmark = [pytest.mark.leaves_running, pytest.mark.timeout(240)]

CLERK = Login(username="hb.one", password="mock-mock-1")
PAGES = {
    "department": "/department",
    "department-referred": "/department?show=referred",
    "department-burden": "/department?show=burden",
    "department-me": "/me",
}
LOOKS = [("zh", DESK, False), ("en", DESK, True), ("zh", PHONE, True), ("en", PHONE, False)]


@pytest.mark.parametrize(("language", "size", "dark"), LOOKS)
def test_a_departments_pages_are_accessible(
    browser: Browser, mock_world: World, language: str, size: tuple[int, int], dark: bool
) -> None:
    """With the form too; nothing scrolls sideways, no text is missing, and the console is silent."""
    with person(browser, mock_world.base_url, language, size, dark=dark) as somebody:
        page = journeys.log_in(somebody, mock_world, CLERK)
        findings: list[str] = []

        def look(name: str) -> None:
            photograph(page, f"{name}-{language}-{size[0]}{'-dark' if dark else ''}")
            findings.extend(f"{name}: {finding}" for finding in axe_findings(page))
            findings.extend([f"{name}: {overflow(page)} px too wide"] if overflow(page) > 0 else [])
            if size == PHONE:
                findings.extend(f"{name}: small target {target}" for target in small_targets(page))
            findings.extend(f"{name}: the name of a text instead of it, {space}.…" for space in bare_keys(page))

        for name, path in PAGES.items():
            page.goto(mock_world.base_url + path)
            expect(page.locator("h1").first).to_be_visible()
            scroll_through(page)
            expect(page.locator(".skeletons, .wait")).to_have_count(0)
            look(name)
        page.goto(f"{mock_world.base_url}/department")
        journeys.press(page, {"zh": "下派任务", "en": "Hand something down"}[language])
        expect(page.get_by_role("dialog")).to_be_visible()
        look("department-form")
        assert not findings, "\n".join(findings)


def test_a_department_has_its_own_page_and_no_other(browser: Browser, mock_world: World) -> None:
    """It begins there, its menu has nothing else, and other addresses lead back; no live stream is asked for."""
    with person(browser, mock_world.base_url, "zh", DESK) as somebody:
        page = journeys.log_in(somebody, mock_world, CLERK)
        page.goto(f"{mock_world.base_url}/")  # who had another language before chose theirs on another page
        page.wait_for_url("**/department")
        menu = page.get_by_role("navigation").first.get_by_role("link")
        expect(menu).to_have_text(["本部门任务"])
        expect(page.get_by_role("heading", level=1)).to_have_text("本部门任务")
        asked: list[str] = []
        page.on("request", lambda one: asked.append(one.url))
        for elsewhere in (
            "overview",
            "alarms",
            "cases",
            "cases/1",
            "tasks",
            "intakes",
            "report",
            "registry",
            "facilities/1",
        ):
            page.goto(f"{mock_world.base_url}/{elsewhere}")
            page.wait_for_url("**/department")
            expect(page.locator("article.intake").first).to_be_visible()
        calls = {url.split("/api/v1/")[1].split("?")[0] for url in asked if "/api/v1/" in url}
        assert {call for call in calls if not call.startswith(("department/", "session"))} == set()


def test_a_department_hands_a_task_down_with_a_photo(browser: Browser, mock_world: World, tmp_path: Path) -> None:
    """The gate answers at once, and the photo goes with the same key."""
    with person(browser, mock_world.base_url, "zh", PHONE) as somebody:
        page = journeys.log_in(somebody, mock_world, CLERK)
        page.goto(f"{mock_world.base_url}/")  # who had another language before chose theirs on another page
        page.wait_for_url("**/department")
        journeys.press(page, "下派任务")
        form = page.get_by_role("dialog")
        submit = form.get_by_role("button", name="提交")
        expect(submit).to_be_disabled()
        form.get_by_label("文号").fill("〔2026〕9号")
        form.get_by_label("任务事项").select_option(label="入户走访、摸排")
        form.get_by_label("社区").select_option(index=1)
        form.get_by_label("预计工时").fill("120")
        form.get_by_label("说明").fill("逐户核对雨污分流")
        form.locator("input[data-album]").set_input_files(picture(tmp_path / "drain.png"))
        expect(form.get_by_role("img", name="照片 1")).to_be_visible()
        submit.click()
        expect(form).to_have_count(0)
        card = page.locator("article.intake", has_text="逐户核对雨污分流")
        expect(card).to_have_count(1)
        expect(card.get_by_text("已立案")).to_be_visible()
        page.reload()
        expect(card.get_by_role("button", name="放大照片 1")).to_be_visible()


def test_what_is_referred_is_given_back_and_comes_again(browser: Browser, mock_world: World) -> None:
    """Given back with a reason it waits at the gate with that reason; referred once more it is taken."""
    with (
        person(browser, mock_world.base_url, "zh", DESK) as clerk,
        person(browser, mock_world.base_url, "zh", DESK) as keeper,
    ):
        mine = journeys.log_in(clerk, mock_world, CLERK)
        mine.goto(f"{mock_world.base_url}/department?show=referred")
        card = mine.locator("article.intake", has_text="河边有人倒油漆桶")
        expect(card.get_by_text("属于生态环境职责").first).to_be_visible()
        card.get_by_role("button", name="退回", exact=True).click()
        expect(card.get_by_role("button", name="确认退回")).to_be_disabled()
        card.get_by_label("为什么不属于本部门").fill("属于水务管理范围")
        card.get_by_role("button", name="确认退回").click()
        expect(mine.get_by_text("已退回，重新待受理")).to_be_visible()
        gate = journeys.log_in(keeper, mock_world, mock_world.manager)
        gate.goto(f"{mock_world.base_url}/intakes")
        waits = gate.locator("article.intake", has_text="河边有人倒油漆桶")
        expect(waits.get_by_text("属于水务管理范围").first).to_be_visible()
        expect(waits.get_by_text("3 次办理")).to_be_visible()
        waits.get_by_role("button", name="转办", exact=True).click()
        waits.get_by_label("转给哪个部门").select_option(label="生态环境局")
        send = waits.get_by_role("button", name="确认转办")
        expect(send).to_be_disabled()
        waits.get_by_label("转办原因").fill("已核实，倾倒油漆由环境部门查处")
        send.click()
        expect(waits.get_by_text("转办中").first).to_be_visible()
        gate.goto(f"{mock_world.base_url}/intakes?show=refer")
        expect(waits.get_by_role("button", name="收回")).to_be_visible()
        mine.goto(f"{mock_world.base_url}/department?show=referred")
        card.get_by_role("button", name="由本部门承办").click()
        expect(card.get_by_text("部门已承办").first).to_be_visible()
        expect(card.get_by_role("button", name="由本部门承办")).to_have_count(0)
