"""What is said to people about an error: data first, a sentence in the reader's language last.

A ``Sentence`` is written once, in both languages, with named placeholders. Filled with values it is a ``Said``, which
any edge (command line, HTTP answer) renders in the language of whoever reads; logs render English. A ``Kind`` is a
stable code with the sentence of what is wrong and that of what to do; at a place it is a ``Finding``. The kinds of a
room stand in its ``findings.py``; ``tests/architecture`` walks them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from string import Formatter
from typing import Protocol, runtime_checkable

ENGLISH = "en"


@runtime_checkable
class Speaks(Protocol):
    """Anything that has a text in each language: ``Said``, ``Sentence``, ``core.places.Text``."""

    def in_language(self, language: str) -> str:
        """The text for ``zh`` or ``en``."""
        ...


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence in both languages; its placeholders (``{name}``) are the same in both."""

    zh: str
    en: str

    def __call__(self, **values: object) -> Said:
        """The sentence with its values; a value that speaks is rendered in the same language as the sentence."""
        return Said(self, values)

    def in_language(self, language: str) -> str:
        """The template for ``zh`` or ``en`` (anything else reads Chinese)."""
        return self.en if language == ENGLISH else self.zh

    def placeholders(self, language: str) -> frozenset[str]:
        """Names of the values it needs."""
        return frozenset(name for _, name, _, _ in Formatter().parse(self.in_language(language)) if name)


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence with its values."""

    sentence: Sentence
    values: Mapping[str, object] = field(default_factory=dict)

    def in_language(self, language: str) -> str:
        """The sentence for ``zh`` or ``en``.

        Raises:
            KeyError: if a value is missing; a test looks at every use.
        """
        return self.sentence.in_language(language).format(**_rendered(self.values, language))

    def __str__(self) -> str:
        """English, for logs."""
        return self.in_language(ENGLISH)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding.

    Attributes:
        code: stable identifier such as ``TG-0103``, searchable in the documentation; kinds of one family share it.
        what: what is wrong, in one clause.
        fix: what to do about it.
    """

    code: str
    what: Sentence
    fix: Sentence

    def at(self, file: str = "", line: int = 0, column: int = 0, /, **values: object) -> Finding:
        """The finding at a place: file as the person named it, line and column from 1, 0 when unknown."""
        return Finding(self, values, file, line, column)

    def under(self, code: str) -> Kind:
        """The same sentences under another code."""
        return replace(self, code=code)


def kind(code: str, zh: str, en: str, fix_zh: str, fix_en: str) -> Kind:
    """One row of a catalogue."""
    return Kind(code, Sentence(zh, en), Sentence(fix_zh, fix_en))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong in an input: what, where, what to do; as data.

    Attributes:
        kind: code and sentences.
        values: what fills the sentences, by name.
        file: the file as the person named it; empty when the input was not a file.
        line: 1-based line, 0 when unknown.
        column: 1-based column, 0 when unknown.
    """

    kind: Kind
    values: Mapping[str, object] = field(default_factory=dict)
    file: str = ""
    line: int = 0
    column: int = 0

    @property
    def code(self) -> str:
        """The stable code."""
        return self.kind.code

    @property
    def place(self) -> str:
        """Where it is, as far as known; see ``place_of``."""
        return place_of(self.file, self.line, self.column)

    def what_in(self, language: str) -> str:
        """What is wrong, for ``zh`` or ``en``."""
        return self.kind.what(**self.values).in_language(language)

    def fix_in(self, language: str) -> str:
        """What to do, for ``zh`` or ``en``."""
        return self.kind.fix(**self.values).in_language(language)

    @property
    def what(self) -> str:
        """What is wrong, in English, for logs."""
        return self.what_in(ENGLISH)

    @property
    def fix(self) -> str:
        """What to do, in English, for logs."""
        return self.fix_in(ENGLISH)

    def __str__(self) -> str:
        place = self.place
        return f"{place + ': ' if place else ''}{self.code} {self.what}; {self.fix}"


def place_of(file: str, line: int, column: int = 0) -> str:
    """``file:line:column`` as far as known; in a sheet as spreadsheets write it, ``[city.xlsx]people!G17``."""
    if not file.startswith("["):
        return ":".join(str(part) for part in (file, line, column) if part)
    letters, left = "", column
    while left:
        left, digit = divmod(left - 1, 26)
        letters = chr(ord("A") + digit) + letters
    cell = f"{letters}{line}" if line else letters
    return f"{file}!{cell}" if cell else file


def _rendered(values: Mapping[str, object], language: str) -> dict[str, object]:
    return {name: value.in_language(language) if isinstance(value, Speaks) else value for name, value in values.items()}


# --- sentences that every room needs ----------------------------------------------------------------------------

PLAIN = Sentence("{text}", "{text}")
"""A name, number or path that is the same in both languages."""
DID_YOU_MEAN = Sentence("是否应为 {near!r}？", "did you mean {near!r}?")
KNOWN_ARE = Sentence("可用的有：{known}", "known: {known}")
USE_ONE_OF = Sentence("请使用其中之一：{known}", "use one of {known}")
NOTHING = Sentence("", "")
