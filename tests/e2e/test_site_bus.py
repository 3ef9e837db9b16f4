"""A plant room's bus on a pseudo terminal, commissioned twice: by commands alone, and in the technician's page.

Both sessions begin with nothing but the port, and both records must say the same: units, products, points, registers,
values. Nothing waits for a time; what the page promises is waited for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Locator, Page, expect

from app.cli import run
from app.exits import Exit
from gateway import as_built, site_sign
from gateway.config_file import parse_config
from gateway.profile import Order
from gateway.witness import Witness
from tests.conftest import require_program
from tests.e2e.browser import DESK, chromium, person
from tests.e2e.site_room import Words, serving, words
from tests.integration.app.plant_room import (
    ALIVE,
    ODD,
    PRODUCTS,
    SETTING,
    SLOW,
    Person,
    PlantRoom,
    commissioned,
    record_agrees,
)

pytestmark = pytest.mark.leaves_running
LONG_MS: Final = 90_000


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlantRoom]:
    """The plant room, for all tests of this module."""
    one = PlantRoom(tmp_path_factory.mktemp("plant-room"))
    yield one
    one.end()


@pytest.fixture(scope="module")
def by_commands(room: PlantRoom) -> Path:
    """The record that commands alone came to."""
    return commissioned(room, Person(room))


def record_of(data: bytes) -> dict[str, Any]:
    """The facts of a signed record."""
    assert site_sign.verify(data).holds
    content: dict[str, Any] = json.loads(data)["record"]
    return content


@pytest.mark.timeout(300)
def test_a_bus_from_nothing_to_the_signed_record(room: PlantRoom, by_commands: Path) -> None:
    """Every living unit is found, what differs from its label is solved, and every value agrees with its display."""
    somebody = Person(room)
    assert run(["site", "verify", str(by_commands)]) == Exit.OK
    record_agrees(room, record_of(by_commands.read_bytes()))
    _configuration_agrees(room, somebody)


def _configuration_agrees(room: PlantRoom, somebody: Person) -> None:
    """The gateway's file loads, with the registers of the odd ones as they were solved."""
    somebody.types("config", "--into", room.folder / "out")
    buses = (room.folder / "out" / "buses.yaml").read_text(encoding="utf-8")
    head = "group: wtl\nnode: gw-1\nbroker: {host: localhost}\nspool: {path: s.sqlite}\n"
    config = parse_config(head + buses, room.folder / "out")
    units = {unit.unit: unit for unit in config.buses[0].units}
    assert sorted(units) == ALIVE
    assert {point.register.order for point in units[7].points if point.register.width > 1} == {Order.CDAB}
    assert units[SLOW].timeout_s >= 2
    path = config.buses[0].record
    assert path is not None
    signed = as_built.load(path).units
    assert [unit for unit in ALIVE if Witness(signed[unit], units[unit]).stands] == []


class Technician:
    """Commissions the whole bus on the sheets of the page, as a person with labels and displays would."""

    def __init__(self, page: Page, url: str, room: PlantRoom, say: Words) -> None:
        self.page, self.url, self.room, self.say = page, url, room, say
        self.shown = room.displays()

    def press(self, key: str, **values: object) -> None:
        self.page.get_by_role("button", name=self.say(key, **values), exact=True).click()

    def go(self, step: str) -> None:
        self.page.goto(f"{self.url}/#/{step}")
        expect(self.page.locator("main h1")).to_be_visible()

    def is_idle(self) -> None:
        expect(self.page.locator(".run")).to_have_count(0, timeout=LONG_MS)

    def sees(self, key: str, timeout_ms: float = LONG_MS, **values: object) -> None:
        """The line of progress says this."""
        expect(self.page.locator("[data-progress]")).to_have_text(self.say(key, **values), timeout=timeout_ms)

    def unit(self, number: int) -> Locator:
        """The part of the sheet that is about a unit."""
        return self.page.locator(f"fieldset[data-unit='{number}']")

    def find(self) -> None:
        self.page.goto(self.url)
        self.press("bus.serial")
        self.page.get_by_role("combobox", name=self.say("bus.path"), exact=True).fill(str(self.room.port))
        self.page.get_by_text(self.say("bus.more"), exact=True).click()
        self.page.get_by_label(self.say("bus.id"), exact=True).fill("plant-room")
        self.press("bus.begin")
        baud, parity = SETTING.split()
        self.page.get_by_label(self.say("find.only"), exact=True).check()
        self.page.get_by_label(self.say("find.baud"), exact=True).select_option(baud)
        self.page.get_by_label(self.say("find.parity"), exact=True).select_option(parity)
        self.page.get_by_role("textbox", name=self.say("find.units"), exact=True).fill("1-32")
        self.press("find.start")
        expect(self.page.locator("[data-count]")).to_have_text(str(len(ALIVE)), timeout=LONG_MS)
        self.is_idle()
        self.press("step.next", step=self.say("step.identify"))

    def identify(self) -> None:
        """All but the slow one are identified in one go; where a label says otherwise, the label counts."""
        for number in ALIVE:
            if number != SLOW:
                self.page.get_by_label(self.say("sheet.mark", unit=number), exact=True).check()
        self.press("sheet.identifyMarked", n=len(ALIVE) - 1)
        expect(self.page.locator(".run")).to_be_visible()
        self.is_idle()
        self.press("sheet.useFirst", n=len(ALIVE) - 1)
        self.sees("sheet.products", done=len(ALIVE) - 1, n=len(ALIVE))
        for product, units in PRODUCTS.items():
            for number in units:
                choice = self.page.get_by_label(self.say("sheet.productOf", unit=number), exact=True)
                if choice.input_value() != product:
                    choice.select_option(product)
                    expect(choice).to_have_value(product)
                    expect(choice).to_be_enabled()
        self.sees("sheet.products", done=len(ALIVE), n=len(ALIVE))
        self.press("step.next", step=self.say("step.prove"))

    def prove(self) -> None:
        """Type every display by keyboard; each unit is proven behind its last value."""
        self.page.get_by_label(self.say("prove.by"), exact=True).fill("李伟")
        for number in ALIVE:
            self._type(number)
        wrong = self.page.locator("fieldset", has=self.page.locator(".title .chip-critical"))
        expect(wrong).to_have_count(len(ODD), timeout=LONG_MS)
        for number in ODD:
            solve = self.unit(number).get_by_role("button", name=self.say("sheet.solve"), exact=True)
            solve.click()
            expect(self.unit(number).locator(".title .chip-ok")).to_be_visible(timeout=LONG_MS)
        points = sum(len(self.shown[number]) for number in ALIVE)
        self.sees("sheet.proven", proven=points, points=points, done=len(ALIVE), units=len(ALIVE))
        self.is_idle()
        self.press("step.next", step=self.say("step.place"))

    def _type(self, number: int) -> None:
        part = self.unit(number)
        everything = part.get_by_role("button", name=re.compile(self.say("sheet.more", n="x").split("x")[0][:4]))
        values = self.shown[number]
        if any(part.locator(f"[id='q-{number}-{name}']").count() == 0 for name in values):
            everything.click()
        for name, text in values.items():
            part.locator(f"[id='q-{number}-{name}']").fill(text)
        part.locator(f"[id='q-{number}-{next(reversed(values))}']").press("Control+Enter")

    def place(self) -> None:
        self.page.get_by_label(self.say("sheet.pattern"), exact=True).fill("wtl-eq-##")
        self.press("sheet.fill")
        for number in ALIVE:
            self.page.get_by_label(self.say("sheet.nameOf", unit=number), exact=True).fill(f"device-{number}")
        self.press("sheet.saveAll", n=len(ALIVE))
        self.sees("sheet.placed", done=len(ALIVE), n=len(ALIVE))

    def sign(self) -> bytes:
        self.press("step.next", step=self.say("step.sign"))
        self.page.get_by_label(self.say("sign.by"), exact=True).fill("李伟")
        self.press("sign.do")
        expect(self.page.locator("[data-digest]")).to_be_visible(timeout=LONG_MS)
        with self.page.expect_download() as started:
            self.page.get_by_role("link", name=self.say("sign.json"), exact=True).click()
        return Path(started.value.path()).read_bytes()


def differences(mine: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """What two records of one bus say differently: units, products, places, points, registers, and values."""
    common = ("format", "gateway", "bus", "transport", "by")
    found = [f"{key}: {mine[key]!r}, {theirs[key]!r}" for key in common if mine[key] != theirs[key]]
    here, there = ({unit["unit"]: unit for unit in record["units"]} for record in (mine, theirs))
    found += [f"unit {number} is in one only" for number in sorted(here.keys() ^ there.keys())]
    for number in sorted(here.keys() & there.keys()):
        one, other = here[number], there[number]
        for key in ("profile", "profile_sha256", "identity", "differences", "setting", "placement"):
            if one.get(key) != other.get(key):
                found.append(f"unit {number} {key}: {one.get(key)!r}, {other.get(key)!r}")
        mine_points, their_points = ({point["metric"]: point for point in unit["points"]} for unit in (one, other))
        found += [f"{metric} is in one only" for metric in sorted(mine_points.keys() ^ their_points.keys())]
        for metric in sorted(mine_points.keys() & their_points.keys()):
            found += _point_differences(metric, mine_points[metric], their_points[metric])
    return found


def _point_differences(metric: str, one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    found = [
        f"{metric} {key}: {one.get(key)!r}, {other.get(key)!r}"
        for key in sorted((one.keys() | other.keys()) - {"proof"})
        if one.get(key) != other.get(key)
    ]
    proof, their = one["proof"], other["proof"]
    within = abs(proof["read"] - their["read"]) <= proof["resolution"] * (0.5 + 1e-6) + proof["tolerance"]
    if proof["verdict"] != their["verdict"] or not within:
        found.append(f"{metric} proof: {proof!r}, {their!r}")
    return found


@pytest.mark.requires("chromium")
@pytest.mark.timeout(300)
def test_the_page_comes_to_the_same_record(room: PlantRoom, by_commands: Path) -> None:
    """The same bus in the browser, from nothing to the signed record: all living units, and the same record."""
    folder = room.folder / "page"
    with (
        serving(folder, room.folder / "page.log") as url,
        chromium(require_program("chromium")) as browser,
        person(browser, url, "zh", DESK) as somebody,
    ):
        one = Technician(somebody.page(), url, room, words("zh"))
        one.find()
        one.identify()
        one.prove()
        one.place()
        record = record_of(one.sign())
    record_agrees(room, record)
    assert differences(record_of(by_commands.read_bytes()), record) == []


@pytest.mark.timeout(300)
def test_a_unit_that_died_since_is_named(room: PlantRoom, by_commands: Path) -> None:
    """The bus is as it was signed; a unit that died since is named, and nothing is said against it."""
    somebody = Person(room)
    assert somebody.asks("recheck", by_commands) == {"contradictions": {}, "unheard": []}
    room.does("kill", 5)
    assert somebody.asks("recheck", by_commands, expected=Exit.FINDING) == {"contradictions": {}, "unheard": [5]}
