"""What one rule may cost at most: declared here, shown by ``twingrid rule check``, refused at load beyond it.

The bounds on text come first: they hold before anything is walked recursively, so no text exhausts the stack or takes
long. Those on the rule hold for ``when`` and ``clear`` together (``rules.cost``).
"""

from __future__ import annotations

from typing import Final

DAY_MS: Final = 86_400_000

MAX_FILE_CHARACTERS: Final = 1_000_000
"""Of a rule file."""
MAX_CHARACTERS: Final = 4_000
"""Of a condition."""
MAX_WORDS: Final = 300
"""Names, numbers and signs of a condition."""
MAX_NUMBER: Final = 1e15
"""A number as written; beyond it neighbouring milliseconds and units run together."""
MAX_NESTING: Final = 50
"""Levels of parentheses, functions and operators inside one another."""
MAX_NODES: Final = 200
"""Operands, numbers, operators and connectives of a rule."""
MAX_WINDOWS: Final = 12
"""Windows of a rule that differ in measurement, aggregate or length."""
MAX_WINDOW_MS: Final = 30 * DAY_MS
"""Length of a window."""
LEARNING_MS: Final = (14 * DAY_MS, 21 * DAY_MS, 28 * DAY_MS)
"""From how far back the usual of an hour of the week may be learned."""
