"""From the text of an expression to tokens.

A unit is read together with the number before it (``2 A``, ``1000 [ppm]``, ``100 /min``), because UCUM codes contain
brackets, slashes and quotes that mean other things elsewhere. The codes are the closed table of ``core.units``, the
longest match wins.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from enum import Enum, auto

from core.findings import Kind, Said
from core.rates import ALL_UNITS
from core.units import UNITS
from rules.bounds import MAX_CHARACTERS, MAX_NUMBER
from rules.language import condition_findings as wrong
from rules.language import findings as kinds


class TokenKind(Enum):
    """What a token is."""

    QUANTITY = auto()
    NAME = auto()
    ATTRIBUTE = auto()
    CLASS_ATTRIBUTE = auto()
    TEXT = auto()
    PARENT = auto()
    SIGN = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One token.

    Attributes:
        kind: what it is.
        text: as written (the name alone for attributes and for measurements of the parent; without blanks for cells).
        at: offset of its first character.
        value: of a quantity.
        unit: UCUM code of a quantity or attribute, empty when none was written.
    """

    kind: TokenKind
    text: str
    at: int
    value: float = 0.0
    unit: str = ""


class SyntaxFault(Exception):
    """The text cannot be read; position, reason and remedy."""

    def __init__(self, at: int, kind: Kind, /, **values: object) -> None:
        """Keep what makes the finding."""
        super().__init__(kind.at(**values).what)
        self.at, self.kind, self.values = at, kind, values


_BLANK = re.compile(r"\s*")
_NUMBER = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_UNIT = re.compile(
    "(?:"
    + "|".join(re.escape(code) for code in sorted(ALL_UNITS, key=len, reverse=True) if code != "1")
    + r")(?![A-Za-z0-9_\[(])"
)
_UNIT_LIKE = re.compile(r"[A-Za-z%°][A-Za-z0-9_%°]*|\[[A-Za-z][A-Za-z0-9]*\]")
_ATTRIBUTE = re.compile(r"facility\s*\.\s*([A-Za-z_][A-Za-z0-9_]*)")
_CLASS_ATTRIBUTE = re.compile(r"class\s*\.\s*([A-Za-z_][A-Za-z0-9_]*)")
_TEXT = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_PARENT = re.compile(r"parent\s*\.\s*([A-Za-z_][A-Za-z0-9_]*)")
_CELL = re.compile(r"cell\s*\.\s*([A-Za-z_][A-Za-z0-9_]*)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SIGN = re.compile(r"<=|>=|==|!=|[<>+\-*/()\[\],]")

RESERVED = frozenset({"and", "or", "not", "in", "outside", "over", "facility", "class", "of", "within"})

_INSTEAD = {
    "&": "'and'", "|": "'or'", "!": "'not'", "≥": ">=", "≤": "<=", "≠": "!=", "×": "*", "÷": "/", "−": "-",
    "＞": ">", "＜": "<", "＝": "==", "（": "(", "）": ")", "，": ",", "［": "[", "］": "]", "＋": "+", "－": "-",
    "℃": "Cel", "°": "deg", "％": "%", "Ω": "Ohm", "µ": "u", "μ": "u", "²": "2", "³": "3",
}  # fmt: skip
"""Signs of other languages and keyboards, and what is written here."""

_TURNED = {"=<": "<=", "=>": ">="}


def tokenize(text: str) -> list[Token]:
    """All tokens of an expression, the last one ``END``.

    Raises:
        SyntaxFault: at a character that begins nothing, at an unknown unit, or where the text becomes too long.
    """
    if len(text) > MAX_CHARACTERS:
        raise SyntaxFault(MAX_CHARACTERS, kinds.TOO_MANY_CHARACTERS, count=len(text), most=MAX_CHARACTERS)
    tokens: list[Token] = []
    at = _blank(text, 0)
    while at < len(text):
        token, end = _token(text, at)
        tokens.append(token)
        at = _blank(text, end)
    tokens.append(Token(TokenKind.END, "", len(text)))
    return tokens


def names(text: str) -> list[Token]:
    """The names of a text that may end anywhere, as far as it can be read; words of the language excepted."""
    try:
        return [token for token in tokenize(text) if token.kind is TokenKind.NAME and token.text not in RESERVED]
    except SyntaxFault:
        return []


def _blank(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at


def _token(text: str, at: int) -> tuple[Token, int]:
    if match := _NUMBER.match(text, at):
        if (value := float(match.group())) > MAX_NUMBER:
            raise SyntaxFault(at, wrong.NUMBER_TOO_LARGE, value=match.group()[:40], most=f"{MAX_NUMBER:g}")
        unit, end = _unit(text, match.end())
        return Token(TokenKind.QUANTITY, text[at:end], at, value, unit), end
    if match := _ATTRIBUTE.match(text, at):
        unit, end = _unit(text, match.end())
        return Token(TokenKind.ATTRIBUTE, match.group(1), at, unit=unit), end
    if match := _CLASS_ATTRIBUTE.match(text, at):
        unit, end = _unit(text, match.end())
        return Token(TokenKind.CLASS_ATTRIBUTE, match.group(1), at, unit=unit), end
    if match := _TEXT.match(text, at):
        return Token(TokenKind.TEXT, match.group(1) or match.group(2) or "", at), match.end()
    if match := _PARENT.match(text, at):
        return Token(TokenKind.PARENT, match.group(1), at), match.end()
    if match := _CELL.match(text, at):
        return Token(TokenKind.NAME, f"cell.{match.group(1)}", at), match.end()
    if match := _NAME.match(text, at):
        return Token(TokenKind.NAME, match.group(), at), match.end()
    if match := _SIGN.match(text, at):
        return Token(TokenKind.SIGN, match.group(), at), match.end()
    if text[at : at + 2] in _TURNED:
        raise SyntaxFault(at, wrong.NOT_OF_THE_LANGUAGE, sign=text[at : at + 2], instead=_TURNED[text[at : at + 2]])
    if text[at] == "=":
        raise SyntaxFault(at, wrong.SINGLE_EQUALS)
    if text[at] in _INSTEAD:
        raise SyntaxFault(at, wrong.NOT_OF_THE_LANGUAGE, sign=text[at], instead=_INSTEAD[text[at]])
    raise SyntaxFault(at, wrong.MEANINGLESS, value=text[at])


def _unit(text: str, at: int) -> tuple[str, int]:
    start = _blank(text, at)
    if match := _UNIT.match(text, start):
        return match.group(), match.end()
    strange = _UNIT_LIKE.match(text, start)
    if strange is None or strange.group() in RESERVED:
        return "", at
    raise SyntaxFault(start, wrong.UNKNOWN_UNIT, value=strange.group(), hint=_unit_hint(strange.group()))


_SPOKEN = {
    "C": "Cel", "°C": "Cel", "degC": "Cel", "°": "deg", "degree": "deg", "ppm": "[ppm]", "ppb": "[ppb]", "sec": "s",
    "hour": "h", "hours": "h", "day": "d", "days": "d", "minutes": "min", "seconds": "s", "kWh": "kW.h", "Wh": "W.h",
    "pH": "[pH]", "NTU": "[NTU]", "dB": "dB", "rpm": "/min", "dBm": "dB[mW]", "F": "[degF]",
    "psi": "[psi]", "PSI": "[psi]", "ft": "[ft_i]", "feet": "[ft_i]", "foot": "[ft_i]", "inch": "[in_i]",
}  # fmt: skip


def _unit_hint(word: str) -> Said:
    spoken = _SPOKEN.get(word)
    near = [spoken] if spoken else difflib.get_close_matches(word, UNITS, n=1, cutoff=0.5)
    return wrong.NEAR_UNIT(near=near[0]) if near else wrong.UNIT_CODES()
