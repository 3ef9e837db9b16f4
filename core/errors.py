"""Errors shaped by what the caller will do.

``TwingridError`` is ours to explain. ``Unavailable`` may be tried again; ``Refused`` never.
``Invalid`` carries *all* findings of one input at once, each with its place and its remedy, so that a person
mends a file in one go instead of one error a run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing wrong in an input: what, where, why it matters, what to do.

    Attributes:
        code: stable identifier such as ``TG-0103``, searchable in the documentation.
        what: what is wrong, in one clause, in English.
        fix: what to do about it.
        file: the file as the person named it; empty when the input was not a file.
        line: 1-based line, 0 when unknown.
        column: 1-based column, 0 when unknown.
    """

    code: str
    what: str
    fix: str
    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        return f"{place + ': ' if place else ''}{self.code} {self.what}; {self.fix}"


class TwingridError(Exception):
    """Base of every error that Twingrid raises on purpose."""


class Unavailable(TwingridError):
    """A neighbour (broker, store, database) does not answer now; the same call may succeed later."""


class Refused(TwingridError):
    """The call can never succeed as it stands: not permitted, unknown, or impossible in this state."""


class Invalid(TwingridError):
    """An input is wrong; ``findings`` lists everything wrong with it, in the order of the input."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        """Keep the findings; at least one is needed, since an error without a reason helps nobody."""
        if not findings:
            raise ValueError("Invalid needs at least one finding")
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))
