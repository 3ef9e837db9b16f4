"""Tables that a city brings as YAML files: read, and refused with one finding each if they are no tables at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from core.errors import Invalid
from core.findings import Finding, Kind, Said
from core.foreign import system_problem


def text_of(path: Path, unreadable: Callable[[Said], Finding]) -> str:
    """The text of a file, which must be UTF-8.

    Args:
        path: of the file.
        unreadable: what is said if it cannot be read, by the problem.

    Raises:
        Invalid: if it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid([unreadable(system_problem(error))]) from error


def table_of(text: str, file: str, no_table: Kind) -> dict[Any, Any]:
    """The mapping that a YAML text holds; of an empty text none of its parts.

    Args:
        text: of the file.
        file: its name, for the finding.
        no_table: what is said if it is no YAML, or no mapping.

    Raises:
        Invalid: if it is none.
    """
    try:
        raw: Any = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date that is none; nesting without end
        raise Invalid([no_table.at(file)]) from error
    if not isinstance(raw, dict | None):
        raise Invalid([no_table.at(file)])
    return raw or {}
