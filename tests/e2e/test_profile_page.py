"""Writing a profile on the technician's page: its mistakes, what the unit says to it, and keeping it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from gateway.config_file import load_config
from tests.conftest import require_program
from tests.e2e.browser import DESK, PHONE, chromium, person
from tests.e2e.site_room import SiteRoom, room
from tests.e2e.test_site_page import Technician

pytestmark = [pytest.mark.requires("chromium"), pytest.mark.leaves_running, pytest.mark.timeout(240)]

MINE = """maker: Example
model: T1
source: the label and a thermometer
evidence: own
function: 4
timeout_s: 0.5
registers:
  temperature: {address: 1, type: s16, scale: 0.1, unit: Cel, low: -40, high: 125}
  humidity: {address: 2, type: u16, scale: 0.1, unit: "%", low: 0, high: 10}
  nothing: {address: 900, type: u16}
"""
"""A map of the XY-MD02 (unit 12), but for a bound that is too low and a register that it does not have."""
WRONG = MINE.replace("type: s16", "type: s17").replace("function: 4", "function: 9\ncolour: red")

GATEWAY = """
group: wtl
node: gw-1
profiles: own
broker: {host: 127.0.0.1}
spool: {path: spool.sqlite}
buses:
- id: boiler-house
  host: 127.0.0.1
  units:
  - {unit: 3, profile: known, points: {temperature: wtl-03/temperature, humidity: wtl-03/humidity}}
"""
"""A gateway that polls with a profile of its own, ``known``."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this module."""
    with chromium(require_program("chromium")) as one:
        yield one


def gateway(folder: Path) -> Path:
    """Its file, and its own profile."""
    (folder / "own").mkdir(parents=True)
    (folder / "own" / "known.yaml").write_text(MINE, encoding="utf-8")
    file = folder / "gateway.yaml"
    file.write_text(GATEWAY, encoding="utf-8")
    return file


def begun(page: Page, place: SiteRoom) -> None:
    """A session with two units, by the interface that the page uses too."""
    api = f"{place.url}/api/v1"
    bus = {"host": "127.0.0.1", "port": place.bus_port, "framing": "rtu"}
    for path, body in (("/session", bus), ("/units", {"unit": 12}), ("/units", {"unit": 13})):
        assert page.request.post(api + path, data=body).ok


def written(one: Technician, text: str) -> None:
    """The text in the editor is this one, and was judged."""
    one.page.get_by_role("textbox", name=one.say("profile.text"), exact=True).fill(text)


def is_sound(one: Technician) -> None:
    expect(one.page.locator("[data-sound='true']")).to_be_visible(timeout=20_000)


def opened(one: Technician, key: str) -> None:
    """A known profile as the beginning of this one."""
    summary = one.page.locator("main summary").first
    if not one.page.locator("main details").first.evaluate("one => one.open"):
        summary.click()
    one.page.locator("#begin").select_option(key)
    one.press("profile.open")


@pytest.mark.parametrize(
    ("language", "size", "dark"),
    [("zh", DESK, False), ("en", PHONE, False), ("en", DESK, True), ("zh", PHONE, True)],
    ids=["zh-desk", "en-phone", "en-desk-dark", "zh-phone-dark"],
)
def test_a_profile_is_written_tried_and_kept(
    browser: Browser, tmp_path: Path, language: str, size: tuple[int, int], dark: bool
) -> None:
    """Mistakes lead to their lines, raw registers stand beside values, and the gateway then has the profile."""
    name = f"{language}-{size[0]}{'-dark' if dark else ''}"
    file = gateway(tmp_path / "etc")
    with (
        room(tmp_path, gateway=file) as place,
        person(browser, place.url, language, size, dark=dark) as somebody,
    ):
        page = somebody.page()
        one = Technician(page, place, language, name)
        page.goto(place.url)
        begun(page, place)
        one.go("identify", 12)
        one.press("profile.write")
        area = page.get_by_role("textbox", name=one.say("profile.text"), exact=True)
        expect(area).to_have_value(re.compile("registers:"), timeout=20_000)
        is_sound(one)
        expect(page.get_by_label(one.say("profile.name"), exact=True)).to_have_value("new-profile")
        one.looks_right("p1-form")

        written(one, WRONG)
        expect(page.locator(".finding.mistake")).to_have_count(3, timeout=20_000)
        expect(page.locator(".gutter .mistake")).to_have_text(["5", "6", "9"])
        page.locator(".finding.mistake").nth(2).click()
        chosen = area.evaluate("one => one.value.slice(one.selectionStart, one.selectionEnd)")
        assert chosen == WRONG.splitlines()[8]
        attempt = page.get_by_role("button", name=one.say("profile.try", unit=12), exact=True)
        expect(attempt).to_be_disabled()
        one.looks_right("p2-wrong")

        written(one, MINE)
        is_sound(one)
        attempt.click()
        rows = page.locator("tr[data-register]")
        expect(rows).to_have_count(3, timeout=20_000)
        one.is_idle()
        cells = rows.first.locator("td")
        raw = int(cells.nth(1).inner_text().split()[-1], 16)
        assert float(re.findall(r"-?[\d.]+", cells.nth(2).inner_text())[0]) == raw / 10
        assert abs(raw / 10 - float(one.shown[12]["temperature"].split()[0])) < 0.1
        for row, quality in ((0, "good"), (1, "bad"), (2, "not_measured")):
            expect(rows.nth(row).locator(".chip")).to_have_text(one.say(f"quality.{quality}"))
        expect(rows.nth(2)).to_contain_text(one.say("profile.exception", code=2))
        one.looks_right("p3-tried")

        page.get_by_label(one.say("profile.name"), exact=True).fill("xy-md02")
        expect(page.locator("#profile-name-hint.problem")).to_be_visible(timeout=20_000)
        keep = page.get_by_role("button", name=one.say("profile.save"), exact=True)
        expect(keep).to_be_disabled()
        page.get_by_label(one.say("profile.name"), exact=True).fill("example-t1")
        expect(keep).to_be_enabled(timeout=20_000)
        keep.click()
        expect(page.get_by_text(one.say("profile.saved", name="example-t1"))).to_be_visible(timeout=20_000)
        assert (file.parent / "own" / "example-t1.yaml").read_text(encoding="utf-8") == MINE
        one.press("profile.use", unit=12)
        expect(page.get_by_role("button", name=one.say("profile.use", unit=12), exact=True)).to_have_count(0)
        page.reload()
        expect(area).to_have_value(MINE, timeout=20_000)
        expect(rows).to_have_count(3)
        one.looks_right("p4-kept")


@pytest.mark.parametrize(("language", "size"), [("zh", DESK), ("en", PHONE)], ids=["zh-desk", "en-phone"])
def test_what_points_in_use_would_feel_is_shown_and_must_be_meant(
    browser: Browser, tmp_path: Path, language: str, size: tuple[int, int]
) -> None:
    """A profile that the gateway polls with: changes are listed, a lost register forbids, a tick allows; and back."""
    file = gateway(tmp_path / "etc")
    with room(tmp_path, gateway=file) as place, person(browser, place.url, language, size) as somebody:
        page = somebody.page()
        one = Technician(page, place, language, f"{language}-{size[0]}")
        page.goto(place.url)
        begun(page, place)
        one.go("profile", 13)
        is_sound(one)
        opened(one, "known")
        area = page.get_by_role("textbox", name=one.say("profile.text"), exact=True)
        expect(area).to_have_value(MINE)
        expect(page.get_by_label(one.say("profile.name"), exact=True)).to_have_value("known")
        keep = page.get_by_role("button", name=one.say("profile.save"), exact=True)
        changes = page.locator("[data-changes] li")
        written(one, MINE.replace("  humidity:", "  moisture:"))
        expect(changes).to_contain_text([one.say("profile.gone", register="humidity")], timeout=20_000)
        expect(page.get_by_label(one.say("profile.meant"))).to_have_count(0)
        expect(keep).to_be_disabled()
        one.looks_right("p5-gone")

        other = MINE.replace("type: s16, scale: 0.1", "type: s16, scale: 0.01").replace(
            "timeout_s: 0.5", "timeout_s: 1"
        )
        written(one, other)
        expect(changes).to_have_count(2, timeout=20_000)
        expect(changes.first).to_contain_text("wtl-03/temperature")
        expect(changes.first).to_contain_text("0.1 → 0.01")
        expect(keep).to_be_disabled()
        page.get_by_label(one.say("profile.meant")).check()
        one.looks_right("p5-changes")
        keep.click()
        expect(page.get_by_text(one.say("profile.restart"))).to_be_visible(timeout=20_000)
        assert load_config(file).buses[0].units[0].profile.registers["temperature"].scale == 0.01

        opened(one, "known")
        version = page.locator("#version")
        expect(version.locator("option")).to_have_count(2)
        version.select_option(index=1)
        one.press("profile.open")
        expect(area).to_have_value(MINE)
        one.press("profile.back")
        expect(area).to_have_value(other)


def test_without_a_gateway_the_text_is_taken_home(browser: Browser, tmp_path: Path) -> None:
    """It is judged, nothing can be kept, and the page says what to do; the file has the name that was given."""
    with room(tmp_path) as place, person(browser, place.url, "en", PHONE) as somebody:
        page = somebody.page()
        one = Technician(page, place, "en", "alone")
        page.goto(place.url)
        begun(page, place)
        one.go("profile", 12)
        is_sound(one)
        written(one, MINE)
        page.get_by_label(one.say("profile.name"), exact=True).fill("example-t1")
        expect(page.get_by_text("--gateway")).to_be_visible()
        expect(page.get_by_role("button", name=one.say("profile.save"), exact=True)).to_have_count(0)
        one.looks_right("p6-alone")
        with page.expect_download() as started:
            one.press("profile.download")
        assert started.value.suggested_filename == "example-t1.yaml"
        assert Path(started.value.path()).read_text(encoding="utf-8") == MINE
