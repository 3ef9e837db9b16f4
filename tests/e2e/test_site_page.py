"""The technician's page in a browser: from nothing to the signed record, in both languages, at desk and phone."""

from __future__ import annotations

import json
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, expect

from gateway import site_sign
from gateway.quantities import known
from gateway.site_survey.typed import shown
from tests.conftest import require_program
from tests.e2e.browser import (
    DESK,
    PHONE,
    axe_findings,
    chromium,
    overflow,
    person,
    photograph,
    small_targets,
)
from tests.e2e.site_room import SiteRoom, Words, room, spaces, words

pytestmark = [pytest.mark.requires("chromium"), pytest.mark.leaves_running, pytest.mark.timeout(240)]

METER, SWAPPED, SHIFTED = 6, 7, 14
"""As its profile says; with words swapped; with all addresses one higher."""
PRODUCTS: Final = {SWAPPED: "DTSU666", SHIFTED: "XY-MD02"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this module."""
    with chromium(require_program("chromium")) as one:
        yield one


def png() -> bytes:
    """A small picture."""
    rows = b"".join(b"\0" + bytes((x * 4 % 256, y * 4 % 256, 128)) * 1 * 64 for y in range(48) for x in (y,))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 64, 48, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class Technician:
    """Does the six steps as a person would, by what the page says."""

    def __init__(self, page: Page, place: SiteRoom, language: str, name: str) -> None:
        self.page, self.place, self.name, self.language = page, place, name, language
        self.say: Words = words(language)
        self.shown = place.displays()

    def called(self, quantity: str) -> str:
        """What the page calls a quantity in the reader's language."""
        found = known(quantity)
        assert found is not None, quantity
        return found.in_language(self.language)

    def press(self, key: str, **values: object) -> None:
        self.page.get_by_role("button", name=self.say(key, **values), exact=True).click()

    def go(self, step: str, unit: int) -> None:
        self.page.goto(f"{self.place.url}/#/{step}/{unit}")
        expect(self.page.locator("main h1")).to_be_visible()
        self.is_idle()

    def is_idle(self) -> None:
        expect(self.page.locator(".run")).to_have_count(0, timeout=30_000)

    def looks_right(self, what: str) -> None:
        """No overflow, no small targets, no bare keys, nothing that axe calls serious; and a picture."""
        self.page.evaluate("scrollTo(0, 0)")
        self.page.wait_for_timeout(150)
        assert overflow(self.page) <= 0, what
        assert small_targets(self.page) == [], what
        bare = re.findall(r"\b([a-zA-Z]+)\.[a-zA-Z_]{2,}\b", self.page.locator("body").inner_text())
        assert sorted(spaces() & set(bare)) == [], what
        photograph(self.page, f"site-{self.name}-{what}")
        assert axe_findings(self.page) == [], what

    def begin(self) -> None:
        self.page.goto(self.place.url)
        self.page.get_by_label(self.say("bus.host"), exact=True).fill("127.0.0.1")
        self.page.get_by_label(self.say("bus.port"), exact=True).fill(str(self.place.bus_port))
        self.page.get_by_label(self.say("bus.framing"), exact=True).select_option("rtu")
        self.looks_right("0-bus")
        self.press("bus.begin")

    def find(self) -> None:
        self.page.get_by_role("textbox", name=self.say("find.units"), exact=True).fill(f"{METER}-{SWAPPED},{SHIFTED}")
        self.press("find.start")
        expect(self.page.locator("[data-count]")).to_have_text("3", timeout=20_000)
        self.is_idle()
        self.looks_right("1-find")

    def identify(self) -> None:
        self.go("identify", METER)
        self.press("identify.one")
        expect(self.page.get_by_text(self.say("identify.identified"))).to_be_visible(timeout=20_000)
        self.is_idle()
        self.looks_right("2-identify-sure")
        for unit, product in PRODUCTS.items():
            self.go("identify", unit)
            self.press("identify.one")
            expect(self.page.locator(".fits li").first).to_be_visible(timeout=20_000)
            self.is_idle()
            self.page.get_by_label(self.say("identify.otherHint")).fill(product)
            self.page.locator(".pick").first.click()
            expect(self.page.get_by_text(self.say("identify.inUse"))).to_be_visible()
        self.looks_right("2-identify-chosen")

    def read(self) -> None:
        for unit, found in ((SWAPPED, "change.CDAB"), (SHIFTED, "change.baseUp")):
            self.go("read", unit)
            self.press("read.profile")
            expect(self.page.locator(".meanings").first).to_be_visible(timeout=20_000)
            for name, text in self.shown[unit].items():
                self.page.get_by_label(self.say("read.showsOf", name=self.called(name)), exact=True).fill(text)
            self.press("read.solve")
            expect(self.page.locator(".whole b")).to_have_text(self.say(found), timeout=30_000)
            self.is_idle()
            self.looks_right(f"3-read-{unit}")
            self.press("read.proveNow")
            self.is_proven(unit)

    def is_proven(self, unit: int) -> None:
        proven = self.page.locator("table .chip-ok", has_text=self.say("prove.proven"))
        expect(proven).to_have_count(len(self.shown[unit]), timeout=30_000)
        self.is_idle()

    def prove(self) -> None:
        self.go("prove", METER)
        self.page.get_by_label(self.say("prove.by"), exact=True).fill("李伟")
        wrong = {"voltage_l1": "199.9 V"}
        for name, text in {**self.shown[METER], **wrong}.items():
            self.page.get_by_label(self.say("prove.referenceOf", name=self.called(name)), exact=True).fill(text)
        self.press("prove.do")
        differs = self.page.locator("table .chip-critical", has_text=self.say("prove.differs"))
        expect(differs).to_have_count(1, timeout=20_000)
        self.is_idle()
        self.looks_right("4-prove-differs")
        right = self.shown[METER]["voltage_l1"]
        self.page.get_by_label(self.say("prove.referenceOf", name=self.called("voltage_l1")), exact=True).fill(right)
        self.press("prove.do")
        self.is_proven(METER)
        self.page.get_by_label(self.say("prove.duration")).select_option("10")
        self.press("prove.watch")
        expect(self.page.locator(".run")).to_be_visible()
        self.looks_right("4-prove-watching")
        expect(self.page.locator(".facts .value").first).to_be_visible(timeout=30_000)
        self.looks_right("4-prove")

    def place_all(self) -> None:
        for unit in (METER, SWAPPED, SHIFTED):
            self.go("place", unit)
            self.page.get_by_label(self.say("place.facility"), exact=True).fill(f"wtl-eq-{unit:02d}")
            self.page.get_by_label(self.say("place.governance"), exact=True).fill("wtl-03")
            self.page.get_by_label(self.say("place.note"), exact=True).fill("泵房 pump room <b>")
            self.press("place.save")
            expect(self.page.locator(".toast.done").last).to_be_visible()
        self.page.locator("input[type=file][accept^='image']").set_input_files(
            {"name": "a.png", "mimeType": "image/png", "buffer": png()}
        )
        expect(self.page.locator(".photos img")).to_have_count(1)
        self.looks_right("5-place")

    def sign(self) -> dict[str, Any]:
        self.go("sign", METER)
        self.page.get_by_label(self.say("sign.by"), exact=True).fill("李伟")
        self.press("sign.do")
        expect(self.page.locator("[data-digest]")).to_be_visible(timeout=30_000)
        self.press("sign.show")
        expect(self.page.locator("pre").first).to_be_visible()
        self.looks_right("6-sign")
        with self.page.expect_download() as started:
            self.page.get_by_role("link", name=self.say("sign.json"), exact=True).click()
        data = Path(started.value.path()).read_bytes()
        assert site_sign.verify(data).holds
        for key in ("sign.pdfZh", "sign.pdfEn"):
            with self.page.expect_download() as started:
                self.page.get_by_role("link", name=self.say(key), exact=True).click()
            assert Path(started.value.path()).read_bytes().startswith(b"%PDF")
        self.page.get_by_label(self.say("sign.server")).fill("grid.example.org")
        with self.page.expect_download() as started:
            self.page.get_by_role("link", name=self.say("sign.print"), exact=True).click()
        assert Path(started.value.path()).read_bytes().startswith(b"%PDF")
        content: dict[str, Any] = json.loads(data)["record"]
        return content

    def watch_the_bus(self) -> None:
        self.page.goto(f"{self.place.url}/#/bus")
        expect(self.page.locator(".frames li").first).to_be_visible()
        self.looks_right("7-bus")


def agrees(record: dict[str, Any], displays: dict[int, dict[str, str]]) -> None:
    """Every point of the record shows what the simulator's display shows, within its last digit."""
    assert [unit["unit"] for unit in record["units"]] == [METER, SWAPPED, SHIFTED]
    for unit in record["units"]:
        truth = displays[unit["unit"]]
        assert {point["metric"].split("/")[1] for point in unit["points"]} == set(truth)
        for point in unit["points"]:
            seen = shown(truth[point["metric"].split("/")[1]], point["unit"])
            assert abs(point["proof"]["read"] - seen.value) <= 2 * seen.half, point["metric"]
            assert point["proof"]["verdict"] == "proven"
        assert unit["frames"]
        assert unit["placement"]["facility"] == f"wtl-eq-{unit['unit']:02d}"
    assert [unit["differences"] for unit in record["units"]] == [[], ["CDAB"], ["base+1"]]
    assert record["units"][0]["timing"]["polls"] > 10
    assert len(record["units"][2]["photos"]) == 1
    assert record["by"] == "李伟"


@pytest.mark.parametrize(
    ("language", "size", "dark"),
    [("zh", DESK, False), ("en", PHONE, False), ("en", DESK, True), ("zh", PHONE, True)],
    ids=["zh-desk", "en-phone", "en-desk-dark", "zh-phone-dark"],
)
def test_from_nothing_to_the_signed_record(
    browser: Browser, tmp_path: Path, language: str, size: tuple[int, int], dark: bool
) -> None:
    """A technician finds, identifies, solves, proves, places and signs; the record says what the displays say."""
    name = f"{language}-{size[0]}{'-dark' if dark else ''}"
    with room(tmp_path) as place, person(browser, place.url, language, size, dark=dark) as somebody:
        one = Technician(somebody.page(), place, language, name)
        one.begin()
        one.find()
        one.identify()
        one.read()
        one.prove()
        one.place_all()
        record = one.sign()
        one.watch_the_bus()
        agrees(record, one.shown)


def proven_template(page: Page, place: SiteRoom) -> None:
    """A session in which unit 12 is proven, by the interface that the page uses too."""
    api = f"{place.url}/api/v1"
    bus = {"host": "127.0.0.1", "port": place.bus_port, "framing": "rtu"}
    shown_now = [{"register": name, "shown": text} for name, text in place.displays()[12].items()]
    for method, path, body in (
        ("POST", "/session", bus),
        ("POST", "/units", {"unit": 12}),
        ("PUT", "/units/12/profile", {"profile": "xy-md02"}),
        ("POST", "/units/12/prove", {"references": shown_now}),
    ):
        assert page.request.fetch(api + path, method=method, data=body).ok


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_phone_enters_the_code_and_applies_a_spreadsheet(browser: Browser, tmp_path: Path, language: str) -> None:
    """The code of the terminal opens the page once; a wrong table names all its errors, a right one is applied."""
    with room(tmp_path, host="0.0.0.0") as place, person(browser, place.url, language, PHONE) as somebody:
        somebody.forgiven += ["401", "422"]
        page = somebody.page()
        one = Technician(page, place, language, f"{language}-code")
        page.goto(place.url)
        page.get_by_label(one.say("entry.code"), exact=True).fill("AAAA-AAAA")
        one.press("entry.enter")
        expect(page.get_by_role("alert")).to_be_visible()
        one.looks_right("entry")
        page.get_by_label(one.say("entry.code"), exact=True).fill(place.code)
        one.press("entry.enter")
        expect(page.get_by_role("button", name=one.say("bus.begin"))).to_be_visible()
        proven_template(page, place)
        one.go("place", 12)
        picker = page.locator("input[type=file][accept*='csv']")
        wrong = "unit,facility\n13,wtl-eq-13\n13,a b\nx,wtl-eq-15\n"
        picker.set_input_files({"name": "wrong.csv", "mimeType": "text/csv", "buffer": wrong.encode()})
        expect(page.locator(".errors li")).to_have_count(3)
        one.looks_right("bulk-errors")
        right = "unit,facility,name\n" + "".join(f"{n},wtl-eq-{n},room {n}\n" for n in range(13, 44))
        picker.set_input_files({"name": "right.csv", "mimeType": "text/csv", "buffer": right.encode()})
        expect(page.get_by_role("button", name=one.say("bulk.apply", n=31), exact=True)).to_be_visible()
        one.looks_right("bulk-checked")
        one.press("bulk.apply", n=31)
        expect(page.get_by_text(one.say("bulk.applied", n=31))).to_be_visible()
        page.goto(f"{place.url}/#/sign")
        expect(page.locator("main tbody tr")).to_have_count(32)
        one.looks_right("bulk-sign")


def test_the_keyboard_alone_searches_the_bus(browser: Browser, tmp_path: Path) -> None:
    """Tab reaches every control with a visible focus, Enter begins, and the first stop skips to the content."""
    with room(tmp_path) as place, person(browser, place.url, "en", DESK) as somebody:
        page = somebody.page()
        one = Technician(page, place, "en", "keyboard")
        page.goto(place.url)
        page.get_by_label(one.say("bus.host"), exact=True).wait_for()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        typed = {"host": "127.0.0.1", "port": str(place.bus_port), "units": f"{METER}"}
        for _ in range(60):
            page.keyboard.press("Tab")
            where = page.evaluate("document.activeElement.id")
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", where
            if where in typed:
                page.keyboard.press("ControlOrMeta+a")
                page.keyboard.type(typed.pop(where))
            if where == "framing":
                page.keyboard.type("RTU")
                page.keyboard.press("Tab")
                page.keyboard.press("Tab")
                page.keyboard.press("Enter")
                page.get_by_label(one.say("find.timeout")).wait_for()
            if not typed:
                break
        page.keyboard.press("Enter")
        expect(page.locator("[data-count]")).to_have_text("1", timeout=20_000)
