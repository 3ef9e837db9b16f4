"""A large city behind the real application: 10,000 facilities, and logins enough for 500 live streams.

Registry and dispatch are values in memory, so that what is measured is the application itself.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from api.settings import ApiSettings
from core.people import Role
from core.places import Text
from core.ports.registry import FacilityDetail
from store.duckdb_store import DuckDBStore
from tests.integration.api.serving import Serving, serving
from tests.unit.api.world import COST, World, engine_in, facility_of, login, point_of, registry
from tools.pages import WEB

FACILITIES: Final = 10_000
POINTS: Final = 6
LOGINS: Final = 51
"""Each may open ten streams; the last is for one who never reads."""


def facility(number: int) -> FacilityDetail:
    """One of six points; its points have the numbers from ten times its own on."""
    one = facility_of(1)
    named = replace(
        one.facility,
        number=number,
        code=f"c1-sp-{number:05d}",
        name=Text(zh=f"梧桐里 {number} 号污水泵", en=f"Wutongli sewage pump {number}"),
        community=1 + number % 2,
        parent=None if number % 20 == 0 else number - number % 20,
    )
    points = tuple(point_of(10 * number + at, number, f"key{at}", "m") for at in range(POINTS))
    return FacilityDetail(facility=named, points=points)


@contextmanager
def city(facilities: int = FACILITIES, store: DuckDBStore | None = None) -> Iterator[World]:
    """The city, with the pages where they are built; ``store`` instead of one in memory."""
    with tempfile.TemporaryDirectory(prefix="twingrid-bench-") as name:
        folder = Path(name)
        dist = WEB / "dist"
        root = dist if (dist / "index.html").is_file() else None
        settings = ApiSettings(
            version="0", setup_code_file=folder / "code", password_cost=COST, web_root=root, stream_send_timeout_s=5.0
        )
        engine = engine_in(folder)
        world = World(settings=settings, engine=engine)
        if store is not None:
            world.store = store
        book = registry()
        book.known_facilities = {number: facility(number) for number in range(20, 20 + facilities)}
        for number in range(LOGINS):
            one = replace(login(Role.MANAGER, 1), username=f"reader{number}", everywhere=True, communities=frozenset())
            book.login_by_name[one.username] = one
        world.registry = book
        try:
            yield world
        finally:
            engine.dispose()


@contextmanager
def served_city(world: World) -> Iterator[Serving]:
    """The city served on a thread of its own until the block ends."""
    found: list[Serving] = []
    up = threading.Event()
    end = asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def run() -> None:
        async with serving(world) as one:
            found.append(one)
            loops.append(asyncio.get_running_loop())
            up.set()
            await end.wait()

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="served city")
    thread.start()
    try:
        if not up.wait(30):
            raise RuntimeError("the application did not come up")
        yield found[0]
    finally:
        for loop in loops:
            loop.call_soon_threadsafe(end.set)
        thread.join()
