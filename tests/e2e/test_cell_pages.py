"""A cell is drawn on the page: what is wrong with it is shown first, then it is pasted right and saved."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e import journeys
from tests.e2e.browser import DESK, PHONE, axe_findings, bare_keys, overflow, person, photograph
from tests.e2e.test_merging_pages import town as town
from tests.e2e.test_merging_pages import world as world
from tests.e2e.worlds import World
from tests.unit.registry.city import SIDE, SOUTH, WEST

pytestmark = [pytest.mark.leaves_running, pytest.mark.timeout(300)]

WORDS = {
    "zh": (
        "代码",
        "网格类型",
        "社区",
        "中文名称",
        "英文名称",
        "边界",
        "生效日期",
        "重叠",
        "没有重叠，也没有空洞。",
        "保存",
    ),
    "en": (
        *("code", "grid", "community", "name zh", "name en", "polygon", "valid from", "overlaps"),
        *("No overlap and no hole.", "Save"),
    ),
}


@pytest.mark.parametrize(("language", "size"), [("zh", DESK), ("en", PHONE)])
def test_a_cell_is_drawn_seen_and_saved(browser: Browser, world: World, language: str, size: tuple[int, int]) -> None:
    """One that lies over another is told with what to do; a press adds a corner; GeoJSON is taken."""
    code, grid, community, name_zh, name_en, border, since, over, sound, save = WORDS[language]
    with person(browser, world.base_url, language, size) as somebody:
        page = journeys.log_in(somebody, world, world.manager)
        page.goto(f"{world.base_url}/registry/cells/new")
        for label, text in ((code, "aa-g-02"), (community, "aa"), (name_zh, "北"), (name_en, "North")):
            page.get_by_label(f"{label} *", exact=True).fill(text)
        page.get_by_label(f"{grid} *", exact=True).select_option("governance")
        page.get_by_label(f"{since} *", exact=True).fill("2020-01-01")
        top = SOUTH + 2 * SIDE
        page.get_by_label(f"{border} *", exact=True).fill(
            f"{WEST} {top - SIDE / 2}, {WEST + SIDE} {top - SIDE / 2}, {WEST + SIDE} {top + SIDE}, {WEST} {top + SIDE}"
        )
        expect(page.get_by_text(over).first).to_be_visible()
        expect(page.locator("polygon.sketch")).to_be_visible()
        photograph(page, f"cell-over-{language}-{size[0]}")
        ring = [[WEST, top], [WEST + SIDE, top], [WEST + SIDE, top + SIDE], [WEST, top + SIDE], [WEST, top]]
        page.get_by_label(f"{border} *", exact=True).fill(json.dumps({"type": "Polygon", "coordinates": [ring]}))
        expect(page.get_by_text(sound)).to_be_visible()
        photograph(page, f"cell-sound-{language}-{size[0]}")
        assert axe_findings(page) == []
        assert overflow(page) <= 0
        assert bare_keys(page) == []
        page.get_by_role("button", name=save, exact=True).click()
        page.wait_for_url("**/registry/cells/aa-g-02*")
        found = page.request.get(f"{world.base_url}/api/v1/registry/cells/records/aa-g-02:2020-01-01").json()
        assert found["fields"]["polygon"].count(",") == 3
        page.locator("svg[role=img] polygon").first.click(position={"x": 2, "y": 2}, force=True)
        page.wait_for_function("() => document.querySelector('textarea').value.split(',').length === 5")
        longitude, latitude = page.locator("textarea").input_value().split(", ")[-1].split(" ")
        inside = WEST - SIDE / 10 <= float(longitude) <= WEST + 2 * SIDE and SOUTH <= float(latitude) <= top + SIDE
        assert inside, "a press on a drawing that stands in the middle is where it was made"
