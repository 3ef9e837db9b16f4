"""The pages alone, over the mock server: what people do on them. How every page looks is in `test_accessibility`."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.conftest import find_free_port
from tests.e2e import journeys
from tests.e2e.all_pages import PAGES
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
from tests.e2e.worlds import World, ask, mock

pytestmark = [pytest.mark.leaves_running, pytest.mark.timeout(240)]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_outage_shows_what_belongs_to_it(browser: Browser, mock_world: World, language: str) -> None:
    """What cannot be seen because of it, with links, and the alarms that were folded into it."""
    with person(browser, mock_world.base_url, language, DESK) as somebody:
        page = journeys.log_in(somebody, mock_world, mock_world.manager)
        page.goto(f"{mock_world.base_url}{PAGES['outage']}")
        panel = page.get_by_role("region", name={"zh": "一次中断，一条告警", "en": "One outage, one alarm"}[language])
        expect(panel.get_by_text({"zh": "设备 4 台失联", "en": "4 devices unseen"}[language])).to_be_visible()
        expect(panel.locator(".unseen a")).to_have_count(4)
        expect(panel.get_by_text({"zh": "液位没有读数", "en": "No readings of level"}[language])).to_be_visible()
        page.goto(f"{mock_world.base_url}{PAGES['alarm']}")
        expect(page.locator("h1").first).to_be_visible()
        expect(page.locator(".folding")).to_have_count(0)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_login_and_its_refusal(browser: Browser, mock_world: World, language: str) -> None:
    """A wrong password is refused in words, and the pages before the login are accessible too."""
    with person(browser, mock_world.base_url, language, PHONE) as somebody:
        somebody.forgiven.append("401")
        page = somebody.page()
        page.goto(f"{mock_world.base_url}/alarms?show=all")
        journeys.press(page, {"zh": "中文", "en": "English"}[language])
        page.get_by_label(journeys.word(somebody, "username")).fill("manager")
        page.get_by_label(journeys.word(somebody, "password"), exact=True).fill("not this")
        journeys.press(page, journeys.word(somebody, "log in"))
        expect(page.get_by_role("alert")).to_be_visible()
        assert axe_findings(page) == []
        page.get_by_label(journeys.word(somebody, "password"), exact=True).fill("mock-mock-1")
        journeys.press(page, journeys.word(somebody, "log in"))
        page.wait_for_url("**/alarms?show=all")


def test_first_run_creates_the_administrator(browser: Browser) -> None:
    """A fresh installation asks for its setup code and lets the first administrator in."""
    with mock(find_free_port(), setup=True) as world, person(browser, world.base_url, "zh", DESK) as somebody:
        page = somebody.page()
        page.goto(world.base_url)
        page.wait_for_url("**/setup")
        assert axe_findings(page) == []
        page.get_by_label("设置码").fill("mock-code")
        page.get_by_label("密码", exact=True).fill("a long sentence")
        page.get_by_label("再输入一次", exact=True).fill("a long sentence")
        journeys.press(page, "创建并登录")
        page.wait_for_url("**/first-steps")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_values_are_live_and_an_alarm_arrives(browser: Browser, mock_world: World, language: str) -> None:
    """Values change while one looks; an alarm appears in the open list and is acknowledged there."""
    with person(browser, mock_world.base_url, language, DESK) as somebody:
        page = journeys.log_in(somebody, mock_world, mock_world.manager)
        journeys.is_live(somebody, page)
        journeys.open_worst_facility(page, mock_world.base_url)
        journeys.charts_drawn(page)
        journeys.values_change(page)
        page.goto(f"{mock_world.base_url}/alarms")
        address = journeys.newest_alarm_arrives(page, mock_world)
        row = journeys.alarm_rows(page).filter(has=page.locator(f"a[href='{address}']"))
        row.get_by_role("button", name=journeys.word(somebody, "acknowledge"), exact=True).click()
        expect(row.locator(".chip", has_text=journeys.word(somebody, "acknowledged"))).to_be_visible()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_task_is_taken_and_finished_on_a_phone(browser: Browser, mock_world: World, language: str) -> None:
    """At 360 px a new task appears in the open queue and is finished in four taps; the other grid verifies it."""
    handler, verifier = mock_world.workers["建管一组 乙"], mock_world.workers["网格员 甲"]
    with person(browser, mock_world.base_url, language, PHONE) as somebody:
        page = journeys.log_in(somebody, mock_world, handler)
        page.goto(f"{mock_world.base_url}/tasks")
        expect(page.locator("a.task").first).to_be_visible()
        before = page.locator("a.task").evaluate_all("(all) => all.map((one) => one.getAttribute('href'))")
        assert mock_world.provoke is not None
        mock_world.provoke()
        script = """(before) => [...document.querySelectorAll('a.task')].map((one) => one.getAttribute('href'))
          .find((href) => !before.includes(href))"""
        address = str(page.wait_for_function(script, arg=before).json_value())
        page.locator(f"a.task[href='{address}']").click()
        for key in ("why", "where", "what"):
            expect(page.get_by_role("heading", name=journeys.word(somebody, key), exact=True)).to_be_visible()
        expect(page.locator("figure.evidence svg .limit").first).to_be_attached()
        assert journeys.finish_task(somebody, page) <= 4
        page.wait_for_url("**/tasks")
        journeys.nothing_waits(page)
        expect(page.locator(f"a.task[href='{address}']")).to_have_count(0)
    with person(browser, mock_world.base_url, language, PHONE) as somebody:
        page = journeys.log_in(somebody, mock_world, verifier)
        number = int(address.rsplit("/", 1)[1]) + 1
        page.goto(f"{mock_world.base_url}/tasks/{number}")
        journeys.verify_task(somebody, page)
        page.wait_for_url("**/tasks")
        journeys.nothing_waits(page)


def test_a_task_is_finished_without_signal(browser: Browser, mock_world: World) -> None:
    """Every step works offline and says that it waits; when the signal is back all of it arrives, in order and once."""
    assert mock_world.provoke is not None
    mock_world.provoke()
    with person(browser, mock_world.base_url, "zh", PHONE) as somebody:
        somebody.forgiven += ["ERR_INTERNET_DISCONNECTED", "Failed to load resource"]
        page = journeys.log_in(somebody, mock_world, mock_world.workers["建管一组 乙"])
        page.goto(f"{mock_world.base_url}/tasks")
        page.locator("a.task").last.click()
        expect(page.get_by_role("button", name="接单", exact=True)).to_be_visible()
        address = page.url
        somebody.context.set_offline(True)
        journeys.finish_task(somebody, page)
        expect(page.locator("a.chip:visible", has_text="3 项待发送")).to_be_visible()
        assert len(page.evaluate("JSON.parse(localStorage.getItem('twingrid.outbox'))")) == 3
        somebody.context.set_offline(False)
        journeys.nothing_waits(page)
        page.goto(address)
        expect(page.locator(".chip", has_text="已完成").first).to_be_visible()
        page.locator("summary", has_text="经过").click()
        happened = page.locator("ol.line .strong").all_inner_texts()
        assert happened[:3] == ["处置完成", "已到场", "已接单"]


def test_a_refused_step_keeps_what_was_typed(browser: Browser, mock_world: World) -> None:
    """When somebody else was faster, the worker reads why and still sees the own note, until it is put away."""
    assert mock_world.provoke is not None
    mock_world.provoke()
    with person(browser, mock_world.base_url, "zh", PHONE) as somebody:
        somebody.forgiven += ["409", "Failed to load resource"]
        page = journeys.log_in(somebody, mock_world, mock_world.workers["建管一组 乙"])
        page.goto(f"{mock_world.base_url}/tasks")
        page.locator("a.task").last.click()
        expect(page.get_by_role("button", name="接单", exact=True)).to_be_visible()
        path = "/api/v1/tasks/" + page.url.rsplit("/", 1)[1]
        somebody.context.set_offline(True)
        journeys.press(page, "退回")
        page.get_by_role("dialog").get_by_role("textbox").fill("配件没有到")
        page.get_by_role("dialog").get_by_role("button", name="确认退回").click()
        with person(browser, mock_world.base_url, "zh", PHONE) as other:
            tab = journeys.log_in(other, mock_world, mock_world.workers["建管一组 乙"])
            for action in ("accept", "arrive", "handle"):
                key = {"idempotency-key": action + path}
                answer = tab.request.post(f"{mock_world.base_url}{path}/{action}", data={}, headers=key)
                assert answer.ok
        somebody.context.set_offline(False)
        page.locator("a.chip:visible", has_text="被拒绝").click()
        expect(page.get_by_text("配件没有到")).to_be_visible()
        journeys.press(page, "知道了")
        journeys.nothing_waits(page)


WITHOUT = {
    "shared worker": "",
    "leader tab": "delete window.SharedWorker",
    "own": "delete window.SharedWorker; delete window.BroadcastChannel",
}


def streams(world: World, expected: int, within_s: float = 15.0) -> int:
    """Streams that the server holds open; it may hear of a new one before it hears that the replaced one was closed."""
    deadline = time.monotonic() + within_s
    while (count := int(ask(f"{world.base_url}/mock/streams")["open"])) != expected and time.monotonic() < deadline:
        time.sleep(0.05)
    return count


@pytest.mark.parametrize("how", list(WITHOUT))
def test_tabs_share_one_stream(browser: Browser, how: str) -> None:
    """Three tabs keep one connection, by worker or by a leading tab; where neither exists each has its own."""
    with mock(find_free_port()) as world, person(browser, world.base_url, "zh", DESK) as somebody:
        somebody.context.add_init_script(WITHOUT[how])
        first = journeys.log_in(somebody, world, world.manager)
        tabs = [first, somebody.page(), somebody.page()]
        for number, tab in enumerate(tabs, start=1):
            tab.goto(f"{world.base_url}/facilities/{number}")
            journeys.is_live(somebody, tab)
        for tab in tabs:
            tab.bring_to_front()
            journeys.values_change(tab)
        assert streams(world, 3 if how == "own" else 1) == (3 if how == "own" else 1)
        first.close()
        for tab in tabs[1:]:
            tab.bring_to_front()
            journeys.values_change(tab)
        assert streams(world, 2 if how == "own" else 1) == (2 if how == "own" else 1)


@pytest.mark.parametrize("how", list(WITHOUT))
def test_what_happens_before_the_stream_begins_is_seen(browser: Browser, mock_world: World, how: str) -> None:
    """An alarm that arises after the list was read and before the stream begins appears in it all the same."""

    def provoke() -> None:
        assert mock_world.provoke is not None
        mock_world.provoke()
        ask(f"{mock_world.base_url}/mock/hold?on=0")

    with person(browser, mock_world.base_url, "zh", DESK) as somebody:
        somebody.context.add_init_script(WITHOUT[how])
        page = journeys.log_in(somebody, mock_world, mock_world.manager)
        ask(f"{mock_world.base_url}/mock/hold?on=1")
        try:
            page.goto(f"{mock_world.base_url}/alarms")
            journeys.newest_alarm_arrives(page, replace(mock_world, provoke=provoke))
        finally:
            ask(f"{mock_world.base_url}/mock/hold?on=0")


def test_a_server_that_is_down_is_said_so(browser: Browser, mock_world: World) -> None:
    """While the server fails the page says what and offers a retry, and recovers with it."""
    with person(browser, mock_world.base_url, "en", DESK) as somebody:
        somebody.forgiven.append("503")
        page = journeys.log_in(somebody, mock_world, mock_world.manager)
        ask(f"{mock_world.base_url}/mock/down?on=1")
        try:
            page.locator("aside nav a", has_text="Cases").click()
            expect(page.get_by_role("alert").first).to_be_visible()
            assert axe_findings(page) == []
        finally:
            ask(f"{mock_world.base_url}/mock/down?on=0")
        page.get_by_role("button", name="Try again").first.click()
        expect(page.locator("article.case").first).to_be_visible()


def test_the_keyboard_reaches_everything(browser: Browser, mock_world: World) -> None:
    """Tab goes through the navigation with a visible focus, and the first stop skips it."""
    with person(browser, mock_world.base_url, "en", DESK) as somebody:
        page = journeys.log_in(somebody, mock_world, mock_world.manager)
        page.goto(f"{mock_world.base_url}/alarms")
        expect(journeys.alarm_rows(page).first).to_be_visible()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        seen = []
        for _ in range(40):
            page.keyboard.press("Tab")
            seen.append(page.evaluate("document.activeElement.textContent.trim()"))
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", seen[-1]
        assert "Acknowledge" in seen


WORDS = {
    "zh": {
        "open": "配置",
        "write": "编写新版本",
        "text": "文本（YAML）",
        "note": "用途说明",
        "keep": "存为草稿",
        "push": "下发",
    },
    "en": {
        "open": "Configuration",
        "write": "Write a version",
        "text": "Text (YAML)",
        "note": "What it is for",
        "keep": "Keep as a draft",
        "push": "Push",
    },
}


@pytest.mark.parametrize(("language", "size"), [("zh", PHONE), ("en", DESK)])
def test_a_configuration_is_written_compared_and_pushed(
    browser: Browser, mock_world: World, language: str, size: tuple[int, int]
) -> None:
    """Findings show the line they speak of; a new version shows how it differs before anybody can push it."""
    said = WORDS[language]
    administrator = replace(mock_world.manager, username="admin")
    with person(browser, mock_world.base_url, language, size) as somebody:
        page = journeys.log_in(somebody, mock_world, administrator)
        page.goto(f"{mock_world.base_url}/gateways")
        card = page.locator("article").first
        card.get_by_text(said["open"], exact=True).click()
        card.locator("button.version").last.click()
        dialog = page.locator("dialog")
        expect(dialog.get_by_text("hots: 127.0.0.1", exact=True)).to_be_visible()
        assert axe_findings(page) == []
        photograph(page, f"configuration-refused-{language}")
        page.keyboard.press("Escape")
        journeys.press(page, said["write"])
        dialog.get_by_label(said["text"]).fill("buses:\n- id: modbus-1\n  host: 127.0.0.2\n")
        dialog.get_by_label(said["note"]).fill("<b>new</b> meter")
        journeys.press(page, said["keep"])
        expect(dialog.locator(".more", has_text="127.0.0.2")).to_be_visible()
        expect(dialog.locator(".less", has_text="127.0.0.1")).to_be_visible()
        photograph(page, f"configuration-draft-{language}")
        assert axe_findings(page) == []
        assert overflow(page) <= 0
        journeys.press(page, said["push"])
        expect(dialog).to_have_count(0)
        newest = card.locator("button.version").first
        expect(newest).to_contain_text("<b>new</b> meter")
        expect(newest.locator(".chip")).to_have_text({"zh": "已下发", "en": "Pushed"}[language])
        assert bare_keys(page) == []


@pytest.mark.parametrize(("language", "size"), [("zh", DESK), ("en", DESK), ("zh", PHONE), ("en", PHONE)])
def test_a_gateway_shows_its_health_and_what_it_gave_up(
    browser: Browser, mock_world: World, language: str, size: tuple[int, int]
) -> None:
    """Its own report in words, and the ledger: when, how many, why; a longer stretch of time shows more."""
    says, ledger, month, bus, full = {
        "zh": ("网关自述", "缺口台账", "30 天", "总线 rs485-1：占用", "网关缓存已满，数据被舍弃"),
        "en": (
            "What it says of itself",
            "Ledger of gaps",
            "30 days",
            "Bus rs485-1: in use",
            "the gateway's spool was full",
        ),
    }[language]
    with person(browser, mock_world.base_url, language, size) as somebody:
        page = journeys.log_in(somebody, mock_world, mock_world.manager)
        page.goto(f"{mock_world.base_url}/gateways")
        card = page.locator("article").first
        card.get_by_text(says, exact=True).click()
        expect(card.get_by_text(bus, exact=True)).to_be_visible()
        card.get_by_text(ledger, exact=True).click()
        gaps = card.locator(".gaps li")
        expect(gaps).to_have_count(2)
        expect(gaps.first).to_contain_text("1,280")
        expect(gaps.first).to_contain_text(full)
        journeys.press(page, month)
        expect(gaps).to_have_count(3)
        assert axe_findings(page) == []
        assert overflow(page) <= 0
        assert size != PHONE or small_targets(page) == []
        assert bare_keys(page) == []
        photograph(page, f"gateway-ledger-{language}-{size[0]}")


def test_who_may_not_configure_sees_no_configuration(browser: Browser, mock_world: World) -> None:
    """A manager sees the gateway, not its configuration."""
    with person(browser, mock_world.base_url, "zh", DESK) as somebody:
        page = journeys.log_in(somebody, mock_world, mock_world.manager)
        page.goto(f"{mock_world.base_url}/gateways")
        expect(page.locator("article").first).to_be_visible()
        expect(page.locator("article details", has_text="配置")).to_have_count(0)


@pytest.mark.parametrize(
    ("language", "size", "dark"), [("zh", DESK, False), ("en", DESK, True), ("zh", PHONE, True), ("en", PHONE, False)]
)
def test_a_gateway_tells_how_its_page_on_site_is_opened(
    browser: Browser, mock_world: World, language: str, size: tuple[int, int], dark: bool
) -> None:
    """The command is there to be copied; where the browser has no clipboard it is marked instead."""
    title, copy = {"zh": ("现场调试（技术员页面）", "复制"), "en": ("Commissioning on site", "Copy")}[language]
    with person(browser, mock_world.base_url, language, size, dark=dark) as somebody:
        somebody.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = journeys.log_in(somebody, mock_world, mock_world.manager)
        page.goto(f"{mock_world.base_url}/gateways")
        card = page.locator("article").first
        card.get_by_text(title, exact=True).click()
        command = card.locator("code").first
        expect(command).to_contain_text("--site-port 8502")
        assert card.get_by_role("link", name=re.compile("8502")).count() == 0
        card.get_by_role("button", name=re.compile(f"^{copy}")).first.click()
        expect(card.locator(".line").first).to_contain_text({"zh": "已复制", "en": "Copied"}[language])
        assert page.evaluate("navigator.clipboard.readText()") == command.inner_text()
        assert axe_findings(page) == []
        assert overflow(page) <= 0
        assert size != PHONE or small_targets(page) == []
        assert bare_keys(page) == []
        photograph(page, f"gateway-on-site-{language}-{size[0]}{'-dark' if dark else ''}")


@pytest.mark.parametrize(("language", "size"), [("zh", PHONE), ("en", DESK)])
def test_a_file_is_imported_as_it_was_shown(
    browser: Browser, mock_world: World, language: str, size: tuple[int, int], tmp_path: Path
) -> None:
    """A wrong file is told in a table; a right one is shown with its differences, asked for, and applied."""
    words = {
        "zh": ("怎么办", "写入 4 项变更", "已写入 4 项变更"),
        "en": ("What to do", "Apply 4 changes", "4 changes applied"),
    }
    fix, apply, applied = words[language]
    with person(browser, mock_world.base_url, language, size) as somebody:
        page = journeys.log_in(somebody, mock_world, mock_world.manager)
        page.goto(f"{mock_world.base_url}/registry/import")
        for name, sees in (("bad.xlsx", fix), ("city.xlsx", apply)):
            (tmp_path / name).write_bytes(b"PK")
            page.locator("input[type=file]").set_input_files(tmp_path / name)
            expect(page.get_by_text(sees, exact=True).first).to_be_visible()
            scroll_through(page)
            photograph(page, f"import-{name}-{language}-{size[0]}")
            assert axe_findings(page) == []
            assert overflow(page) == 0
        page.get_by_role("button", name=apply).first.click()
        page.get_by_role("dialog").get_by_role("button", name=apply).click()
        expect(page.get_by_text(applied)).to_be_visible()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_who_is_overtaken_keeps_what_they_wrote(browser: Browser, mock_world: World, language: str) -> None:
    """Another field of the first stands, and the second is told; of the same field the second chooses."""
    told = {"zh": "并与别人同时做的修改合并", "en": "merged with what others changed"}[language]
    mine = {"zh": "保留我的", "en": "Keep mine"}[language]
    save = {"zh": "保存", "en": "Save"}[language]
    with person(browser, mock_world.base_url, language, DESK) as somebody:
        somebody.forgiven.append("409")
        page = journeys.log_in(somebody, mock_world, mock_world.manager)
        page.goto(f"{mock_world.base_url}/registry/people/a-m1")
        name = page.get_by_label({"zh": "英文名称", "en": "name en"}[language])
        name.fill("Mine")
        page.evaluate(
            """async () => {
              const there = await (await fetch("/api/v1/registry/people/records/a-m1")).json();
              await fetch("/api/v1/registry/people/records/a-m1", {
                method: "PATCH", headers: {"content-type": "application/json"},
                body: JSON.stringify({mark: there.mark, fields: {skills: "gas"}}),
              });
            }"""
        )
        page.get_by_role("button", name=save, exact=True).click()
        expect(page.get_by_text(told)).to_be_visible()
        expect(page.locator(".meanwhile")).to_contain_text("gas")
        expect(name).to_have_value("Mine")
        ask = """async () => (await (await fetch("/api/v1/registry/people/records/a-m1")).json()).fields"""
        stands = page.evaluate(ask)
        assert (stands["name_en"], stands["skills"]) == ("Mine", "gas")
        page.evaluate(
            """async () => {
              const there = await (await fetch("/api/v1/registry/people/records/a-m1")).json();
              await fetch("/api/v1/registry/people/records/a-m1", {
                method: "PATCH", headers: {"content-type": "application/json"},
                body: JSON.stringify({mark: there.mark, fields: {name_en: "Theirs"}}),
              });
            }"""
        )
        name.fill("Mine again")
        page.get_by_role("button", name=save, exact=True).click()
        expect(page.locator(".conflict")).to_contain_text("Theirs")
        expect(page.get_by_role("button", name=save, exact=True)).to_be_disabled()
        page.get_by_role("radio", name=mine).check()
        page.get_by_role("button", name=save, exact=True).click()
        expect(page.locator(".conflict")).to_have_count(0)
        assert page.evaluate(ask)["name_en"] == "Mine again"
        page.evaluate(
            """async () => {
              const there = await (await fetch("/api/v1/registry/people/records/a-m1")).json();
              const fields = {skills: "electrical pump", name_en: "Maintainer B"};
              await fetch("/api/v1/registry/people/records/a-m1", {
                method: "PATCH", headers: {"content-type": "application/json"},
                body: JSON.stringify({mark: there.mark, fields}),
              });
            }"""
        )
