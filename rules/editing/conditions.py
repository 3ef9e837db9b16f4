"""A condition as rows of a form, and rows as a condition.

A condition is cut at the words ``and`` and ``or`` that stand outside every parenthesis, once more within a row that is
nothing but a parenthesis with the other word; what goes deeper stays one row of text. Every row keeps the text it was
cut from and is written with it as long as nobody changes the row, so nothing that a form cannot draw is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from core.calendar import WORDS
from rules.language.tokens import SyntaxFault, Token, TokenKind, tokenize
from rules.operators import COMPARISONS, RANGE_TESTS, WINDOWS

Join = Literal["all", "any"]
_WORD: dict[Join, str] = {"all": "and", "any": "or"}
_OTHER: dict[Join, Join] = {"all": "any", "any": "all"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of a form.

    Attributes:
        kind: ``compare`` is drawn with fields, ``formula`` is one with any number on its left, ``term`` is a word of
            the calendar, ``text`` stays text.
        text: as it was written; empty for a new row.
        measurement: key, ``parent.key``, the text of a formula, or the calendar's term.
        aggregate, window: such as ``mean`` and ``10 min``; both empty: the value itself.
        operator: a comparison, ``in`` or ``outside``; of a term ``is`` or ``not``.
        limit, upper: numbers as written, or ``facility.x`` and ``class.x``; ``upper`` of a range alone.
        unit, upper_unit: UCUM codes.
    """

    kind: Literal["compare", "formula", "term", "text"]
    text: str = ""
    measurement: str = ""
    aggregate: str = ""
    window: str = ""
    operator: str = ""
    limit: str = ""
    unit: str = ""
    upper: str = ""
    upper_unit: str = ""


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
    join: Join = "any" if len(_cut(tokens, "or")) > 1 else "all"
    parts = tuple(_part(text, piece, join) for piece in _cut(tokens, _WORD[join]))
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


def row_text(row: Row) -> str:
    """A row as it is written: as before, unless a field was changed."""
    if row.kind == "text" or (row.text and _row(row.text) == row):
        return row.text.strip()
    if row.kind == "term":
        return f"not {row.measurement}" if row.operator == "not" else row.measurement
    left = row.measurement
    if row.aggregate:
        left = f"{row.aggregate}({row.measurement}) over {row.window}"
    if row.operator in RANGE_TESTS:
        return f"{left} {row.operator} [{_limit(row.limit, row.unit)}, {_limit(row.upper, row.upper_unit)}]"
    return f"{left} {row.operator} {_limit(row.limit, row.unit)}".rstrip()


# --- inside -------------------------------------------------------------------------------------------------------


def _limit(number: str, unit: str) -> str:
    return f"{number} {unit}".strip()


def _safe(row: Row, join: Join) -> str:
    """A row that may be joined: one that would fall apart beside ``and`` gets a parenthesis."""
    text = row_text(row)
    if row.kind != "text" or join == "any":
        return text
    try:
        tokens = tokenize(text)[:-1]
    except SyntaxFault:
        return text
    return f"({text})" if len(_cut(tokens, "or")) > 1 else text


def _cut(tokens: Sequence[Token], word: str) -> list[list[Token]]:
    """Tokens between the words that stand outside every parenthesis."""
    pieces: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        if token.kind is TokenKind.SIGN:
            depth += (token.text in {"(", "["}) - (token.text in {")", "]"})
        if depth == 0 and token.kind is TokenKind.NAME and token.text == word:
            pieces.append([])
        else:
            pieces[-1].append(token)
    return pieces


def _part(text: str, tokens: Sequence[Token], join: Join) -> tuple[Row, ...]:
    inner = _WORD[_OTHER[join]]
    if join == "all":
        within = _unwrapped(tokens)
        pieces = _cut(within, inner) if within is not tokens else [list(tokens)]
    else:
        pieces = _cut(tokens, inner)
    if len(pieces) < 2 or not all(pieces):
        pieces = [list(tokens)]
    return tuple(_row(_slice(text, piece)) for piece in pieces)


def _unwrapped(tokens: Sequence[Token]) -> Sequence[Token]:
    """Tokens without the one parenthesis that holds them all; themselves if there is none."""
    if len(tokens) < 3 or tokens[0].text != "(" or tokens[0].kind is not TokenKind.SIGN:
        return tokens
    depth = 0
    for place, token in enumerate(tokens):
        if token.kind is TokenKind.SIGN:
            depth += (token.text == "(") - (token.text == ")")
        if depth == 0:
            return tokens[1:-1] if place == len(tokens) - 1 else tokens
    return tokens


def _slice(text: str, tokens: Sequence[Token]) -> str:
    """From the first token to the end of the last."""
    if not tokens:
        return ""
    start, last = tokens[0].at, tokens[-1].at
    following = next((token.at for token in tokenize(text) if token.at > last), len(text))
    return text[start:following].strip()


def _row(text: str) -> Row:
    """A row of a text; of the kind ``text`` unless it has the form of another."""
    try:
        tokens = list(_unwrapped(tokenize(text)[:-1]))
    except SyntaxFault:
        tokens = []
    found = _term(tokens) or _comparison(tokens) or _formula(text, tokens)
    return Row(kind="text", text=text) if found is None else replace(found, text=text)


def _term(tokens: Sequence[Token]) -> Row | None:
    negated = bool(tokens) and tokens[0].text == "not"
    words = [token.text for token in (tokens[1:] if negated else tokens)]
    operator = "not" if negated else "is"
    if len(words) == 1 and words[0] in WORDS and tokens[-1].kind is TokenKind.NAME:
        return Row(kind="term", measurement=words[0], operator=operator)
    if len(words) == 3 and words[:2] == ["in", "season"]:
        return Row(kind="term", measurement=" ".join(words), operator=operator)
    return None


def _comparison(tokens: Sequence[Token]) -> Row | None:
    left, rest = _left(tokens)
    if left is None or not rest:
        return None
    if rest[0].kind is TokenKind.SIGN and rest[0].text in COMPARISONS:
        limit, end = _number(rest[1:])
        if limit is None or end:
            return None
        return replace(left, operator=rest[0].text, limit=limit[0], unit=limit[1])
    if rest[0].kind is TokenKind.NAME and rest[0].text in RANGE_TESTS and len(rest) > 1 and rest[1].text == "[":
        low, after = _number(rest[2:])
        if low is None or not after or after[0].text != ",":
            return None
        high, end = _number(after[1:])
        if high is None or [token.text for token in end] != ["]"]:
            return None
        return replace(
            left,
            operator=rest[0].text,
            limit=low[0],
            unit=low[1],
            upper=high[0],
            upper_unit=high[1],
        )
    return None


def _formula(text: str, tokens: Sequence[Token]) -> Row | None:
    """Any number on the left, one limit on the right."""
    depth = 0
    for place, token in enumerate(tokens):
        depth += (token.text in {"(", "["}) - (token.text in {")", "]"}) if token.kind is TokenKind.SIGN else 0
        if depth == 0 and token.kind is TokenKind.NAME and token.text in {"and", "or", "not"}:
            return None
        if depth == 0 and place and token.kind is TokenKind.SIGN and token.text in COMPARISONS:
            limit, end = _number(tokens[place + 1 :])
            if limit is None or end:
                return None
            left = text[tokens[0].at : token.at].strip()
            return Row(kind="formula", measurement=left, operator=token.text, limit=limit[0], unit=limit[1])
    return None


def _left(tokens: Sequence[Token]) -> tuple[Row | None, Sequence[Token]]:
    """What is compared: a measurement, or its window."""
    if not tokens:
        return None, ()
    name = _measured(tokens[0])
    if name and not (len(tokens) > 1 and tokens[1].text == "("):
        return Row(kind="compare", measurement=name), tokens[1:]
    signs = [token.text for token in tokens[:6]]
    if len(signs) < 6 or signs[0] not in WINDOWS or (signs[1], signs[3], signs[4]) != ("(", ")", "over"):
        return None, ()
    inner, width = _measured(tokens[2]), tokens[5]
    if not inner or width.kind is not TokenKind.QUANTITY:
        return None, ()
    return Row(kind="compare", measurement=inner, aggregate=signs[0], window=width.text.strip()), tokens[6:]


def _measured(token: Token) -> str:
    if token.kind is TokenKind.PARENT:
        return f"parent.{token.text}"
    return token.text if token.kind is TokenKind.NAME and token.text not in WORDS else ""


def _number(tokens: Sequence[Token]) -> tuple[tuple[str, str] | None, Sequence[Token]]:
    """A number with its unit, or an attribute, and what follows."""
    minus = bool(tokens) and tokens[0].kind is TokenKind.SIGN and tokens[0].text == "-"
    rest = tokens[1:] if minus else tokens
    if not rest:
        return None, ()
    first = rest[0]
    if first.kind is TokenKind.QUANTITY:
        digits = first.text.strip()
        digits = digits[: len(digits) - len(first.unit)].strip() if first.unit else digits
        return (("-" if minus else "") + digits, first.unit), rest[1:]
    words = {TokenKind.ATTRIBUTE: "facility", TokenKind.CLASS_ATTRIBUTE: "class"}
    if first.kind in words and not minus:
        return (f"{words[first.kind]}.{first.text}", first.unit), rest[1:]
    return None, ()
