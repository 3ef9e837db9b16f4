"""The written walkthroughs stay true: every step still works, every picture is named, in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e import walks
from tests.e2e.site_room import room
from tests.e2e.worlds import ROOT, World, demo

pytestmark = [pytest.mark.leaves_running, pytest.mark.requires("chromium"), pytest.mark.timeout(420)]

MOST_BYTES = 3_000_000


class Steps:
    """Hears of the steps instead of taking pictures."""

    def __init__(self) -> None:
        """None so far."""
        self.names: list[str] = []

    def __call__(self, page: Page, name: str) -> None:
        """A step has been reached."""
        assert page.locator("main, body").count() > 0
        self.names.append(name)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One demo for the module."""
    with demo(tmp_path_factory.mktemp("walk") / "city") as running:
        yield running


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("who", list(walks.WALKS))
def test_every_step_is_told_with_its_picture(who: str, language: str) -> None:
    """The document shows the pictures of all steps in their order, and the picture files are there."""
    text = walks.document(who, language).read_text(encoding="utf-8")
    shown = re.findall(r"\]\((images/walkthrough/[^)]+)\)", text)
    expected = [walks.picture(who, step, language) for step in walks.WALKS[who]]
    assert [walks.DOCS / one for one in shown] == expected
    assert [one for one in expected if not one.is_file()] == []


def test_the_pictures_are_small_and_all_in_use() -> None:
    """Together at most three megabytes, and none that no document shows."""
    wanted = {
        walks.picture(who, step, one) for who, steps in walks.WALKS.items() for step in steps for one in ("zh", "en")
    }
    there = set(walks.PICTURES.iterdir())
    assert there == wanted
    assert sum(one.stat().st_size for one in there) <= MOST_BYTES


def test_both_front_pages_lead_there() -> None:
    """Whoever reads the front page finds the walkthrough of their language."""
    for name, language in (("README.md", "en"), ("README.zh-CN.md", "zh")):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert [who for who in walks.WALKS if f"docs/{walks.document(who, language).name}" not in text] == []


def test_the_steps_of_the_manager_work(browser: Browser, world: World) -> None:
    """From overview to evaluation, in the demo city."""
    steps = Steps()
    walks.walk_manager(browser, world, "zh", steps)
    assert tuple(steps.names) == walks.MANAGER


def test_the_steps_of_the_worker_work(browser: Browser, world: World) -> None:
    """From the queue to the verification, in the demo city."""
    steps = Steps()
    walks.walk_worker(browser, world, "en", steps)
    assert tuple(steps.names) == walks.WORKER


def test_the_steps_of_the_technician_work(browser: Browser, tmp_path: Path) -> None:
    """From the bus to the signed record, in the simulated plant room."""
    steps = Steps()
    with room(tmp_path) as place:
        walks.walk_technician(browser, place, "zh", steps)
    assert tuple(steps.names) == walks.TECHNICIAN
