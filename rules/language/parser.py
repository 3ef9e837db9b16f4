"""From tokens to a tree: operator precedence after Pratt, recursive descent for the rest.

Binding, weakest first: ``or`` < ``and`` < ``not`` < comparisons and ranges < ``+ -`` < ``* /`` < unary minus.
Comparisons do not chain. The binding numbers are the operators' own (``rules.operators``), so a new operator needs no
change here. Depth is bounded, so that a hostile text cannot exhaust the stack.
"""

from __future__ import annotations

import difflib

from core.calendar import WORDS, season_term
from core.findings import DID_YOU_MEAN, USE_ONE_OF, Said, Sentence
from core.foreign import plain
from rules.bounds import MAX_NESTING, MAX_WORDS
from rules.language import condition_findings as wrong
from rules.language import findings as kinds
from rules.language import syntax
from rules.language.surroundings import AGE, QUESTIONS
from rules.language.tokens import RESERVED, SyntaxFault, Token, TokenKind, tokenize
from rules.operators import ARITHMETIC, COMPARISONS, CONNECTIVES, FUNCTIONS, GROUPS, RANGE_TESTS, WINDOWS

_COMPARING = 40
_NEGATING = 70
FORECASTS = ("reaches", "falls_to")
"""Words that say where a trend leads: up to a limit, down to one."""
_BETWEEN = ("and", "or", "not", "in", "outside", "over")
_SPOKEN = {"average": "mean", "average_over_time": "mean", "lowest": "min", "highest": "max"}
"""Functions under the names of other languages."""
_CALLABLE = frozenset({*FUNCTIONS, *WINDOWS, *GROUPS, *FORECASTS, AGE, *QUESTIONS})


def parse(text: str) -> syntax.Node:
    """Parse a whole expression.

    Raises:
        SyntaxFault: at the first place where the text stops making sense.
    """
    tokens = tokenize(text)
    parser = _Parser(tokens)
    node = parser.expression(0)
    parser.expect_end()
    if len(tokens) > MAX_WORDS:  # a long chain is a deep tree, and trees are walked recursively
        raise SyntaxFault(tokens[MAX_WORDS].at, kinds.TOO_MANY_WORDS, most=MAX_WORDS)
    return node


def parse_quantity(text: str) -> syntax.Quantity:
    """Parse a number with a unit and nothing else, such as ``30 s``.

    Raises:
        SyntaxFault: if it is anything else.
    """
    tokens = tokenize(text)
    if len(tokens) != 2 or tokens[0].kind is not TokenKind.QUANTITY:
        raise SyntaxFault(0, wrong.NO_QUANTITY, value=text)
    return syntax.Quantity(tokens[0].at, tokens[0].value, tokens[0].unit)


class _Parser:
    """Reads tokens left to right; one instance per expression."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0

    def expression(self, least: int) -> syntax.Node:
        """An expression whose operators bind at least as strongly as ``least``."""
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise SyntaxFault(self._peek().at, wrong.TOO_DEEP, most=MAX_NESTING)
        left = self._prefix()
        while True:
            token = self._peek()
            binding = _binding(token)
            if binding is None or binding < least:
                break
            self._next += 1
            left = self._infix(left, token, binding)
        self._depth -= 1
        return left

    def expect_end(self) -> None:
        """Nothing may follow."""
        token = self._peek()
        if token.kind is not TokenKind.END:
            raise SyntaxFault(token.at, wrong.UNEXPECTED_END, value=token.text, hint=_joining(token.text))

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._tokens[self._next]
        self._next += token.kind is not TokenKind.END
        return token

    def _sign(self, text: str, hint: Sentence) -> None:
        token = self._peek()
        if token.kind is not TokenKind.SIGN or token.text != text:
            found = plain(repr(token.text)) if token.text else wrong.THE_END
            raise SyntaxFault(token.at, wrong.SIGN_MISSING, want=text, found=found, hint=hint)
        self._next += 1

    def _infix(self, left: syntax.Node, token: Token, binding: int) -> syntax.Node:
        if token.text in RANGE_TESTS:
            low, high = self._range()
            node: syntax.Node = syntax.RangeOf(token.at, token.text, left, low, high)
        else:
            node = syntax.Infix(token.at, token.text, left, self.expression(binding + 1))
        if binding == _COMPARING and _binding(self._peek()) == _COMPARING:
            raise SyntaxFault(self._peek().at, wrong.CHAINED)
        return node

    def _range(self) -> tuple[syntax.Node, syntax.Node]:
        self._sign("[", wrong.RANGE_FORM)
        low = self.expression(_COMPARING + 1)
        self._sign(",", wrong.RANGE_FORM)
        high = self.expression(_COMPARING + 1)
        self._sign("]", wrong.CLOSE_RANGE)
        return low, high

    def _prefix(self) -> syntax.Node:
        token = self._take()
        match token.kind:
            case TokenKind.QUANTITY:
                return syntax.Quantity(token.at, token.value, token.unit)
            case TokenKind.ATTRIBUTE:
                return syntax.FacilityAttribute(token.at, token.text, token.unit)
            case TokenKind.CLASS_ATTRIBUTE:
                return syntax.ClassAttribute(token.at, token.text, token.unit)
            case TokenKind.TEXT:
                return syntax.Text(token.at, token.text)
            case TokenKind.PARENT:
                return syntax.ParentName(token.at, token.text)
            case TokenKind.NAME:
                return self._named(token)
            case TokenKind.SIGN if token.text == "(":
                inner = self.expression(0)
                self._sign(")", wrong.CLOSE_PARENTHESIS)
                return inner
            case TokenKind.SIGN if token.text == "-":
                return syntax.Prefix(token.at, "-", self.expression(_NEGATING))
            case TokenKind.END:
                raise SyntaxFault(token.at, wrong.ENDS_EARLY)
            case _:
                raise SyntaxFault(token.at, wrong.UNEXPECTED_SIGN, value=token.text)

    def _named(self, token: Token) -> syntax.Node:
        if token.text == "not":
            return syntax.Prefix(token.at, "not", self.expression(CONNECTIVES["not"].binding))
        if token.text == "at" and self._peek().text == "least":
            return self._vote(token)
        if token.text in WORDS:
            return syntax.CalendarTerm(token.at, token.text)
        if token.text == "in" and self._peek().text == "season":
            return self._season(token)
        if token.text in CONNECTIVES or token.text in RANGE_TESTS or token.text in RESERVED:
            raise SyntaxFault(token.at, wrong.UNEXPECTED_WORD, value=token.text)
        if self._peek().text != "(" or self._peek().kind is not TokenKind.SIGN:
            return syntax.Name(token.at, token.text)
        return self._call(token)

    def _season(self, token: Token) -> syntax.Node:
        """``in season name``."""
        self._next += 1
        name = self._take()
        if name.kind is not TokenKind.NAME:
            raise SyntaxFault(name.at, wrong.SEASON_WITHOUT_NAME)
        return syntax.CalendarTerm(token.at, season_term(name.text))

    def _vote(self, token: Token) -> syntax.Node:
        """``at least 2 of (a, b, c)``, behind its first word."""
        self._next += 1
        count, of = self._take(), self._take()
        if count.kind is not TokenKind.QUANTITY or count.unit or of.text != "of":
            raise SyntaxFault(token.at, wrong.VOTE_FORM)
        return syntax.AtLeast(token.at, count.value, self._arguments(wrong.VOTE_PARENTHESIS))

    def _call(self, token: Token) -> syntax.Node:
        if token.text not in _CALLABLE:
            raise SyntaxFault(token.at, wrong.NO_FUNCTION, value=token.text, hint=_function_hint(token.text))
        args = self._arguments(wrong.CLOSE_PARENTHESIS)
        if self._peek().text == "of":
            self._next += 1
            relation = self._take()
            return syntax.OfGroup(token.at, token.text, args, relation.text, relation.at)
        if token.text not in FORECASTS:
            return syntax.Call(token.at, token.text, args, self._time("over"))
        within = self._time("within")
        if within is None:
            raise SyntaxFault(self._peek().at, wrong.FORECAST_FORM, value=token.text)
        return syntax.Forecast(token.at, token.text, args, within, self._time("over"))

    def _arguments(self, hint: Sentence) -> tuple[syntax.Node, ...]:
        self._sign("(", hint)
        args = [self.expression(0)]
        while self._peek().text == ",":
            self._next += 1
            args.append(self.expression(0))
        self._sign(")", wrong.CLOSE_PARENTHESIS)
        return tuple(args)

    def _time(self, word: str) -> syntax.Quantity | None:
        """The duration behind a word, if the word stands here."""
        if self._peek().text != word:
            return None
        self._next += 1
        width = self._take()
        if width.kind is not TokenKind.QUANTITY:
            raise SyntaxFault(width.at, wrong.WINDOW_WITHOUT_WIDTH, word=word)
        return syntax.Quantity(width.at, width.value, width.unit)


def _joining(word: str) -> Said:
    """What a word between two conditions was meant to be."""
    near = difflib.get_close_matches(word.lower(), _BETWEEN, n=1, cutoff=0.6)
    return DID_YOU_MEAN(near=near[0]) if near else wrong.JOIN()


def _function_hint(word: str) -> Said:
    known = sorted({*FUNCTIONS, *WINDOWS, *GROUPS, *FORECASTS})
    near = [_SPOKEN[word.lower()]] if word.lower() in _SPOKEN else []
    near = near or difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.5)
    return DID_YOU_MEAN(near=near[0]) if near else USE_ONE_OF(known=", ".join(known))


def _binding(token: Token) -> int | None:
    """How strongly an infix token binds; None if it is none."""
    if token.kind not in {TokenKind.NAME, TokenKind.SIGN}:
        return None
    if token.text in COMPARISONS or token.text in RANGE_TESTS:
        return _COMPARING
    operator = ARITHMETIC.get(token.text) or CONNECTIVES.get(token.text)
    return None if operator is None or token.text == "not" else operator.binding
