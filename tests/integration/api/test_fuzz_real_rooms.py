"""Whatever is sent while the real registry and dispatch stand behind the API: never a 5xx."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tests.integration.api.test_with_real_rooms import open_town, raise_alarm
from tests.unit.api.test_fuzz import ask, check


@pytest.fixture(scope="module")
def browsers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, TestClient]]:
    """Browsers of several people on one town with an alarm, kept for all examples."""
    with ExitStack() as stack:
        folder: Path = tmp_path_factory.mktemp("fuzz")
        town = stack.enter_context(open_town(folder))
        raise_alarm(town)
        yield {code: stack.enter_context(town.browser(code)) for code in ("aa-m1", "aa-g1", "mgr-a", "bb-m1")}


@pytest.mark.leaves_running
@settings(max_examples=300)
@given(data=st.data())
def test_no_input_breaks_the_real_rooms(browsers: dict[str, TestClient], data: Any) -> None:
    """Cursors, numbers and texts of any kind are answered or refused, and errors are complete problems."""
    answer, operation = ask(browsers, data)
    check(answer, operation)
