"""Reading an expression: words, then a tree by precedence. Pure.

What Prometheus knows and this does not is refused by its name and place, never guessed.
Source: Prometheus 2.42, ``promql/parser`` (its documentation of literals, operators and precedence).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from api.prometheus import findings as say
from api.prometheus.durations import duration_ms
from api.prometheus.patterns import Pattern
from api.prometheus.tree import (
    EACH,
    GROUPS,
    OVER_TIME,
    Each,
    Expression,
    Group,
    Matcher,
    MatchKind,
    Number,
    Over,
    QueryError,
    Selector,
    Sum,
    is_scalar,
)
from core.findings import Speaks

LONGEST: Final = 8_000
DEEPEST: Final = 60
_WORDS: Final = re.compile(
    r"(?P<space>\s+|#[^\n]*)"
    r"|(?P<number>0[xX][0-9a-fA-F]{1,15}|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w:.]))"
    r"|(?P<duration>\d+(?:ms|[ywdhms])(?:\d+(?:ms|[ywdhms]))*(?!\w))"
    r"|(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)"
    r"|(?P<quote>[\"'`])"
    r"|(?P<sign>=~|!~|!=|==|<=|>=|[-+*/%^(){}\[\],=<>:@])"
)
_ESCAPES: Final = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "\\": "\\",
    '"': '"',
    "'": "'",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
}
_COMPARISONS: Final = frozenset({"==", "!=", "<=", ">=", "<", ">"})
_SETS: Final = frozenset({"and", "or", "unless"})
_BINDS: Final = {"+": 1, "-": 1, "*": 2, "/": 2, "%": 2, "^": 4}
_SIGN_BINDS: Final = 3
_LITERALS: Final = {"inf": float("inf"), "nan": float("nan")}

Sort = Literal["number", "duration", "name", "text", "sign", "end"]
_SORTS: Final[Mapping[str | None, Sort]] = {
    "number": "number",
    "duration": "duration",
    "name": "name",
    "sign": "sign",
}


@dataclass(frozen=True, slots=True)
class Word:
    """One word with its place, from 1."""

    sort: Sort
    text: str
    at: int


def words(text: str) -> list[Word]:
    """The words of an expression, with an end.

    Raises:
        QueryError: naming what fits nowhere.
    """
    found: list[Word] = []
    at = 0
    while at < len(text):
        match = _WORDS.match(text, at)
        if match is None:
            raise QueryError(say.CHARACTER(at=at + 1, found=repr(text[at])), at=at + 1)
        kind = match.lastgroup
        if kind == "quote":
            value, end = _quoted(text, at)
            found.append(Word("text", value, at + 1))
            at = end
            continue
        if kind in _SORTS:
            found.append(Word(_SORTS[kind], match.group(), at + 1))
        at = match.end()
    found.append(Word("end", "", len(text) + 1))
    return found


def _quoted(text: str, begin: int) -> tuple[str, int]:
    """A quoted text and where it ends; backquotes know no escapes."""
    quote, at = text[begin], begin + 1
    made: list[str] = []
    while at < len(text):
        character = text[at]
        if character == quote:
            return "".join(made), at + 1
        if character == "\\" and quote != "`":
            escape = text[at + 1 : at + 2]
            if escape not in _ESCAPES or not escape:
                raise QueryError(say.ESCAPE(at=at + 1, found=f"\\{escape}"), at=at + 1)
            made.append(_ESCAPES[escape])
            at += 2
            continue
        made.append(character)
        at += 1
    raise QueryError(say.OPEN_TEXT(at=begin + 1), at=begin + 1)


def parse(text: str) -> Expression:
    """The tree of an expression.

    Raises:
        QueryError: with what is wrong and where, or what is not supported.
    """
    reader = _reader(text)
    tree = reader.expression(0, 0)
    if isinstance(tree, Selector) and tree.range_ms:
        raise QueryError(say.HAS_RANGE)
    reader.finish()
    return tree


def parse_selector(text: str) -> Selector:
    """A selector alone, as ``match[]`` has it.

    Raises:
        QueryError: if it is none.
    """
    reader = _reader(text)
    selector = reader.selector()
    reader.finish()
    return selector


def _reader(text: str) -> _Reader:
    if not text.strip():
        raise QueryError(say.EMPTY)
    if len(text) > LONGEST:
        raise QueryError(say.TOO_LONG(most=LONGEST))
    return _Reader(words(text))


class _Reader:
    """Walks the words once."""

    def __init__(self, every: list[Word]) -> None:
        self._words = every
        self._next = 0

    @property
    def _word(self) -> Word:
        return self._words[self._next]

    def _is(self, sign: str) -> bool:
        return self._word.sort == "sign" and self._word.text == sign

    def _take(self, sign: str) -> None:
        if not self._is(sign):
            raise self._wrong(sign)
        self._next += 1

    def _wrong(self, wanted: str, why: Speaks | None = None) -> QueryError:
        found = self._word.text or "∅"
        said = say.UNEXPECTED(at=self._word.at, wanted=wanted, found=found) if why is None else why
        return QueryError(said, at=self._word.at)

    def finish(self) -> None:
        """Nothing may be left."""
        if self._word.sort != "end":
            self._refuse_what_is_known_elsewhere()
            raise self._wrong("∅")

    def _refuse_what_is_known_elsewhere(self) -> None:
        word = self._word
        if word.sort == "sign" and word.text in _COMPARISONS:
            raise self._wrong("", say.COMPARISON(found=word.text))
        if word.sort == "name" and word.text.lower() in _SETS:
            raise self._wrong("", say.SET_OPERATOR(found=word.text))
        if self._is("@"):
            raise self._wrong("", say.AT)
        if self._is("["):
            raise self._wrong("", say.SUBQUERY)

    # --- expressions ----------------------------------------------------------------------------------------------

    def expression(self, least: int, depth: int) -> Expression:
        """An expression of operators that bind at least so strongly."""
        if depth > DEEPEST:
            raise QueryError(say.TOO_DEEP(most=DEEPEST), at=self._word.at)
        left = self._signed(depth)
        links = 0
        while True:
            self._refuse_what_is_known_elsewhere()
            word = self._word
            binds = _BINDS.get(word.text, 0) if word.sort == "sign" else 0
            if not binds or binds < least:
                return left
            self._next += 1
            links += 1
            # Powers group to the right, all others to the left.
            right = self.expression(binds if word.text == "^" else binds + 1, depth + 1)
            left = self._sum(word, left, right)
            if links > DEEPEST:
                raise QueryError(say.TOO_DEEP(most=DEEPEST), at=word.at)

    def _sum(self, word: Word, left: Expression, right: Expression) -> Expression:
        for side in (left, right):
            if isinstance(side, Selector) and side.range_ms:
                raise QueryError(say.HAS_RANGE, at=word.at)
        if not is_scalar(left) and not is_scalar(right):
            raise QueryError(say.TWO_VECTORS(found=word.text), at=word.at)
        return Sum(word.text, left, right)

    def _signed(self, depth: int) -> Expression:
        if self._is("-") or self._is("+"):
            word = self._word
            self._next += 1
            inner = self.expression(_SIGN_BINDS, depth + 1)
            return inner if word.text == "+" else self._sum(Word("sign", "*", word.at), Number(-1.0), inner)
        return self._atom(depth)

    def _atom(self, depth: int) -> Expression:
        word = self._word
        if word.sort == "number":
            self._next += 1
            text = word.text.lower()
            return Number(float(int(text, 16)) if text.startswith("0x") else float(text))
        if self._is("("):
            self._next += 1
            inner = self.expression(0, depth + 1)
            self._take(")")
            return inner
        if word.sort == "name":
            after = self._words[self._next + 1]
            called = after.sort == "sign" and after.text == "("
            grouped = after.sort == "name" and after.text in ("by", "without")
            if word.text in GROUPS and (called or grouped):
                return self._group(depth)
            if called:
                return self._call(depth)
            if word.text.lower() in _LITERALS:
                self._next += 1
                return Number(_LITERALS[word.text.lower()])
        return self.selector()

    def _call(self, depth: int) -> Expression:
        word = self._word
        name = word.text
        if name not in OVER_TIME | EACH:
            known = ", ".join(sorted(OVER_TIME | EACH | GROUPS))
            raise self._wrong("", say.UNKNOWN_FUNCTION(name=name, known=known))
        self._next += 1
        self._take("(")
        inner = self.expression(0, depth + 1)
        self._take(")")
        if name in EACH:
            return Each(name, self._series(word, inner))
        if not (isinstance(inner, Selector) and inner.range_ms):
            raise QueryError(say.NEEDS_RANGE(name=name), at=word.at)
        return Over(name, inner)

    def _series(self, word: Word, inner: Expression) -> Expression:
        if is_scalar(inner):
            raise QueryError(say.NO_SERIES(name=word.text), at=word.at)
        if isinstance(inner, Selector) and inner.range_ms:
            raise QueryError(say.HAS_RANGE, at=word.at)
        return inner

    def _group(self, depth: int) -> Expression:
        word = self._word
        self._next += 1
        labels, without = self._by()
        self._take("(")
        inner = self._series(word, self.expression(0, depth + 1))
        self._take(")")
        if labels is None:
            labels, without = self._by()
        return Group(word.text, inner, () if labels is None else labels, without)

    def _by(self) -> tuple[tuple[str, ...] | None, bool]:
        head = self._word
        if head.sort != "name" or head.text not in ("by", "without"):
            return None, False
        without = head.text == "without"
        self._next += 1
        self._take("(")
        labels: list[str] = []
        while not self._is(")"):
            word = self._word
            if word.sort != "name" or ":" in word.text:
                raise self._wrong("label")
            labels.append(word.text)
            self._next += 1
            if not self._is(")"):
                self._take(",")
        self._take(")")
        return tuple(labels), without

    # --- selectors ------------------------------------------------------------------------------------------------

    def selector(self) -> Selector:
        """A selector with its range and offset."""
        matchers: list[Matcher] = []
        begin = self._word
        if begin.sort == "name":
            matchers.append(Matcher("__name__", MatchKind.EQUAL, begin.text))
            self._next += 1
        elif not self._is("{"):
            raise self._wrong("a selector")
        if self._is("{"):
            matchers += self._matchers()
        if not any(_forbids_empty(one) for one in matchers):
            raise QueryError(say.NO_MATCHER, at=begin.at)
        return self._suffixed(Selector(tuple(matchers)))

    def _matchers(self) -> list[Matcher]:
        self._take("{")
        found: list[Matcher] = []
        while not self._is("}"):
            label = self._word
            if label.sort != "name" or ":" in label.text:
                raise self._wrong("label")
            self._next += 1
            sign = self._word
            if sign.sort != "sign" or sign.text not in {kind.value for kind in MatchKind}:
                raise self._wrong("= != =~ !~")
            self._next += 1
            value = self._word
            if value.sort != "text":
                raise self._wrong('"…"')
            self._next += 1
            made = Matcher(label.text, MatchKind(sign.text), value.text)
            if made.kind in (MatchKind.LIKE, MatchKind.UNLIKE):
                Pattern(made.value)
            found.append(made)
            if not self._is("}"):
                self._take(",")
        self._take("}")
        return found

    def _suffixed(self, selector: Selector) -> Selector:
        if self._is("["):
            self._next += 1
            selector = replace(selector, range_ms=self._duration())
            if self._word.text.startswith(":"):
                raise self._wrong("", say.SUBQUERY)
            self._take("]")
        if self._word.sort == "name" and self._word.text == "offset":
            self._next += 1
            negative = self._is("-")
            self._next += negative
            offset_ms = self._duration()
            selector = replace(selector, offset_ms=-offset_ms if negative else offset_ms)
        if self._is("@"):
            raise self._wrong("", say.AT)
        return selector

    def _duration(self) -> int:
        word = self._word
        if word.sort != "duration":
            raise self._wrong("", say.DURATION(found=word.text))
        self._next += 1
        found = duration_ms(word.text)
        if not found:
            raise QueryError(say.DURATION(found=word.text), at=word.at)
        return found


def _forbids_empty(matcher: Matcher) -> bool:
    match matcher.kind:
        case MatchKind.EQUAL:
            return matcher.value != ""
        case MatchKind.UNEQUAL:
            return matcher.value == ""
        case MatchKind.LIKE:
            return not Pattern(matcher.value).matches("")
        case MatchKind.UNLIKE:
            return Pattern(matcher.value).matches("")
