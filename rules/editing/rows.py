"""One row of a condition: its fields, as they were cut from a text, and the text that the fields make.

A row keeps the text it was cut from and is written with it as long as nobody changes it, so nothing that a form cannot
draw is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from core.calendar import WORDS
from rules.language.tokens import SyntaxFault, Token, TokenKind, tokenize
from rules.operators import COMPARISONS, GROUPS, RANGE_TESTS, WINDOWS

_LEAST = ("at", "least")
_OPENING, _CLOSING = frozenset("(["), frozenset(")]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of a form.

    Attributes:
        kind: ``compare`` is drawn with fields, ``group`` is one over the facilities of a group, ``vote`` asks for so
            many of several rows, ``formula`` has any number on its left, ``term`` is a word of the calendar, ``text``
            stays text.
        text: as it was written; empty for a new row.
        measurement: key, ``parent.key``, the text of a formula, or the calendar's term.
        aggregate, window: such as ``mean`` and ``10 min``; both empty: the value itself. A group has no window.
        inner_operator, inner_limit, inner_unit: of the comparison that an aggregate counts; empty: it takes values.
        group: such as ``cell.governance``; of a group alone.
        operator: a comparison, ``in`` or ``outside``; of a term ``is`` or ``not``.
        limit, upper: numbers as written, or ``facility.x`` and ``class.x``; ``upper`` of a range alone. Of a vote how
            many.
        unit, upper_unit: UCUM codes.
        votes: rows of a vote, none of them a vote.
    """

    kind: Literal["compare", "group", "vote", "formula", "term", "text"]
    text: str = ""
    measurement: str = ""
    aggregate: str = ""
    window: str = ""
    inner_operator: str = ""
    inner_limit: str = ""
    inner_unit: str = ""
    group: str = ""
    operator: str = ""
    limit: str = ""
    unit: str = ""
    upper: str = ""
    upper_unit: str = ""
    votes: tuple[Row, ...] = ()


def row_text(row: Row) -> str:
    """A row as it is written: as before, unless a field was changed."""
    if row.kind == "text" or (row.text and row_of(row.text) == row):
        return row.text.strip()
    if row.kind == "term":
        return f"not {row.measurement}" if row.operator == "not" else row.measurement
    if row.kind == "vote":
        return f"at least {row.limit} of ({', '.join(row_text(one) for one in row.votes)})"
    left = _left_text(row)
    if row.operator in RANGE_TESTS:
        return f"{left} {row.operator} [{_limit(row.limit, row.unit)}, {_limit(row.upper, row.upper_unit)}]"
    return f"{left} {row.operator} {_limit(row.limit, row.unit)}".rstrip()


def row_of(text: str) -> Row:
    """A row of a text; of the kind ``text`` unless it has the form of another."""
    try:
        tokens = list(unwrapped(tokenize(text)[:-1]))
    except SyntaxFault:
        tokens = []
    found = _term(tokens) or _vote(text, tokens) or _comparison(tokens) or _formula(text, tokens)
    return Row(kind="text", text=text) if found is None else replace(found, text=text)


def cut(tokens: Sequence[Token], word: str, kind: TokenKind = TokenKind.NAME) -> list[list[Token]]:
    """Tokens between the words (or signs) that stand outside every parenthesis."""
    pieces: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += _deeper(token)
        if depth == 0 and token.kind is kind and token.text == word:
            pieces.append([])
        else:
            pieces[-1].append(token)
    return pieces


def unwrapped(tokens: Sequence[Token]) -> Sequence[Token]:
    """Tokens without the one parenthesis that holds them all; themselves if there is none."""
    if len(tokens) < 3 or not _is_sign(tokens[0], "("):
        return tokens
    return tokens[1:-1] if _closing(tokens, 0) == len(tokens) - 1 else tokens


def piece(text: str, tokens: Sequence[Token]) -> str:
    """The text from the first token to the end of the last."""
    if not tokens:
        return ""
    start, last = tokens[0].at, tokens[-1].at
    following = next((token.at for token in tokenize(text) if token.at > last), len(text))
    return text[start:following].strip()


# --- inside -------------------------------------------------------------------------------------------------------


def _limit(number: str, unit: str) -> str:
    return f"{number} {unit}".strip()


def _left_text(row: Row) -> str:
    if not row.aggregate:
        return row.measurement
    inner = row.measurement
    if row.inner_operator:
        inner = f"{inner} {row.inner_operator} {_limit(row.inner_limit, row.inner_unit)}".rstrip()
    over = f"of {row.group}" if row.kind == "group" else f"over {row.window}"
    return f"{row.aggregate}({inner}) {over}"


def _is_sign(token: Token, text: str) -> bool:
    return token.kind is TokenKind.SIGN and token.text == text


def _deeper(token: Token) -> int:
    if token.kind is not TokenKind.SIGN:
        return 0
    return (token.text in _OPENING) - (token.text in _CLOSING)


def _closing(tokens: Sequence[Token], place: int) -> int:
    """Where the parenthesis that opens at ``place`` is closed; behind the last token if it is not."""
    depth = 0
    for at in range(place, len(tokens)):
        depth += _deeper(tokens[at])
        if depth == 0:
            return at
    return len(tokens)


def _term(tokens: Sequence[Token]) -> Row | None:
    negated = bool(tokens) and tokens[0].text == "not"
    words = [token.text for token in (tokens[1:] if negated else tokens)]
    operator = "not" if negated else "is"
    if len(words) == 1 and words[0] in WORDS and tokens[-1].kind is TokenKind.NAME:
        return Row(kind="term", measurement=words[0], operator=operator)
    if len(words) == 3 and words[:2] == ["in", "season"]:
        return Row(kind="term", measurement=" ".join(words), operator=operator)
    return None


def _vote(text: str, tokens: Sequence[Token]) -> Row | None:
    """``at least 2 of (a, b, c)``."""
    words = tuple(token.text for token in tokens[:2])
    if words != _LEAST or len(tokens) < 6 or tokens[2].kind is not TokenKind.QUANTITY or tokens[2].unit:
        return None
    if tokens[3].text != "of" or not _is_sign(tokens[4], "(") or _closing(tokens, 4) != len(tokens) - 1:
        return None
    pieces = cut(tokens[5:-1], ",", TokenKind.SIGN)
    if not all(pieces):
        return None
    rows = [row_of(piece(text, one)) for one in pieces]
    kept = tuple(Row(kind="text", text=row.text) if row.kind == "vote" else row for row in rows)
    return Row(kind="vote", limit=tokens[2].text.strip(), votes=kept)


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
    """What is compared: a measurement, its window, or what a group makes of it."""
    if not tokens:
        return None, ()
    name = _measured(tokens[0])
    if name and not (len(tokens) > 1 and _is_sign(tokens[1], "(")):
        return Row(kind="compare", measurement=name), tokens[1:]
    word, end = tokens[0].text, _closing(tokens, 1) if len(tokens) > 1 else len(tokens)
    if (word not in WINDOWS and word not in GROUPS) or end + 2 >= len(tokens) or not _is_sign(tokens[1], "("):
        return None, ()
    inner, how, by = _inner(tokens[2:end]), tokens[end + 1].text, tokens[end + 2]
    rest = tokens[end + 3 :]
    if inner is None:
        return None, ()
    if how == "over" and word in WINDOWS and by.kind is TokenKind.QUANTITY:
        return replace(inner, aggregate=word, window=by.text.strip()), rest
    if how == "of" and word in GROUPS and by.kind is TokenKind.NAME:
        return replace(inner, kind="group", aggregate=word, group=by.text), rest
    return None, ()


def _inner(tokens: Sequence[Token]) -> Row | None:
    """What an aggregate takes: a measurement, or one comparison of it."""
    name = _measured(tokens[0]) if tokens else ""
    if not name or len(tokens) == 1:
        return Row(kind="compare", measurement=name) if name else None
    if tokens[1].kind is not TokenKind.SIGN or tokens[1].text not in COMPARISONS:
        return None
    limit, end = _number(tokens[2:])
    if limit is None or end:
        return None
    return Row(
        kind="compare", measurement=name, inner_operator=tokens[1].text, inner_limit=limit[0], inner_unit=limit[1]
    )


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
