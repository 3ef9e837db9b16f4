"""A browser per module, and the mock server for the tests of the pages alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.conftest import find_free_port, require_program
from tests.e2e.browser import chromium
from tests.e2e.worlds import World, mock

expect.set_options(timeout=20_000)  # what never comes fails then; on a loaded machine five seconds are short


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, ended with the module."""
    with chromium(require_program("chromium")) as running:
        yield running


@pytest.fixture(scope="module")
def mock_world() -> Iterator[World]:
    """The built pages over the mock server."""
    with mock(find_free_port()) as world:
        yield world
