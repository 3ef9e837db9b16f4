"""Regular expressions of matchers, whole and in linear time. Pure.

They come from outside, so an engine that tries and goes back would let one query hold a thread for minutes. A pattern
becomes a small automaton that walks each value once (Thompson, 1968); what it does not know is refused by its place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from api.prometheus import findings as say
from api.prometheus.tree import QueryError

LONGEST: Final = 2_000
_DEEPEST: Final = 40
_CLASSES: Final = {
    "d": (("0", "9"),),
    "w": (("0", "9"), ("A", "Z"), ("_", "_"), ("a", "z")),
    "s": ((" ", " "), ("\t", "\r")),
}
_PLAIN_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r"}
_SPECIAL: Final = frozenset("^${}")

Spans = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Test:
    """Which characters a step takes: those of the spans, or all but them."""

    spans: Spans
    negated: bool = False

    def takes(self, character: str) -> bool:
        return any(low <= character <= high for low, high in self.spans) is not self.negated


_ANY: Final = _Test((("\n", "\n"),), negated=True)


@dataclass(slots=True)
class _State:
    """A state: where a test leads, or where one gets without any."""

    test: _Test | None = None
    to: int = -1
    free: list[int] = field(default_factory=list)


class Pattern:
    """A pattern that a whole text matches or not."""

    def __init__(self, text: str) -> None:
        """Read it.

        Raises:
            QueryError: if it is too long, or has what is not supported, with the place.
        """
        if len(text) > LONGEST:
            raise QueryError(say.LONG_PATTERN(most=LONGEST))
        self._text = text
        self._at = 0
        self._states: list[_State] = []
        self._start, end = self._choice(0)
        if self._at < len(text):
            raise self._wrong()
        self._end = end

    def matches(self, text: str) -> bool:
        """Whether the whole of ``text`` fits."""
        now = self._reach({self._start})
        for character in text:
            step = set()
            for number in now:
                state = self._states[number]
                if state.test is not None and state.test.takes(character):
                    step.add(state.to)
            now = self._reach(step)
            if not now:
                return False
        return self._end in now

    def _reach(self, numbers: set[int]) -> set[int]:
        """These states and all one gets to from them without a character."""
        waiting, seen = list(numbers), set(numbers)
        while waiting:
            for further in self._states[waiting.pop()].free:
                if further not in seen:
                    seen.add(further)
                    waiting.append(further)
        return seen

    # --- reading --------------------------------------------------------------------------------------------------

    def _new(self) -> int:
        self._states.append(_State())
        return len(self._states) - 1

    def _wrong(self) -> QueryError:
        return QueryError(say.BAD_PATTERN(pattern=self._text[:80], at=self._at + 1))

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _choice(self, depth: int) -> tuple[int, int]:
        if depth > _DEEPEST:
            raise self._wrong()
        begin, end = self._new(), self._new()
        while True:
            first, last = self._row(depth)
            self._states[begin].free.append(first)
            self._states[last].free.append(end)
            if self._peek() != "|":
                return begin, end
            self._at += 1

    def _row(self, depth: int) -> tuple[int, int]:
        begin = end = self._new()
        while self._peek() not in ("", "|", ")"):
            first, last = self._repeated(depth)
            self._states[end].free.append(first)
            end = last
        return begin, end

    def _repeated(self, depth: int) -> tuple[int, int]:
        first, last = self._atom(depth)
        sign = self._peek()
        if sign not in ("*", "+", "?") or not sign:
            return first, last
        self._at += 1
        if self._peek() == "?" and sign != "?":
            self._at += 1  # the shortest first: for a whole match it is the same
        begin, end = self._new(), self._new()
        self._states[begin].free.append(first)
        self._states[last].free.append(end)
        if sign in "*?":
            self._states[begin].free.append(end)
        if sign in "*+":
            self._states[last].free.append(first)
        if self._peek() in ("*", "+") and self._peek():
            raise self._wrong()
        return begin, end

    def _atom(self, depth: int) -> tuple[int, int]:
        character = self._peek()
        if character == "(":
            return self._group(depth)
        if character in ("*", "+", "?") or character in _SPECIAL:
            raise self._wrong()
        self._at += 1
        if character == ".":
            test = _ANY
        elif character == "[":
            test = self._set()
        elif character == "\\":
            test = _Test(self._escape())
        else:
            test = _Test(((character, character),))
        begin, end = self._new(), self._new()
        self._states[begin].test, self._states[begin].to = test, end
        return begin, end

    def _group(self, depth: int) -> tuple[int, int]:
        self._at += 1
        if self._text[self._at : self._at + 2] == "?:":
            self._at += 2
        inner = self._choice(depth + 1)
        if self._peek() != ")":
            raise self._wrong()
        self._at += 1
        return inner

    def _escape(self) -> Spans:
        character = self._peek()
        if character in _CLASSES and character:
            spans: Spans = _CLASSES[character]
        elif character in _PLAIN_ESCAPES and character:
            spans = ((_PLAIN_ESCAPES[character],) * 2,)
        elif character and not character.isalnum():
            spans = ((character, character),)
        else:
            raise self._wrong()
        self._at += 1
        return spans

    def _set(self) -> _Test:
        negated = self._peek() == "^"
        self._at += negated
        spans: list[tuple[str, str]] = []
        while self._peek() != "]" or not spans:
            low = self._one_of_set(spans)
            if low and self._peek() == "-" and self._text[self._at + 1 : self._at + 2] not in ("", "]"):
                self._at += 1
                high = self._one_of_set(spans)
                if not high or high < low:
                    raise self._wrong()
                spans.append((low, high))
            elif low:
                spans.append((low, low))
        self._at += 1
        return _Test(tuple(spans), negated=negated)

    def _one_of_set(self, spans: list[tuple[str, str]]) -> str:
        """The next character of a set; empty where a class of characters was taken into ``spans``."""
        character = self._peek()
        if character in ("", "["):
            raise self._wrong()
        self._at += 1
        if character != "\\":
            return character
        found = self._escape()
        if len(found) == 1 and found[0][0] == found[0][1]:
            return found[0][0]
        spans.extend(found)
        return ""
