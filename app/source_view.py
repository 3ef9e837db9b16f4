"""The line of a file that a finding speaks of, with the offending word underlined."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rich.cells import cell_len

from core.findings import Finding

_WORD = re.compile(r"[^\W\d]\w*(?:\.\w+)?|\d[\w.]*(?:\s*[A-Za-z%\[°µ℃][^\s,)\]]*\]?)?|[<>=!]=?|\"[^\"]*\"|'[^']*'|\S")


def excerpt(finding: Finding, lines: Mapping[str, Sequence[str]]) -> tuple[str, str] | None:
    """The line, and a line of the same width that marks the place; ``None`` where the file or the place is unknown.

    Args:
        finding: what is wrong.
        lines: of each file, as it was read.
    """
    known = lines.get(finding.file, ())
    if not 1 <= finding.line <= len(known) or finding.column < 1:
        return None
    line = known[finding.line - 1]
    before, rest = line[: finding.column - 1], line[finding.column - 1 :]
    match = _WORD.match(rest)
    width = cell_len(match.group()) if match else 1
    indent = "".join(sign if sign == "\t" else " " * cell_len(sign) for sign in before)
    return line, indent + "^" * max(1, width)
