"""Takes the pictures of the walkthroughs anew: `tools/walkthroughs.py [manager|worker|technician ...]`.

Starts the demo city and a simulated plant room, goes through the steps of `tests/e2e/walks.py` in both languages and
writes `docs/images/walkthrough/*.webp`. Needs the built pages, Chromium and some minutes: a case must arise first.
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from PIL import Image  # noqa: E402 - the root must be on the path first
from playwright.sync_api import Browser, Page  # noqa: E402

from tests.conftest import require_program  # noqa: E402
from tests.e2e import walks  # noqa: E402
from tests.e2e.browser import chromium  # noqa: E402
from tests.e2e.site_room import room  # noqa: E402
from tests.e2e.worlds import World, demo  # noqa: E402

QUALITY: Final = 72
WIDTH: Final = 1100
"""Pixels of a desk's picture; those of a phone keep their own."""


def camera(who: str, language: str) -> walks.Shoot:
    """Keeps what the window shows, as a small picture."""

    def shoot(page: Page, step: str) -> None:
        image: Image.Image = Image.open(io.BytesIO(page.screenshot()))
        if image.width > WIDTH:
            image = image.resize((WIDTH, round(image.height * WIDTH / image.width)), Image.Resampling.LANCZOS)
        target = walks.picture(who, step, language)
        target.parent.mkdir(parents=True, exist_ok=True)
        image.convert("RGB").save(target, "WEBP", quality=QUALITY, method=6)
        print(f"{target.relative_to(ROOT)}  {target.stat().st_size / 1000:.0f} kB", flush=True)

    return shoot


@contextlib.contextmanager
def city(wanted: set[str]) -> Iterator[World | None]:
    """The demo, if anybody's walk needs it."""
    if not wanted & {"manager", "worker"}:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder, demo(Path(folder) / "city") as world:
        yield world


def take(browser: Browser, world: World | None, wanted: set[str], language: str) -> None:
    """All wanted walks in one language."""
    if world is not None and "manager" in wanted:
        walks.walk_manager(browser, world, language, camera("manager", language))
    if world is not None and "worker" in wanted:
        walks.walk_worker(browser, world, language, camera("worker", language))
    if "technician" in wanted:
        with tempfile.TemporaryDirectory() as folder, room(Path(folder)) as place:
            walks.walk_technician(browser, place, language, camera("technician", language))


def main() -> None:
    """The walks named on the command line, or all."""
    wanted = set(sys.argv[1:]) or set(walks.WALKS)
    if unknown := wanted - set(walks.WALKS):
        sys.exit(f"error: no walkthrough {', '.join(sorted(unknown))}; there are {', '.join(walks.WALKS)}")
    with city(wanted) as world, chromium(require_program("chromium")) as browser:
        for language in ("zh", "en"):
            take(browser, world, wanted, language)


if __name__ == "__main__":
    main()
