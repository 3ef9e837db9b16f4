"""A real installation with pages of its own that a test may renew, and steps that all tests of kept pages share."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, expect

from core.alarms import ChangeKind
from core.people import Role
from dispatch.journal import SqlJournal
from dispatch.policy import Policy
from tests.e2e import journeys
from tests.e2e.browser import PHONE, Person, person
from tests.e2e.worlds import WEB, Login, World, serving
from tests.integration.api.test_with_real_rooms import Town, open_town
from tests.unit.api.world import PASSWORD
from tests.unit.dispatch.hall import MINUTE, MONDAY_9, RULES, change

AWAY: Final = ("ERR_INTERNET_DISCONNECTED", "ERR_FAILED", "Failed to load resource", "net::")
"""What the console says while there is no signal."""
WORKER: Final = "aa-m1"
"""A maintainer with four tasks, whose facilities and rules differ."""
PUMPS: Final = ("aa-sp-01", "aa-sp-02", "aa-li-01", "aa-ia-01")
CASES: Final = ("high", "medium", "alone", "lamp", "gas", "low", "critical")


@contextlib.contextmanager
def kept_town(folder: Path) -> Iterator[Town]:
    """The small city with tasks for its people, serving a copy of the built pages."""
    if not (WEB / "dist" / "worker.js").is_file():
        pytest.skip("the pages are not built: make web")
    pages = folder / "pages"
    shutil.copytree(WEB / "dist", pages)
    with open_town(folder) as town:
        town.settings = replace(town.settings, web_root=pages)
        town.give_login("bb-g1", Role.ADMINISTRATOR, "bb")  # else the pages begin with the setup
        # a city that gives one person more than three within the hour, or the fourth would be somebody else's
        many = Policy(most_an_hour=len(PUMPS), kept_an_hour=0)
        town.hall.journal = SqlJournal(town.hall.engine, rules=RULES.get, source=town.hall.city.registry, policy=many)
        for code in PUMPS:
            for rule in CASES:
                number = town.hall.city.facility(code)
                town.hall.apply(
                    change(ChangeKind.OPENED, rule, facility=number, start=MONDAY_9 - MINUTE), now_ms=MONDAY_9
                )
        yield town


@contextlib.contextmanager
def served(town: Town, port: int = 0, around: Callable[[FastAPI], None] = lambda app: None) -> Iterator[World]:
    """The city on a port, with something ``around`` it; started again on the same one it is the same to a phone."""
    app = town.app()
    around(app)
    with serving(app, port) as base_url:
        yield World(
            base_url=base_url,
            manager=Login(username="mgr-a", password=PASSWORD),
            workers={code: Login(username=code, password=PASSWORD) for code in (WORKER, "aa-m2", "aa-g1")},
        )


@contextlib.contextmanager
def phone(browser: Browser, world: World, language: str = "zh") -> Iterator[Person]:
    """A phone whose browser keeps the pages."""
    with person(browser, world.base_url, language, PHONE, keeps=True) as somebody:
        somebody.forgiven += AWAY
        yield somebody


def kept(somebody: Person, world: World, *, login: str = WORKER) -> Page:
    """Logged in, with the pages and the whole queue on the phone."""
    page = journeys.log_in(somebody, world, world.workers[login])
    page.goto(f"{world.base_url}/tasks")
    pages_kept(page)
    number = page.locator("a.task").count()
    page.wait_for_function(
        """(most) => Object.keys(localStorage).filter((key) => /kept\\..*\\.task\\.\\d+$/.test(key)).length >= most
          && Object.keys(localStorage).some((key) => key.endsWith('.communities'))""",
        arg=number,
        timeout=40_000,
    )
    return page


def pages_kept(page: Page) -> None:
    """The worker has come up, and a page of its edition too: nothing of an older one is left."""
    page.wait_for_function("() => navigator.serviceWorker.controller?.state === 'activated'", timeout=40_000)
    expect(page.locator("a.task").first).to_be_visible()
    becomes_true(
        page,
        """async () => {
      const notes = await caches.open('twingrid-notes');
      return (await notes.match('/proven')) !== undefined
        && (await caches.keys()).filter((name) => name.startsWith('twingrid-pages-')).length === 1;
    }""",
    )


def becomes_true(page: Page, question: str) -> None:
    """Ask again until the answer is yes; ``wait_for_function`` takes the promise of an answer for one."""
    for _ in range(400):
        if page.evaluate(question):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"not within 40 s: {question}")


def cold_start(somebody: Person, page: Page, path: str = "/") -> Page:
    """The last page is closed, and the pages opened anew."""
    page.close()
    fresh = somebody.page()
    fresh.wait_for_timeout(500)  # the browser counts a page that was closed for a moment longer
    fresh.goto(f"{somebody.base_url}{path}")
    return fresh


def waiting(page: Page) -> int:
    """How much the phone has not sent."""
    return int(page.evaluate("JSON.parse(localStorage.getItem('twingrid.outbox') ?? '[]').length"))


def edition(page: Page) -> str:
    """What the frame that is shown calls itself; empty: as built."""
    return str(page.evaluate("document.querySelector('meta[name=edition]')?.content ?? ''"))


def _entry(pages: Path) -> str:
    found = re.search(r"/assets/(index-[\w-]+)\.js", (pages / "index.html").read_text(encoding="utf-8"))
    assert found is not None
    return found[1]


def _rewrite(path: Path, *pairs: tuple[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text, (path.name, old)
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def publish(town: Town, name: str, *, broken: bool = False, incomplete: bool = False) -> None:
    """A new edition on the server: ``broken`` ends before it shows anything, ``incomplete`` lacks a file it names."""
    pages = town.settings.web_root
    assert pages is not None
    entry = _entry(pages)
    now = re.search(r"edition:`(\w+)`", (pages / "worker.js").read_text(encoding="utf-8"))
    assert now is not None
    fresh = f"index-{name:0<8}"[:14]
    script = (pages / "assets" / f"{entry}.js").read_text(encoding="utf-8")
    (pages / "assets" / f"{fresh}.js").write_text(
        "throw new Error('of no use')" if broken else script, encoding="utf-8"
    )
    head = f'<head><meta name="edition" content="{name}">'
    _rewrite(pages / "index.html", (f"{entry}.js", f"{fresh}.js"), ("<head>", head))
    lost = ("path:`/icon-192.png`", "path:`/icon-gone.png`")
    more = (lost,) if incomplete else ()
    _rewrite(pages / "worker.js", (now[1], f"{name:0<12}"), (f"{entry}.js", f"{fresh}.js"), *more)


def look_for_edition(page: Page) -> None:
    """The browser looks for a new worker, as it does by itself when the pages are opened."""
    page.evaluate("navigator.serviceWorker.getRegistration().then((one) => one.update()).catch(() => null)")


def edition_waits(page: Page) -> None:
    """A new edition is on the phone, whole, and has not taken over."""
    becomes_true(page, "() => navigator.serviceWorker.getRegistration().then((one) => one.waiting !== null)")
