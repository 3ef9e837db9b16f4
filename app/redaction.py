"""Taking secrets and people out of a text: what is known to be secret by its value, the rest by its form.

This is the second line. The first is that a bundle is built from named fields only (``app.bundle``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

SECRET, PERSON = "‹secret›", "‹person›"
_SHORTEST = 4
"""Shorter values are no secrets worth the name, and would tear every text apart."""
Mark = str | Callable[[re.Match[str]], str]


def _value(found: re.Match[str]) -> str:
    """The name of a value, and the mark in its place; what was JSON stays JSON."""
    quoted = '"' in found[1] or found[2].startswith('"')
    return found[1] + (f'"{SECRET}"' if quoted else SECRET)


_FORMS: tuple[tuple[re.Pattern[str], Mark], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL), SECRET),
    (re.compile(r"://[^/\s@\"']*@"), f"://{SECRET}@"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}"), rf"\1 {SECRET}"),
    (
        re.compile(
            r"(?i)((?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|cookie|authorization|session[_-]?id)"
            r"[\w-]*\"?\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|[^\s,;}]+)"
        ),
        _value,
    ),
    (re.compile(r"(?i)(__Host-twingrid|twingrid)=[^\s;]+"), rf"\1={SECRET}"),
    (re.compile(r"\b(?:tgs|tgm|fm)_[A-Za-z0-9_-]{8,}"), SECRET),
    (re.compile(r"\$argon2\w*\$\S+"), SECRET),
    (re.compile(r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)"), PERSON),
    (re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"), PERSON),
)


@dataclass(slots=True)
class Redaction:
    """What must not be seen, and how often something was taken out."""

    secrets: set[str] = field(default_factory=set)
    people: set[str] = field(default_factory=set)
    taken: int = 0

    def know_secrets(self, values: Iterable[str]) -> None:
        """These are secret wherever they stand."""
        self.secrets |= {value for value in values if len(value) >= _SHORTEST}

    def know_people(self, names: Iterable[str]) -> None:
        """These name somebody."""
        self.people |= {name for name in names if len(name) >= 2}

    def clean(self, text: str) -> str:
        """The text without them."""
        for value in sorted(self.secrets, key=len, reverse=True):
            text = self._replaced(text, re.compile(re.escape(value)), SECRET)
        for name in sorted(self.people, key=len, reverse=True):
            text = self._replaced(text, re.compile(_as_a_word(name)), PERSON)
        for form, mark in _FORMS:
            text = self._replaced(text, form, mark)
        return text

    def _replaced(self, text: str, form: re.Pattern[str], mark: Mark) -> str:
        text, count = form.subn(mark, text)
        self.taken += count
        return text


def _as_a_word(name: str) -> str:
    """A pattern for a name; in Latin letters it counts as a whole word only, or "ann" would tear "channel" apart."""
    pattern = re.escape(name)
    return rf"(?<!\w){pattern}(?!\w)" if name.isascii() else pattern


def secrets_in(file: Path) -> Iterator[str]:
    """The values in a file of secrets: the strings of its JSON, or its lines; none if it cannot be read."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return
    try:
        yield from _strings(json.loads(text))
    except (ValueError, RecursionError):
        yield from (line.strip() for line in text.splitlines())


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
