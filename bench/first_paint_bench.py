"""Pages on a slow processor: bytes of a first load, first paint, the longest answer to a touch; a curve of five years.

Chromium's processor is slowed down four times, its store of files is empty. Times of a page depend on what else the
machine does, so an almost empty page is painted in the same run, and the load is said; each figure is the median of
some runs. The server, which is not slowed down, runs in the same machine.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2
import numpy as np
from playwright.sync_api import Browser, Page

from bench.pages_city import FACILITIES, city, served_city
from bench.rows import Row
from core.ports.store import Commit
from core.readings import readings
from store.duckdb_store import DuckDBStore
from tests.conftest import find_program
from tests.e2e.browser import DESK, PHONE, chromium
from tests.unit.api.world import NOW_MS, PASSWORD

SLOWER: Final = 4
_RUNS: Final = 5
_PAINT_MS, _TOUCH_MS, _SERIES_MS = 1_500.0, 100.0, 300.0
_MINUTE_MS: Final = 60_000
_YEARS_MS: Final = 5 * 365 * 86_400_000
_POINT: Final = 200
_WATCH: Final = """
  window.touches = [];
  window.tasks = [];
  new PerformanceObserver((seen) => {
    for (const one of seen.getEntries()) if (one.interactionId) window.touches.push(one.duration);
  }).observe({ type: "event", durationThreshold: 16, buffered: true });
  new PerformanceObserver((seen) => { for (const one of seen.getEntries()) window.tasks.push(one.duration); })
    .observe({ type: "longtask", buffered: true });
"""
_PAINTED: Final = "performance.getEntriesByName('first-contentful-paint').map((one) => one.startTime)[0] ?? null"
_BYTES: Final = """[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  .filter((one) => !one.name.includes('/api/')).reduce((sum, one) => sum + one.encodedBodySize, 0)"""


@dataclass(frozen=True, kw_only=True)
class _Place:
    """A page, how wide, what of it is touched, and what says that it is ready."""

    name: str
    path: str
    size: tuple[int, int]
    touched: str
    limit_kb: int
    ready: str = ".shell h1"


PLACES: Final = (
    _Place(name="phone_queue", path="/tasks", size=PHONE, touched="nav.bottom a:nth-of-type(2)", limit_kb=200),
    _Place(name="desk_overview", path="/", size=DESK, touched=".side nav a:nth-of-type(2)", limit_kb=350),
    _Place(name="desk_list", path="/facilities", size=DESK, touched=".box .name a", limit_kb=350, ready=".box .name a"),
)


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """Of one load: first contentful paint, bytes as they came, the longest answer to a touch, the longest task."""

    paint_ms: float
    bytes_read: int
    touch_ms: float
    longest_ms: float


def rows() -> list[Row]:
    """Pages, then the curve.

    Raises:
        RuntimeError: if there is no Chromium.
    """
    program = find_program("chromium")
    if program is None:
        raise RuntimeError("chromium is not installed")
    lines = list[Row]()
    with city() as world, served_city(world) as served, chromium(program) as browser:
        state = _logged_in(browser, served.url)
        for place in PLACES:
            empty = statistics.median(_empty_ms(browser, served.url, place) for _ in range(_RUNS))
            seen = [_visit(browser, served.url, place, state) for _ in range(_RUNS)]
            lines += _lines(place, seen, empty)
    return [*lines, _five_years()]


def _lines(place: _Place, seen: list[_Seen], empty_ms: float) -> list[Row]:
    paint = statistics.median(one.paint_ms for one in seen)
    touch = statistics.median(one.touch_ms for one in seen)
    kb = max(one.bytes_read for one in seen) / 1000
    load = f"load {os.getloadavg()[0]:.1f}"
    note = f"{place.path} at {place.size[0]} px, processor {SLOWER} times slower, median of {_RUNS}; {load}"
    best = min(one.paint_ms for one in seen)
    longest = statistics.median(one.longest_ms for one in seen)
    return [
        Row(
            name=f"{place.name}_first_paint_ms",
            value=paint,
            unit="ms",
            against=f"limit {_PAINT_MS:.0f} ms; best {best:.0f} ms; an almost empty page {empty_ms:.0f} ms",
            ratio=paint / empty_ms,
            note=f"{note}; ratio to the empty page",
        ),
        Row(
            name=f"{place.name}_touch_ms",
            value=touch,
            unit="ms",
            against=f"limit {_TOUCH_MS:.0f} ms; longest task of loading and touching {longest:.0f} ms",
            ratio=touch / _TOUCH_MS,
            note=f"{note}; from the touch to the next paint, 16 stands for 16 or less",
        ),
        Row(
            name=f"{place.name}_first_load_kb",
            value=kb,
            unit="kB",
            against=f"limit {place.limit_kb} kB",
            ratio=kb / place.limit_kb,
            note="as they came over the line, answers of the API left out",
        ),
    ]


def _logged_in(browser: Browser, url: str) -> Any:
    """Cookies and settings of somebody who has logged in."""
    context = browser.new_context(service_workers="block")
    page = context.new_page()
    page.goto(f"{url}/login")
    page.locator("input[autocomplete=username]").fill("reader0")
    page.locator("input[autocomplete=current-password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.locator(".shell h1").first.wait_for()
    state = context.storage_state()
    context.close()
    return state


def _slow_page(browser: Browser, place: _Place, state: Any = None) -> Page:
    width, height = place.size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        is_mobile=width < DESK[0],
        has_touch=width < DESK[0],
        storage_state=state,
        service_workers="block",
    )
    page = context.new_page()
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    return page


def _empty_ms(browser: Browser, url: str, place: _Place) -> float:
    """First paint of a page of one word, from the same place."""
    page = _slow_page(browser, place)
    page.route("**/*", lambda route: route.fulfill(body="<!doctype html><p>x", content_type="text/html"))
    page.goto(url)
    painted = _painted_ms(page)
    page.context.close()
    return painted


def _visit(browser: Browser, url: str, place: _Place, state: Any) -> _Seen:
    """One first load, and one touch when all is there."""
    page = _slow_page(browser, place, state)
    page.add_init_script(_WATCH)
    page.goto(f"{url}{place.path}")
    page.locator(place.ready).first.wait_for()
    painted, size = _painted_ms(page), 0
    page.wait_for_timeout(2_000)
    size = int(page.evaluate(_BYTES))
    touched = page.locator(place.touched).first
    if place.size == PHONE:
        touched.tap()
    else:
        touched.click()
    page.wait_for_timeout(2_000)
    found = _Seen(
        paint_ms=painted,
        bytes_read=size,
        touch_ms=float(page.evaluate("Math.max(16, ...window.touches)")),
        longest_ms=float(page.evaluate("Math.max(0, ...window.tasks)")),
    )
    page.context.close()
    return found


def _painted_ms(page: Page) -> float:
    page.wait_for_function(_PAINTED.join(("(", ") !== null")))
    return float(page.evaluate(_PAINTED))


def _five_years() -> Row:
    """How long the server takes for five years of a point read every minute, at the most rows that may be asked for."""
    with tempfile.TemporaryDirectory(prefix="twingrid-years-") as folder:
        store = DuckDBStore(Path(folder))
        try:
            _fill(store)
            with city(FACILITIES, store) as world, served_city(world) as served:
                taken, most = _curves(served.url)
        finally:
            store.close()
    worst = statistics.quantiles(taken, n=20)[-1]
    return Row(
        name="five_years_curve_p95_ms",
        value=worst,
        unit="ms",
        against=f"limit {_SERIES_MS:.0f} ms; median {statistics.median(taken):.0f} ms",
        ratio=worst / _SERIES_MS,
        note=f"{_YEARS_MS // _MINUTE_MS:,} readings, {most:,} rows of 4,000 at most; load {os.getloadavg()[0]:.1f}",
    )


def _fill(store: DuckDBStore) -> None:
    """Five years of one point, a reading a minute, a month at a time, compacted as the core does."""
    draw = np.random.default_rng(5)
    begin_ms, month = NOW_MS - _YEARS_MS, 30 * 24 * 60
    for first in range(0, _YEARS_MS // _MINUTE_MS, month):
        times = begin_ms + _MINUTE_MS * np.arange(first, min(first + month, _YEARS_MS // _MINUTE_MS), dtype=np.int64)
        values = (2 + np.sin(times / 86_400_000 * 2 * np.pi) + draw.normal(0, 0.1, len(times))).round(2)
        number = np.full(len(times), _POINT, np.int32)
        store.commit(Commit(readings=readings(point=number, time_ms=times, value=values)))
    store.flush()
    store.maintain(NOW_MS)


def _curves(url: str) -> tuple[list[float], int]:
    """Milliseconds of each answer, and the most rows of any.

    Raises:
        ValueError: if more rows come than may, or more may be asked for.
    """
    taken, most = [], 0
    with httpx2.Client(base_url=f"{url}/api/v1", timeout=60) as client:
        client.post("/session", json={"username": "reader0", "password": PASSWORD}).raise_for_status()
        for back in range(40):
            to_ms = NOW_MS - back * 3_600_000
            query = {"from_ms": to_ms - _YEARS_MS, "to_ms": to_ms, "max_points": 4_000 if back % 2 else 720}
            began_s = time.perf_counter()
            answer = client.get(f"/points/{_POINT}/history", params=query)
            taken.append(1000 * (time.perf_counter() - began_s))
            most = max(most, len(answer.raise_for_status().json()["start_ms"]))
        refused = client.get(f"/points/{_POINT}/history", params={"max_points": 4_001})
    if most > 4_000 or refused.status_code != 422:
        raise ValueError(f"{most} rows came, and 4,001 may be asked for: {refused.status_code}")
    return taken, most
