"""What the QR of a facility opens for a resident, over the mock server: a report without a login, and its state."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import journeys
from tests.e2e.browser import DESK, PHONE, axe_findings, overflow, person, photograph, small_targets
from tests.e2e.test_report_pages import picture
from tests.e2e.worlds import World

pytestmark = [pytest.mark.leaves_running, pytest.mark.timeout(240)]

SIGN = "/e/facility/bqc-sp-01"
WORDS = {
    "zh": {"event": "垃圾堆积", "words": "请简单说一说", "send": "提交", "thanks": "谢谢，已收到", "look": "查看进度"},
    "en": {
        "event": "Refuse piles up",
        "words": "Tell us in a few words",
        "send": "Send",
        "thanks": "Thank you, it has arrived",
        "look": "See what becomes of it",
    },
}


def looks_right(page: Page, name: str, size: tuple[int, int]) -> list[str]:
    """What is wrong with how a page looks."""
    photograph(page, name)
    found = axe_findings(page) + ([f"{overflow(page)} px too wide"] if overflow(page) > 0 else [])
    small = [one for one in small_targets(page, 48) if "INPUT" not in one] if size == PHONE else []
    return [f"{name}: {one}" for one in found + small]


@pytest.mark.parametrize(
    ("language", "size", "dark"), [("zh", PHONE, False), ("en", PHONE, True), ("zh", DESK, True), ("en", DESK, False)]
)
def test_a_resident_reports_by_the_qr(
    browser: Browser, mock_world: World, tmp_path: Path, language: str, size: tuple[int, int], dark: bool
) -> None:
    """No login: what is wrong, words, a photo; a number; what became of it. Accessible, in both languages."""
    say = WORDS[language]
    with person(browser, mock_world.base_url, language, size, dark=dark) as somebody:
        somebody.forgiven.append("429")
        page = somebody.page()
        page.goto(mock_world.base_url + SIGN)
        expect(page.get_by_role("radio").first).to_be_attached()
        look = f"resident-{{}}-{language}-{size[0]}"
        findings = looks_right(page, look.format("form"), size)
        journeys.press(page, say["send"])
        expect(page.get_by_role("alert").last).to_be_visible()
        page.get_by_label(say["event"], exact=True).check()
        page.get_by_label(say["words"]).fill("门口堆了三天 / three days at the door")
        page.locator("input[type=file]").set_input_files(picture(tmp_path / "bags.png"))
        expect(page.locator(".thumbs img")).to_be_visible()
        journeys.press(page, say["send"])
        expect(page.get_by_role("heading", name=say["thanks"])).to_be_visible()
        findings += looks_right(page, look.format("thanks"), size)
        page.get_by_role("link", name=say["look"]).click()
        expect(page.locator("[aria-current=step]")).to_be_visible()
        findings += looks_right(page, look.format("state"), size)
        assert not findings, "\n".join(findings)
        number = page.locator(".number strong").inner_text()
    with person(browser, mock_world.base_url, "zh", DESK) as gate:
        keeper = journeys.log_in(gate, mock_world, mock_world.manager)
        items = keeper.request.get(f"{mock_world.base_url}/api/v1/intakes?verdict=wait").json()["items"]
        (mine,) = [one for one in items if one["code"] == number]
        assert (mine["source"], len(mine["photos"])) == ("resident", 1)


def test_what_was_written_stays_when_there_is_no_network(browser: Browser, mock_world: World) -> None:
    """It says so, keeps the words over a reload, and then arrives once."""
    with person(browser, mock_world.base_url, "zh", PHONE) as somebody:
        somebody.forgiven += ["ERR_INTERNET_DISCONNECTED", "Failed to load resource"]
        page = somebody.page()
        page.goto(f"{mock_world.base_url}/e/facility/hxy-ia-01")
        page.get_by_label("垃圾堆积", exact=True).check()
        page.get_by_label("请简单说一说").fill("纸箱")
        somebody.context.set_offline(True)
        journeys.press(page, "提交")
        expect(page.get_by_text("没有网络，还没有提交")).to_be_visible()
        somebody.context.set_offline(False)
        page.reload()
        expect(page.get_by_label("请简单说一说")).to_have_value("纸箱")
        journeys.press(page, "提交")
        expect(page.get_by_role("heading", name="谢谢，已收到")).to_be_visible()


def test_too_many_reports_are_told_how_long_to_wait(browser: Browser, mock_world: World) -> None:
    """In plain words, with what to do in danger; what was written stays."""
    with person(browser, mock_world.base_url, "zh", PHONE) as somebody:
        somebody.forgiven.append("429")
        page = somebody.page()
        for number in range(6):
            page.goto(f"{mock_world.base_url}/e/facility/hxy-sp-01")
            page.get_by_label("其他问题", exact=True).check()
            page.get_by_label("请简单说一说").fill(f"第 {number} 次")
            journeys.press(page, "提交")
            expect(
                page.get_by_role("heading", name="谢谢，已收到").or_(page.get_by_text("请等 5 分钟"))
            ).to_be_visible()
        expect(page.get_by_text("请等 5 分钟")).to_be_visible()
        expect(page.get_by_label("请简单说一说")).to_have_value("第 5 次")


def test_an_unknown_sign_and_a_foreign_report_say_what_to_do(browser: Browser, mock_world: World) -> None:
    """A code of nothing, and a number without its key."""
    with person(browser, mock_world.base_url, "en", PHONE) as somebody:
        somebody.forgiven.append("404")
        page = somebody.page()
        page.goto(f"{mock_world.base_url}/e/facility/nothing-9")
        expect(page.get_by_text("Please call 12345")).to_be_visible()
        page.goto(f"{mock_world.base_url}/e/report/2")
        expect(page.get_by_text("Please use the phone that sent it")).to_be_visible()
        page.goto(f"{mock_world.base_url}/e/report/2#0123456789abcdef")
        expect(page.get_by_text("Please use the phone that sent it")).to_be_visible()
        assert axe_findings(page) == []
