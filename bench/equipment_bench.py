"""The list of 10,000 facilities: how long the server takes for a stretch, and whether scrolling blocks the page."""

from __future__ import annotations

import json
import statistics
import time
from typing import Any, Final

import httpx2

from bench.pages_city import FACILITIES, city, served_city
from bench.rows import Row
from tests.conftest import find_program
from tests.e2e.browser import DESK, chromium
from tests.unit.api.world import PASSWORD

_WHEELS: Final = 300
_STEP_PX: Final = 700
_LONG_MS: Final = 50.0
_TRACED: Final = ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"]


def rows() -> list[Row]:
    """Answers of the server, and a ride through the whole list in Chromium."""
    with city() as world, served_city(world) as served:
        answers = _answers(served.url)
        ride = _ride(served.url)
    note = f"{FACILITIES:,} facilities, the worst first, 100 lines an answer; registry and dispatch in memory"
    return [
        Row(
            name="equipment_stretch_p95_ms",
            value=answers,
            unit="ms",
            against="300 ms",
            ratio=answers / 300,
            note=note,
        ),
        Row(
            name="equipment_scroll_long_tasks",
            value=float(sum(one > _LONG_MS for one in ride)),
            unit="tasks over 50 ms",
            against=f"longest of {len(ride):,} tasks {max(ride, default=0):.0f} ms",
            ratio=None,
            note=f"{_WHEELS} turns of the wheel of {_STEP_PX} px and a jump to the end, no GPU; processor time",
        ),
    ]


def _answers(url: str) -> float:
    """95th percentile of stretches all over the list, in every order, ms."""
    taken = []
    with httpx2.Client(base_url=f"{url}/api/v1", timeout=30) as client:
        client.post("/session", json={"username": "reader0", "password": PASSWORD}).raise_for_status()
        orders = ("health", "name", "code", "class", "community")
        for number in range(100):
            query: dict[str, Any] = {"offset": number * 97, "limit": 100, "order": orders[number % len(orders)]}
            began_s = time.perf_counter()
            answer = client.get("/equipment", params=query)
            taken.append(1000 * (time.perf_counter() - began_s))
            assert answer.status_code == 200
    return statistics.quantiles(taken[5:], n=20)[-1]


def _ride(url: str) -> list[float]:
    """Processor time of the tasks of the page's main thread while the list is scrolled, ms.

    Raises:
        RuntimeError: if there is no Chromium.
    """
    program = find_program("chromium")
    if program is None:
        raise RuntimeError("chromium is not installed")
    with chromium(program) as browser:
        page = browser.new_page(viewport={"width": DESK[0], "height": DESK[1]})
        page.goto(f"{url}/login?to=/facilities")
        page.locator("input[autocomplete=username]").fill("reader1")
        page.locator("input[autocomplete=current-password]").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.locator(".box .name a").first.wait_for()
        page.wait_for_timeout(1_000)
        browser.start_tracing(page=page, categories=_TRACED)
        page.locator(".box").hover()
        for _ in range(_WHEELS):
            page.mouse.wheel(0, _STEP_PX)
            page.wait_for_timeout(16)
        page.keyboard.press("End")
        page.locator(".box").evaluate("box => { box.scrollTop = box.scrollHeight; }")
        page.locator(f"[aria-rowindex='{FACILITIES + 1}'] a").wait_for()
        return _busy_ms(browser.stop_tracing())


def _busy_ms(trace: bytes) -> list[float]:
    """Processor time of each task of the page's main thread, ms: what a task took, not what it waited for others."""
    events = json.loads(trace)["traceEvents"]
    main = {(one["pid"], one["tid"]) for one in events if one.get("args", {}).get("name") == "CrRendererMain"}
    tasks = [one for one in events if one["name"] == "RunTask" and (one["pid"], one["tid"]) in main]
    return [one["tdur"] / 1000 for one in tasks if "tdur" in one]
