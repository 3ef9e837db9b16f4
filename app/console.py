"""How commands speak: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.texts import say
from core.findings import Finding
from core.people import Language

_UNBOUNDED: Final = 4096  # columns; no row is wider


@dataclass(frozen=True, kw_only=True)
class Speaker:
    """Prints in one language."""

    language: Language
    out: Console
    err: Console

    @classmethod
    def make(cls, language: Language) -> Speaker:
        """A speaker for this process's terminal; colours only where a terminal is."""
        return cls(language=language, out=Console(highlight=False), err=Console(stderr=True, highlight=False))

    def say(self, key: str, **values: object) -> str:
        """A text of the catalogue."""
        return say(key, self.language, **values)

    def note(self, text: str) -> None:
        """A line of progress."""
        self.err.print(escape(text), soft_wrap=True)

    def error(self, text: str) -> None:
        """One clear line of what is wrong."""
        self.err.print(f"[bold red]{self.say('error')}:[/] {escape(text)}", soft_wrap=True)

    def findings(self, findings: Iterable[Finding]) -> None:
        """Everything that is wrong with an input, one finding a paragraph."""
        for finding in findings:
            head = f"[bold]{escape(finding.place)}[/] " if finding.place else ""
            what, fix = finding.what_in(self.language), finding.fix_in(self.language)
            self.err.print(f"{head}[red]{finding.code}[/] {escape(what)}", soft_wrap=True)
            self.err.print(f"    {self.say('check.fix')}: {escape(fix)}", soft_wrap=True)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]], *, whole: int = 0) -> None:
        """A table of results; the first ``whole`` columns are never broken, since people copy from them.

        In a file or a pipe, where nothing says how wide it is, every row is one line: programs find rows by lines.
        """
        wide = not self.out.is_terminal and "COLUMNS" not in os.environ
        table = Table(box=None, pad_edge=False, header_style="bold")
        for index, column in enumerate(columns):
            table.add_column(column, overflow="fold", no_wrap=wide or index < whole)
        for row in rows:
            table.add_row(*(escape(cell) for cell in row))
        out = Console(file=self.out.file, width=_UNBOUNDED, highlight=False) if wide else self.out
        out.print(table)

    def json(self, value: Any) -> None:
        """A result for programs."""
        self.out.print(json.dumps(value, ensure_ascii=False, indent=1), markup=False, soft_wrap=True)


def finding_values(findings: Iterable[Finding], language: Language) -> list[dict[str, Any]]:
    """Findings for JSON: data for programs, and the sentences in a language."""
    return [
        {
            "code": finding.code,
            "what": finding.what_in(language),
            "fix": finding.fix_in(language),
            "file": finding.file,
            "line": finding.line,
            "column": finding.column,
        }
        for finding in findings
    ]
