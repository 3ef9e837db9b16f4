"""One event is one line."""

from __future__ import annotations

import logging
import sys

from app.logs import FieldFormatter


def _line(message: str, *args: object, **fields: object) -> str:
    record = logging.LogRecord("gateway.spool", logging.INFO, "f", 1, message, args, None)
    record.created, record.msecs = 1_767_323_045.678, 678.0
    record.__dict__.update(fields)
    return FieldFormatter().format(record)


def test_text_and_fields() -> None:
    """The constant text comes first, then the fields, quoted where needed."""
    line = _line("spool opened", path="/a b", readings=12, rate=0.5, empty="", none=None)
    expected = (
        '2026-01-02T03:04:05.678Z INFO gateway.spool spool opened path="/a b" readings=12 rate=0.5 empty="" none=None'
    )
    assert line == expected


def test_names_from_outside_cannot_forge_a_line() -> None:
    """Line ends and terminal codes in a value are escaped."""
    line = _line("device %s", "x\nERROR forged", name_zh="a\x1b[2Jb\r\n")
    assert "\n" not in line
    assert "\x1b" not in line


def test_chinese_stays_readable() -> None:
    """Names of places are not turned into escapes."""
    assert "name_zh=梧桐里" in _line("facility", name_zh="梧桐里")


def test_an_exception_follows_its_line() -> None:
    """The traceback is kept."""
    try:
        raise OSError("planted")
    except OSError:
        record = logging.LogRecord("a", logging.ERROR, "f", 1, "died", (), sys.exc_info())
    assert "OSError: planted" in FieldFormatter().format(record)
