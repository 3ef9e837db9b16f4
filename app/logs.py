"""Logging of a process: one line an event on standard error, constant text first, then its fields as ``name=value``."""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Final

_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_QUIET: Final = ("apprise", "alembic", "pymodbus", "reactivex", "urllib3", "asyncio")


class FieldFormatter(logging.Formatter):
    """``2026-01-02T03:04:05.678Z INFO gateway.spool spool opened path=… readings=12``; times are UTC."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; what could break it (control signs in names from outside) is escaped."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        head = f"{stamp}.{int(record.msecs):03d}Z {record.levelname} {record.name} {_plain(record.getMessage())}"
        fields = (f"{name}={_value(value)}" for name, value in record.__dict__.items() if name not in _STANDARD)
        line = " ".join((head, *fields))
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def _plain(text: str) -> str:
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _value(value: object) -> str:
    if isinstance(value, int | float) or value is None:
        return str(value)
    text = str(value)
    if text.isprintable() and text and not any(sign in text for sign in ' "='):
        return text
    return json.dumps(text, ensure_ascii=False)


def set_up(level: str) -> None:
    """Log to standard error from now on. Libraries speak up from warnings on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(FieldFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
