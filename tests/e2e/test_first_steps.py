"""The first run in the browser, from a new installation to a message that has arrived; all behind it is real."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.conftest import find_free_port
from tests.e2e import journeys
from tests.e2e.all_pages import ADMINISTRATOR, PASSWORD
from tests.e2e.browser import DESK, PHONE, Person, looks_right, person
from tests.e2e.new_installation import FACILITY, GATEWAY, NewInstallation, new_installation
from tests.e2e.worlds import Login, World, mock
from tests.integration.dispatch.stubs import HttpStub, Reply, http_stub

pytestmark = [pytest.mark.leaves_running, pytest.mark.requires("chromium"), pytest.mark.timeout(420)]

MOST_INTERACTIONS: Final = 12
WITHIN_S: Final = 300.0
SECRET: Final = "a long sentence"
CHENGDU: Final = (104.07, 30.66)
SAY: Final[Mapping[str, Mapping[str, str]]] = {
    "zh": {
        "language": "中文",
        "code": "设置码",
        "password": "密码",
        "again": "再输入一次",
        "create": "创建并登录",
        "sheet": "城市示意图，不画边界；点击即可设定位置",
        "city": "成都",
        "enrol": "登记",
        "take": "采用这",
        "test": "发送测试消息",
        "taken": "已接收",
        "all": "所有步骤都已完成。",
        "first": "首次使用",
        "go": "继续",
        "hide": "隐藏",
        "message": "双网格的通知渠道工作正常",
        "inbox": "发给我的消息",
        "limit": "限值（>，m）",
        "save": "保存这个限值",
        "one alarm": "会有 1 条告警",
        "no alarm": "会有 0 条告警",
    },
    "en": {
        "language": "English",
        "code": "Setup code",
        "password": "Password",
        "again": "The same again",
        "create": "Create and log in",
        "sheet": "Sheet with cities, without borders; a press sets the place",
        "city": "Chengdu",
        "enrol": "Enrol",
        "take": "Take these",
        "test": "Send a test",
        "taken": "taken",
        "all": "All steps are done.",
        "first": "First steps",
        "go": "Go on",
        "hide": "Hide",
        "message": "This channel of Twingrid works",
        "inbox": "What I was told",
        "limit": "Limit (>, m)",
        "save": "Save this limit",
        "one alarm": "judged: 1.",
        "no alarm": "judged: 0.",
    },
}


@dataclass
class Hand:
    """Somebody's hand: what it presses and fills is counted."""

    page: Page
    count: int = 0

    def press(self, target: Locator, **where: Any) -> None:
        """One click."""
        target.click(**where)
        self.count += 1

    def fill(self, target: Locator, text: str) -> None:
        """One field."""
        target.fill(text)
        self.count += 1


def press_city(hand: Hand, sheet: Locator, place: tuple[float, float]) -> None:
    """One press where a city stands on the sheet: degrees of longitude and latitude."""
    spot = sheet.evaluate(
        """(svg, [longitude, latitude]) => {
          const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
          const inside = new DOMPoint((longitude - 73) / 63 * width, (54 - latitude) / 37 * height);
          const shown = inside.matrixTransform(svg.getScreenCTM());
          const box = svg.getBoundingClientRect();
          return {x: shown.x - box.left, y: shown.y - box.top};
        }""",
        list(place),
    )
    hand.press(sheet, position=spot)


def step(page: Page, name: str) -> Locator:
    """The card of a step."""
    return page.locator(f"[data-step='{name}']")


def is_done(page: Page, name: str) -> None:
    """The card says so, by itself and within the time that expectations have."""
    expect(step(page, name)).to_have_attribute("data-done", "true", timeout=60_000)


def set_up(hand: Hand, somebody: Person, fresh: NewInstallation) -> None:
    """From the address to the guided page."""
    say, page = SAY[somebody.language], hand.page
    page.goto(fresh.base_url)
    page.wait_for_url("**/setup")
    hand.press(page.get_by_role("button", name=say["language"], exact=True))
    hand.fill(page.get_by_label(say["code"]), fresh.code_file.read_text(encoding="utf-8").strip())
    hand.fill(page.get_by_label(say["password"], exact=True), SECRET)
    hand.fill(page.get_by_label(say["again"], exact=True), SECRET)
    hand.press(page.get_by_role("button", name=say["create"], exact=True))
    page.wait_for_url("**/first-steps")


def walk(hand: Hand, somebody: Person) -> None:
    """Enrol the gateway, see its value, take the rules, send a test."""
    say, page = SAY[somebody.language], hand.page
    gateway = step(page, "gateway")
    expect(gateway.get_by_role("heading", name=f"g1/{GATEWAY}")).to_be_visible(timeout=60_000)
    looks_right(somebody, page, f"first-gateway-{somebody.language}")
    press_city(hand, gateway.get_by_role("img", name=say["sheet"]), CHENGDU)
    expect(gateway.get_by_role("status").filter(has_text=say["city"])).to_be_visible()
    hand.press(gateway.get_by_role("button", name=say["enrol"], exact=True))
    is_done(page, "gateway")
    level = step(page, "live").locator("[data-point='level'] .figure")
    expect(level).to_be_visible(timeout=60_000)
    is_done(page, "live")
    rules = step(page, "rule")
    expect(rules.locator("[data-preview]")).to_contain_text(FACILITY, timeout=120_000)
    looks_right(somebody, page, f"first-rule-{somebody.language}")
    hand.press(rules.get_by_role("button", name=say["take"]))
    is_done(page, "rule")
    hand.press(step(page, "notification").get_by_role("button", name=say["test"], exact=True).first)
    is_done(page, "notification")
    expect(step(page, "notification").get_by_text(say["taken"], exact=True)).to_be_visible()
    expect(page.get_by_text(say["all"])).to_be_visible()
    looks_right(somebody, page, f"first-done-{somebody.language}")


@contextmanager
def room_of_stub(folder: Path, stub: HttpStub) -> Iterator[dict[str, Any]]:
    """Settings of a room whose robot answers here."""
    token = folder / "room.key"
    token.write_text("a-key", encoding="utf-8")
    channel = {"kind": "wecom", "url": stub.base, "private_addresses": True, "token": {"file": str(token)}}
    yield {"channels": {"works-room": channel}}


@pytest.mark.parametrize(("language", "size"), [("zh", DESK), ("en", PHONE)], ids=["zh-desk", "en-phone"])
def test_from_nothing_to_a_message_that_arrived(
    browser: Browser,
    tmp_path: Path,
    language: str,
    size: tuple[int, int],
    record_property: Callable[[str, object], None],
) -> None:
    """At most twelve clicks and fields and five minutes, set-up included; the room has got the test message."""
    with (
        http_stub(Reply(body={"errcode": 0, "errmsg": "ok"})) as stub,
        room_of_stub(tmp_path, stub) as notification,
        new_installation(tmp_path, notification) as fresh,
        person(browser, fresh.base_url, language, size) as somebody,
    ):
        began = time.monotonic()
        hand = Hand(somebody.page())
        set_up(hand, somebody, fresh)
        walk(hand, somebody)
        spent_s = time.monotonic() - began
        (body,) = stub.bodies()
        assert {"zh": "测试通知", "en": "Test notification"}[language] in str(body)
        assert not fresh.code_file.exists()
    record_property("interactions", hand.count)
    record_property("seconds", round(spent_s, 1))
    assert hand.count <= MOST_INTERACTIONS
    assert spent_s <= WITHIN_S


@pytest.mark.parametrize("language", ["zh", "en"])
def test_without_any_channel_the_test_stays_inside(browser: Browser, tmp_path: Path, language: str) -> None:
    """Nothing is set up to send: the page says how, and the test message arrives inside Twingrid."""
    say = SAY[language]
    with (
        new_installation(tmp_path, {}) as fresh,
        person(browser, fresh.base_url, language, DESK) as somebody,
    ):
        hand = Hand(somebody.page())
        set_up(hand, somebody, fresh)
        page = hand.page
        page.goto(f"{fresh.base_url}/first-steps#notification")
        card = step(page, "notification")
        expect(card.locator("pre")).to_contain_text("notification:")
        looks_right(somebody, page, f"first-inside-{language}")
        hand.press(card.get_by_role("button", name=say["test"], exact=True))
        is_done(page, "notification")
        expect(card.locator("[data-arrived]")).to_contain_text(say["message"])
        page.reload()  # what is done is seen from what is there
        is_done(page, "notification")
        expect(step(page, "gateway")).to_have_attribute("data-done", "false")
        page.goto(f"{fresh.base_url}/me")
        expect(page.get_by_role("region", name=say["inbox"])).to_contain_text(say["message"])
        looks_right(somebody, page, f"first-inbox-{language}")


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_one_can_leave_and_come_back(browser: Browser, mock_world: World, language: str, size: tuple[int, int]) -> None:
    """The overview leads an administrator, and no manager, to the next step until they put the note away."""
    say = SAY[language]
    with person(browser, mock_world.base_url, language, size) as somebody:
        page = journeys.log_in(somebody, mock_world, mock_world.manager)
        page.goto(f"{mock_world.base_url}/overview")
        expect(page.locator("a.community").first).to_be_visible()
        expect(page.get_by_role("complementary", name=say["first"])).to_have_count(0)
    with person(browser, mock_world.base_url, language, size) as somebody:
        page = journeys.log_in(somebody, mock_world, Login(username=ADMINISTRATOR, password=PASSWORD))
        page.goto(f"{mock_world.base_url}/overview")
        note = page.get_by_role("complementary", name=say["first"])
        note.get_by_role("link", name=say["go"], exact=True).click()
        page.wait_for_url("**/first-steps#rule")
        expect(step(page, "rule").locator("[data-preview]")).not_to_be_empty()
        looks_right(somebody, page, f"first-steps-{language}-{size[0]}")
        head = step(page, "language").get_by_role("button").first
        head.focus()
        page.keyboard.press("Enter")
        expect(head).to_have_attribute("aria-expanded", "true")
        page.goto(f"{mock_world.base_url}/overview")
        note.get_by_role("button", name=say["hide"], exact=True).click()
        page.reload()
        expect(page.locator("a.community").first).to_be_visible()
        expect(note).to_have_count(0)


@pytest.mark.parametrize(("language", "size"), [("zh", PHONE), ("en", DESK)], ids=["zh-phone", "en-desk"])
def test_one_limit_is_changed_instead(browser: Browser, language: str, size: tuple[int, int]) -> None:
    """A limit is typed, what it would have raised is told anew, and one press puts it in force."""
    say = SAY[language]
    with mock(find_free_port()) as world, person(browser, world.base_url, language, size) as somebody:
        page = journeys.log_in(somebody, world, Login(username=ADMINISTRATOR, password=PASSWORD))
        page.goto(f"{world.base_url}/first-steps")
        rules = step(page, "rule")
        told = rules.locator("[data-preview]")
        expect(told).to_contain_text(say["one alarm"])
        limit = rules.get_by_label(say["limit"])
        expect(limit).to_have_value("2")
        limit.fill("3.5")
        limit.press("Tab")
        expect(told).to_contain_text(say["no alarm"])
        looks_right(somebody, page, f"first-limit-{language}-{size[0]}")
        rules.get_by_role("button", name=say["save"], exact=True).click()
        is_done(page, "rule")
        expect(limit).to_have_value("3.5")
        detail = page.request.get(f"{world.base_url}/api/v1/rules/pump-level-high").json()
        assert "level > 3.5 m" in detail["draft"]["text"]
