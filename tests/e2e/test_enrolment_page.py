"""A gateway that was heard is enrolled by one press on the page of the gateways, over the real API and registry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from core.people import Role
from core.ports.enrolment import Announced, Stranger
from core.sparkplug.topics import NodeId
from registry.strangers import SqlStrangerBook
from tests.e2e import journeys
from tests.e2e.browser import DESK, PHONE, looks_right, person
from tests.e2e.test_first_steps import CHENGDU, Hand, press_city
from tests.e2e.test_life_cycle import serving
from tests.e2e.worlds import WEB, Login, World
from tests.integration.api.test_with_real_rooms import Town, open_town
from tests.unit.api.world import PASSWORD
from tests.unit.dispatch.hall import MONDAY_9

pytestmark = [pytest.mark.leaves_running, pytest.mark.requires("chromium"), pytest.mark.timeout(240)]

HOSTILE: Final = "<img src=x onerror=alert(1)>"
SAY: Final[Mapping[str, Mapping[str, str]]] = {
    "zh": {
        "title": "未登记的网关",
        "name": "网关名称",
        "community": "所属社区",
        "new": "新社区…",
        "sheet": "城市示意图，不画边界；点击即可设定位置",
        "ours": "我们社区",
        "enrol": "登记",
        "done": "已登记水泵房网关，1 个测点。",
        "class": "二次供水泵房 p1",
        "bad": "它的标识不能登记",
    },
    "en": {
        "title": "Gateways that are not enrolled",
        "name": "Name of the gateway",
        "community": "Community",
        "new": "A new community…",
        "sheet": "Sheet with cities, without borders; a press sets the place",
        "position": "Position of this browser",
        "ours": "Our community",
        "enrol": "Enrol",
        "done": "水泵房网关 is enrolled with 1 point.",
        "class": "Booster pump house p1",
        "bad": "Its ids cannot be enrolled",
    },
}


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """The small city with two gateways that nobody has enrolled; one of them calls itself something hostile."""
    if not (WEB / "dist" / "index.html").is_file():
        pytest.skip("the pages are not built: make web")
    with open_town(tmp_path) as made:
        made.settings = replace(made.settings, web_root=WEB / "dist")
        made.give_login("mgr", Role.ADMINISTRATOR, everywhere=True)
        pump = (Announced("p1/outlet_pressure", "MPa", "bus1"), Announced("p1/colour", "", "bus1"))
        SqlStrangerBook(made.hall.engine).put(
            [
                Stranger(node=NodeId("g1", "gw-new"), first_ms=MONDAY_9, seen_ms=MONDAY_9 + 1, metrics=pump),
                Stranger(node=NodeId("g1", HOSTILE), first_ms=MONDAY_9, seen_ms=MONDAY_9, metrics=()),
            ]
        )
        yield made


def gateways(page: Page, url: str) -> tuple[Locator, Locator]:
    """The page of the gateways: its list of strangers, and the form of the one that can be enrolled."""
    page.goto(f"{url}/gateways")
    strangers = page.locator("section[aria-labelledby='unknown-gateways']")
    return strangers, strangers.locator("form", has_text="g1/gw-new")


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_one_press_enrols(browser: Browser, town: Town, language: str, size: tuple[int, int]) -> None:
    """All is filled in; one press makes gateway, facility and point; what is hostile stays text without a button."""
    say = SAY[language]
    with serving(town) as url, person(browser, url, language, size) as somebody:
        login = Login(username="mgr", password=PASSWORD)
        page = journeys.log_in(somebody, World(base_url=url, manager=login, workers={}), login)
        strangers, card = gateways(page, url)
        expect(strangers.get_by_role("heading", name=say["title"])).to_be_visible()
        hostile = strangers.locator("form", has_text=say["bad"])
        expect(hostile.get_by_role("heading")).to_have_text(f"g1/{HOSTILE}")
        expect(hostile.get_by_role("button")).to_have_count(0)
        expect(card.get_by_role("textbox", name=say["name"])).to_have_value("gw-new")
        looks_right(somebody, page, f"enrolment-{language}-{size[0]}")
        card.get_by_role("textbox", name=say["name"]).fill("水泵房网关")
        card.get_by_role("button", name=say["enrol"], exact=True).click()
        expect(page.get_by_text(say["done"])).to_be_visible()
        expect(card).to_have_count(0)
        expect(hostile).to_have_count(1)
        expect(page.locator("article h2", has_text="水泵房网关")).to_be_visible()
        (made,) = page.request.get(f"{url}/api/v1/facilities?q=p1").json()["items"]
        page.goto(f"{url}/facilities/{made['id']}")
        expect(page.locator("h1")).to_contain_text(say["class"])
        assert page.request.get(f"{url}/api/v1/unknown-gateways").json()["items"][0]["node"] == HOSTILE


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("how", ["sheet", "browser"])
def test_a_new_community_is_placed_without_typing(
    browser: Browser, town: Town, how: str, size: tuple[int, int]
) -> None:
    """One press on the sheet, or the browser's own position; the facility stands there."""
    language = "zh" if how == "sheet" else "en"
    say = SAY[language]
    with serving(town) as url, person(browser, url, language, size) as somebody:
        somebody.context.grant_permissions(["geolocation"])
        somebody.context.set_geolocation({"longitude": 120.5, "latitude": 31.25})
        login = Login(username="mgr", password=PASSWORD)
        page = journeys.log_in(somebody, World(base_url=url, manager=login, workers={}), login)
        _, card = gateways(page, url)
        card.get_by_label(say["community"], exact=True).select_option(label=say["new"])
        enrol = card.get_by_role("button", name=say["enrol"], exact=True)
        expect(enrol).to_be_disabled()
        if how == "sheet":
            press_city(Hand(page), card.get_by_role("img", name=say["sheet"]), CHENGDU)
        else:
            card.get_by_role("button", name=say["position"], exact=True).click()
        expect(enrol).to_be_enabled()
        looks_right(somebody, page, f"enrolment-new-{how}-{size[0]}")
        enrol.click()
        expect(card).to_have_count(0)
        town.clock.advance(2_000)  # names of places are read anew after a second
        places = page.request.get(f"{url}/api/v1/facilities?q=p1").json()["items"]
        found = page.request.get(f"{url}/api/v1/facilities/{places[0]['id']}").json()
        assert found["community"]["name"][language] == say["ours"]
        expected = CHENGDU if how == "sheet" else (120.5, 31.25)
        assert (found["longitude"], found["latitude"]) == pytest.approx(expected, abs=0.005)
