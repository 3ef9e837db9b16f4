"""A condition as rows of a form, and rows as a condition.

A condition is cut at the words ``and`` and ``or`` that stand outside every parenthesis, once more within a row that is
nothing but a parenthesis with the other word; what goes deeper stays one row of text. Every row keeps the text it was
cut from and is written with it as long as nobody changes the row, so nothing that a form cannot draw is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rules.editing.rows import Row, cut, piece, row_of, row_text, unwrapped
from rules.language.tokens import SyntaxFault, Token, tokenize

Join = Literal["all", "any"]
_WORD: dict[Join, str] = {"all": "and", "any": "or"}
_OTHER: dict[Join, Join] = {"all": "any", "any": "all"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """Parts joined by ``join``; the rows of a part with several are joined by the other word."""

    join: Join
    parts: tuple[tuple[Row, ...], ...]


def condition_of(text: str) -> Condition:
    """The rows of a condition; one row of text where it cannot be read."""
    try:
        tokens = tokenize(text)[:-1]
    except SyntaxFault:
        tokens = []
    if not tokens:
        return Condition(join="all", parts=((Row(kind="text", text=text.strip()),),))
    join: Join = "any" if len(cut(tokens, "or")) > 1 else "all"
    parts = tuple(_part(text, one, join) for one in cut(tokens, _WORD[join]))
    return Condition(join=join, parts=parts)


def written(condition: Condition) -> str:
    """The text of a condition."""
    inner = _OTHER[condition.join]
    pieces: list[str] = []
    for rows in condition.parts:
        if not rows:
            continue
        if len(rows) == 1:
            pieces.append(_safe(rows[0], condition.join))
            continue
        joined = f" {_WORD[inner]} ".join(_safe(row, inner) for row in rows)
        pieces.append(f"({joined})" if inner == "any" or len(condition.parts) == 1 else joined)
    return f" {_WORD[condition.join]} ".join(pieces)


# --- inside -------------------------------------------------------------------------------------------------------


def _safe(row: Row, join: Join) -> str:
    """A row that may be joined: one that would fall apart beside ``and`` gets a parenthesis."""
    text = row_text(row)
    if row.kind != "text" or join == "any":
        return text
    try:
        tokens = tokenize(text)[:-1]
    except SyntaxFault:
        return text
    return f"({text})" if len(cut(tokens, "or")) > 1 else text


def _part(text: str, tokens: Sequence[Token], join: Join) -> tuple[Row, ...]:
    inner = _WORD[_OTHER[join]]
    if join == "all":
        within = unwrapped(tokens)
        pieces = cut(within, inner) if within is not tokens else [list(tokens)]
    else:
        pieces = cut(tokens, inner)
    if len(pieces) < 2 or not all(pieces):
        pieces = [list(tokens)]
    return tuple(row_of(piece(text, one)) for one in pieces)
