"""Tables that a city brings: what is no table is said in one finding, never a traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import Invalid
from dispatch.exchange.mapping import parse_mapping, read_mapping
from dispatch.intakebook import load_intake, parse_intake, read_intake
from dispatch.limitbook import parse_limits, read_limits

PARSERS: dict[str, Callable[[str], object]] = {
    "TG-3140": lambda text: parse_intake(text, "mine.yaml"),
    "TG-3122": lambda text: parse_limits(text, "mine.yaml"),
    "TG-3201": lambda text: parse_mapping(text, "mine.yaml", load_intake()),
}
READERS: dict[str, Callable[[Path], object]] = {
    "TG-3155": read_intake,
    "TG-3129": read_limits,
    "TG-3200": lambda path: read_mapping(path, load_intake()),
}


@pytest.mark.parametrize("code", PARSERS)
@pytest.mark.parametrize(
    "text",
    ["[", "- a list", "7", "version: 2026-13-45", "a: " + "[" * 5_000],
    ids=["cut", "list", "number", "thirteenth month", "nested"],
)
def test_what_is_no_table_is_one_finding(code: str, text: str) -> None:
    """Broken YAML, something else than a mapping, a date that is none, nesting without end."""
    with pytest.raises(Invalid) as caught:
        PARSERS[code](text)
    assert [(one.code, one.file) for one in caught.value.findings] == [(code, "mine.yaml")]


@pytest.mark.parametrize("code", READERS)
@pytest.mark.parametrize("data", [None, b"version: \xff"], ids=["missing", "not UTF-8"])
def test_a_file_that_cannot_be_read_is_one_finding(code: str, data: bytes | None, tmp_path: Path) -> None:
    """Its path stands in it, and why, in both languages."""
    path = tmp_path / "mine.yaml"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(Invalid) as caught:
        READERS[code](path)
    (finding,) = caught.value.findings
    assert (finding.code, finding.file) == (code, str(path))
    assert finding.what_in("zh") != finding.what_in("en")
