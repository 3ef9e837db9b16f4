"""Errors shaped by what the caller will do.

``TwingridError`` is ours to explain. ``Unavailable`` may be tried again; ``Refused`` never.
``Invalid`` carries *all* findings of one input at once, each with its place and its remedy, so that a person
mends a file in one go instead of one error a run.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.findings import Finding, Speaks


class TwingridError(Exception):
    """Base of every error that Twingrid raises on purpose.

    Its argument is a ``core.findings.Said`` where a person reads it, or an English text where only logs do.
    """

    def in_language(self, language: str) -> str:
        """The reason, for ``zh`` or ``en``; English where it was written for logs only."""
        reason = self.args[0] if self.args else ""
        return reason.in_language(language) if isinstance(reason, Speaks) else str(self)


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

    def in_language(self, language: str) -> str:
        """All findings, one a line."""
        return "\n".join(f"{finding.what_in(language)}; {finding.fix_in(language)}" for finding in self.findings)


__all__ = ["Finding", "Invalid", "Refused", "TwingridError", "Unavailable"]
