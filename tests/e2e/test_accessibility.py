"""Every page and dialog of every role: axe, targets for a thumb, width, texts; in both languages, sizes and schemes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from tests.e2e import journeys
from tests.e2e.all_pages import (
    DIALOGS,
    ELSEWHERE,
    MAINTAINER,
    OF_OTHERS,
    PAGES,
    PASSWORD,
    WITHOUT_LOGIN,
    Dialog,
    dialogs_of_source,
    routes_of_source,
)
from tests.e2e.browser import (
    DESK,
    PHONE,
    Person,
    axe_findings,
    bare_keys,
    overflow,
    person,
    photograph,
    scroll_through,
    small_targets,
)
from tests.e2e.worlds import Login, World

pytestmark = [pytest.mark.leaves_running, pytest.mark.timeout(400)]

LOOKS = [("zh", DESK), ("en", DESK), ("zh", PHONE), ("en", PHONE)]
PATIENT_MS = 20_000
LIGHT: Final = "light"
DARK: Final = "dark"
PICTURES = "TWINGRID_PICTURES" in os.environ
"""Whether every page is kept as a picture among the artefacts; a walk without them takes half the time."""


def test_every_route_and_every_dialog_is_looked_at() -> None:
    """Who adds a page or a dialog adds it to the walk, or the walk proves nothing about it."""
    known = {path.split("?")[0] for path in PAGES.values()} | WITHOUT_LOGIN
    known |= {path.split("?")[0] for pages in OF_OTHERS.values() for path in pages.values()}
    missing = [path for path, form in routes_of_source().items() if not any(form.fullmatch(one) for one in known)]
    assert [path for path in missing if path not in {"", "/"}] == []
    assert dialogs_of_source() - {one.component for one in DIALOGS} - set(ELSEWHERE) == set()


_DRAWN = """async () => {
  for (let n = 0; n < 3; n += 1) await new Promise((seen) => requestAnimationFrame(seen));
  await Promise.all(document.getAnimations().map((one) => one.finished.catch(() => 0)));
}"""
"""Waits until colours have arrived; the endless animations of a page that loads must be over."""


class Walk:
    """One look's findings, with the page they are on.

    In the second scheme only contrast is measured: nothing else depends on it.
    """

    def __init__(self, somebody: Person, size: tuple[int, int]) -> None:
        """Begin without findings."""
        self.findings: list[str] = []
        self._size = size
        self._look = f"{somebody.language}-{size[0]}"

    def look(self, page: Page, name: str, *, dialog: bool = False) -> None:
        """Everything about what the page shows now."""
        page.emulate_media(color_scheme=LIGHT)
        if PICTURES:
            photograph(page, f"{name}-{self._look}")
        found = axe_findings(page) + [f"text key {space}.…" for space in bare_keys(page)]
        found += [f"{overflow(page)} px too wide"] if overflow(page) > 0 else []
        if self._size == PHONE:
            within = "dialog[open]" if dialog else "body"
            found += [f"small target {one}" for one in small_targets(page, within=within)]
        page.emulate_media(color_scheme=DARK)
        page.evaluate(_DRAWN)
        dark = axe_findings(page, "color-contrast")
        if dark:  # a slow machine may draw the colours of before; what is wrong is still wrong a moment later
            page.wait_for_timeout(500)
            dark = axe_findings(page, "color-contrast")
        found += [f"dark: {one}" for one in dark]
        page.emulate_media(color_scheme=LIGHT)
        self.findings += [f"{name} ({self._look}): {one}" for one in found]

    def visit(self, page: Page, somebody: Person, pages: Mapping[str, str]) -> None:
        """Open and look at each."""
        for name, path in pages.items():
            page.goto(somebody.base_url + path)
            expect(page.locator("h1").first).to_be_visible(timeout=PATIENT_MS)
            scroll_through(page)
            expect(page.locator(".skeletons, .wait")).to_have_count(0, timeout=PATIENT_MS)
            self.look(page, name)


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1][0]}")
def look(request: pytest.FixtureRequest) -> tuple[str, tuple[int, int]]:
    """One language and size."""
    chosen: tuple[str, tuple[int, int]] = request.param
    return chosen


def test_every_page_is_accessible(browser: Browser, mock_world: World, look: tuple[str, tuple[int, int]]) -> None:
    """axe finds nothing serious, nothing scrolls sideways, and the console is silent, on every page of a manager."""
    with person(browser, mock_world.base_url, *look, still=True) as who:
        walk = Walk(who, look[1])
        walk.visit(journeys.log_in(who, mock_world, mock_world.manager), who, PAGES)
    assert not walk.findings, "\n".join(walk.findings)


@pytest.mark.parametrize("username", list(OF_OTHERS))
def test_pages_of_every_role_are_accessible(
    browser: Browser, mock_world: World, look: tuple[str, tuple[int, int]], username: str
) -> None:
    """Those of whoever may do more or less than a manager: a worker of each grid, a department, an administrator."""
    with person(browser, mock_world.base_url, *look, still=True) as who:
        walk = Walk(who, look[1])
        page = journeys.log_in(who, mock_world, Login(username=username, password=PASSWORD))
        walk.visit(page, who, {f"{username}-{name}": path for name, path in OF_OTHERS[username].items()})
    assert not walk.findings, "\n".join(walk.findings)


def _open(page: Page, base_url: str, dialog: Dialog) -> str:
    """Open it; what kept it from opening, or nothing."""
    for step in dialog.steps:
        answer = page.request.post(f"{base_url}/api/v1{step}", data={}, headers={"idempotency-key": step})
        assert answer.ok, f"{step}: {answer.status}"
    page.goto(base_url + dialog.path)
    for css in (*dialog.first, dialog.opener):
        button = page.locator(css).locator("visible=true").first
        try:
            button.click(timeout=PATIENT_MS)
        except Error as error:
            return f"{css} on {dialog.path} cannot be pressed: {error.message.splitlines()[0]}"
    expect(page.locator("dialog[open]")).to_be_visible()
    return ""


@pytest.mark.parametrize("username", sorted({one.login for one in DIALOGS}))
def test_every_dialog_is_accessible(
    browser: Browser, mock_world: World, look: tuple[str, tuple[int, int]], username: str
) -> None:
    """Also what opens over a page, where a hand is busy and the light is bad."""
    with person(browser, mock_world.base_url, *look, still=True) as who:
        walk = Walk(who, look[1])
        who.context.add_init_script("window.BarcodeDetector = class { detect() { return []; } }")
        page = journeys.log_in(who, mock_world, Login(username=username, password=PASSWORD))
        for dialog in (one for one in DIALOGS if one.login == username):
            name = dialog.component.rsplit("/", 1)[1].removesuffix(".vue")
            if trouble := _open(page, who.base_url, dialog):
                walk.findings.append(f"{name}: {trouble}")
            else:
                walk.look(page, f"dialog-{name}", dialog=True)
    assert not walk.findings, "\n".join(walk.findings)


def test_leaving_with_unsent_work_asks_accessibly(
    browser: Browser, mock_world: World, look: tuple[str, tuple[int, int]]
) -> None:
    """Whoever logs out while something waits for a signal is asked first."""
    with person(browser, mock_world.base_url, *look, still=True) as who:
        walk = Walk(who, look[1])
        who.forgiven += ["ERR_INTERNET_DISCONNECTED", "Failed to load resource", "preload assets"]
        page = journeys.log_in(who, mock_world, Login(username=MAINTAINER, password=PASSWORD))
        page.goto(f"{who.base_url}/me")
        page.locator("a[href='/tasks']:visible").first.click()
        page.locator("a.task[href='/tasks/7']").click()
        expect(page.locator("main .bar .btn-primary")).to_be_visible()
        who.context.set_offline(True)
        page.locator("main .bar .btn-primary").click()
        page.go_back()
        page.go_back()
        page.locator("main button:has(svg.lucide-log-out)").click()
        expect(page.locator("dialog[open]")).to_be_visible()
        walk.look(page, "dialog-leave", dialog=True)
    assert not walk.findings, "\n".join(walk.findings)
