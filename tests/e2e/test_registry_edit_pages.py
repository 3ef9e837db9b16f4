"""Single edits of days of the calendar, of what is expected of points, and of gateways."""

from __future__ import annotations

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
from tests.e2e.worlds import World

pytestmark = [pytest.mark.leaves_running, pytest.mark.timeout(240)]

LOOKS = [("zh", DESK), ("en", DESK), ("zh", PHONE), ("en", PHONE)]


@pytest.mark.parametrize(("language", "size"), LOOKS)
def test_a_run_of_days_is_shown_and_written(
    browser: Browser, mock_world: World, language: str, size: tuple[int, int]
) -> None:
    """What cannot be is told at its field; what can is shown with the limits it touches, and then written."""
    words = {
        "zh": (
            "首日",
            "末日（不填：只改一天）",
            "改为",
            "查看变化",
            "不能是“调休上班”",
            "3 天将变化",
            "写入 3 天",
            "已写入 3 天",
        ),
        "en": (
            "First day",
            "Last day (empty: one day)",
            "Becomes",
            "See what changes",
            "不能是“调休上班”",
            "3 days change",
            "Write 3 days",
            "3 days written",
        ),
    }
    first, last, becomes, look, wrong, changes, write, written = words[language]
    day = {("zh", DESK): "02-0", ("en", DESK): "03-0", ("zh", PHONE): "04-1", ("en", PHONE): "05-1"}[language, size]
    ends = {"02-0": ("5", "7"), "03-0": ("5", "7"), "04-1": ("6", "8"), "05-1": ("4", "6")}[day]
    with person(browser, mock_world.base_url, language, size) as somebody:
        somebody.forgiven.append("422")
        page = journeys.log_in(somebody, mock_world, mock_world.manager)
        page.goto(f"{mock_world.base_url}/calendar")
        page.get_by_label(first, exact=True).fill(f"2027-{day}{ends[0]}")
        page.get_by_label(last, exact=True).fill(f"2027-{day}{ends[1]}")
        page.get_by_label(becomes, exact=True).select_option("makeup")
        page.get_by_role("button", name=look).click()
        expect(page.get_by_text(wrong)).to_be_visible()
        page.get_by_label(becomes, exact=True).select_option("holiday")
        page.get_by_role("button", name=look).click()
        expect(page.get_by_text(changes, exact=True)).to_be_visible()
        expect(page.get_by_text("C-00031")).to_be_visible()
        scroll_through(page)
        photograph(page, f"calendar-days-{language}-{size[0]}")
        assert axe_findings(page) == []
        assert overflow(page) <= 0
        assert bare_keys(page) == []
        assert size != PHONE or small_targets(page) == []
        page.get_by_role("button", name=write).click()
        expect(page.get_by_text(written)).to_be_visible()
        page.get_by_label(becomes, exact=True).select_option("published")
        page.get_by_role("button", name=look).click()
        expect(page.get_by_text(changes, exact=True)).to_be_visible()


@pytest.mark.parametrize(("language", "size"), LOOKS)
def test_what_is_expected_of_a_point_is_changed_and_its_wiring_is_not(
    browser: Browser, mock_world: World, language: str, size: tuple[int, int]
) -> None:
    """From the facility's record to the point's: the wiring stands there, locked, with the way it changes in words."""
    words = {
        "zh": ("测点要求", "失效时长", "总线", "通过导入更新", "保存", "已保存", "新增网关"),
        "en": ("What is expected of its points", "stale after s", "bus", "by import", "Save", "Saved", "New gateways"),
    }
    points, stale, bus, why, save, saved, new = words[language]
    value = {("zh", DESK): "90", ("en", DESK): "91", ("zh", PHONE): "92", ("en", PHONE): "93"}[language, size]
    with person(browser, mock_world.base_url, language, size) as somebody:
        page = journeys.log_in(somebody, mock_world, mock_world.manager)
        page.goto(f"{mock_world.base_url}/registry/facilities/a-sp-01")
        expect(page.get_by_role("heading", name=points)).to_be_visible()
        page.get_by_label(points).get_by_role("link").first.click()
        box = page.get_by_label(stale, exact=True)
        expect(box).to_be_enabled()
        expect(page.get_by_label(bus, exact=True)).to_be_disabled()
        expect(page.get_by_text(why).first).to_be_visible()
        box.fill(value)
        scroll_through(page)
        photograph(page, f"point-record-{language}-{size[0]}")
        assert axe_findings(page) == []
        assert overflow(page) <= 0
        assert bare_keys(page) == []
        assert size != PHONE or small_targets(page) == []
        page.get_by_role("button", name=save, exact=True).click()
        expect(page.get_by_text(saved, exact=True).first).to_be_visible()
        expect(box).to_have_value(value)
        page.goto(f"{mock_world.base_url}/registry?kind=gateways")
        expect(page.locator("h1").first).to_be_visible()
        expect(page.locator(".skeletons, .wait")).to_have_count(0)
        expect(page.get_by_role("link", name=new)).to_have_count(0)
        page.goto(f"{mock_world.base_url}/registry/gateways/g1:gw-a")
        expect(page.get_by_label({"zh": "网关节点", "en": "node"}[language])).to_be_disabled()
        expect(page.get_by_label({"zh": "社区", "en": "community"}[language])).to_be_enabled()
        photograph(page, f"gateway-record-{language}-{size[0]}")
