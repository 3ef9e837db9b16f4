"""The text of a gateway's configuration, as those see it who only carry, keep and compare it."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Sequence
from typing import Final

MAX_TEXT_BYTES: Final = 1024 * 1024
"""Most bytes of a text that is pushed."""


def text_sha256(text: str) -> str:
    """The hash of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def differences(before: str, after: str, names: tuple[str, str]) -> Sequence[str]:
    """The lines that differ, as a unified difference without line ends; empty when the texts are the same."""
    return list(difflib.unified_diff(before.splitlines(), after.splitlines(), *names, lineterm="", n=2))
