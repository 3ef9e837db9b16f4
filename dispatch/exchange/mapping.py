"""How a partner's cases read here, from ``mapping.yaml`` or a city's own file; all of its errors at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import yaml

from core.errors import Invalid
from core.exchange import SharedState
from core.findings import Finding, Said
from dispatch import exchange_findings as kinds
from dispatch.bookfile import table_of, text_of
from dispatch.intakebook import IntakeBook

_FILE: Final = "dispatch/exchange/mapping.yaml"
FIELDS: Final = (
    *("number", "state", "state_at", "reported_at", "kind", "event", "event_word", "community", "facility"),
    *("longitude", "latitude", "words", "address", "ours", "phone"),
)
NEEDED: Final = ("number", "state", "reported_at", "community")
COORDINATES: Final = ("wgs84", "cgcs2000", "gcj02")
_PARTS: Final = frozenset({"columns", "coordinates", "times", "states", "kinds", "events", "communities", "answer"})
_KINDS: Final = ("part", "event")
_ANSWER: Final = ("field", "ok", "busy", "limited", "number")
_SPACE: Final = re.compile(r"\s+")
ANYTHING: Final = "*"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a partner's answer means; values as text."""

    field: str
    ok: frozenset[str]
    busy: frozenset[str]
    limited: frozenset[str]
    number: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Mapped:
    """A partner's words in ours.

    Attributes:
        columns: heading (``plain``) to field; a field is a heading of itself, too.
        states: their word (``plain``) to state; say: state to the word they hear.
        kinds: their word to ``part`` or ``event``.
        codes: kind and four digits to event; words: their word to event, ``*`` for what no row has.
        told: event to kind and code that they hear; empty where it has none.
        communities: their word to our code.
    """

    columns: Mapping[str, str]
    coordinates: str
    times: tuple[str, ...]
    states: Mapping[str, SharedState]
    say: Mapping[SharedState, str]
    kinds: Mapping[str, str]
    codes: Mapping[tuple[str, str], str]
    words: Mapping[str, str]
    told: Mapping[str, tuple[str, str]]
    communities: Mapping[str, str]
    answer: Answer


def plain(word: str) -> str:
    """A word without spaces and case, as it is compared."""
    return _SPACE.sub("", word).lower()


@cache
def _shipped() -> Mapping[str, Any]:
    raw: Mapping[str, Any] = yaml.safe_load(
        files("dispatch").joinpath("exchange/mapping.yaml").read_text(encoding="utf-8")
    )
    return raw


def shipped(book: IntakeBook) -> Mapped:
    """The mapping that ships; rows of events that a city's own table lacks are left out."""
    raw = dict(_shipped())
    raw["events"] = [row for row in raw["events"] if row["event"] in book.events]
    return _Reading(_FILE, book).mapped(raw)


def read_mapping(path: Path, book: IntakeBook) -> Mapped:
    """A partner's own file over what ships.

    Raises:
        Invalid: if it cannot be read, or naming everything that is wrong in it.
    """
    text = text_of(path, lambda problem: kinds.MAPPING_UNREADABLE.at(str(path), problem=problem))
    return parse_mapping(text, str(path), book)


def parse_mapping(text: str, file: str, book: IntakeBook) -> Mapped:
    """A file's parts in the place of those that ship; of ``columns``, ``states``, ``kinds`` and ``answer`` row by row.

    Raises:
        Invalid: naming everything that is wrong in it.
    """
    raw = table_of(text, file, kinds.MAPPING_NO_TABLE)
    merged = dict(_shipped())
    merged["events"] = [row for row in merged["events"] if row["event"] in book.events]
    for part, value in raw.items():
        by_row = part in {"columns", "states", "kinds", "answer"} and isinstance(value, dict)
        merged[str(part)] = {**merged[part], **value} if by_row else value
    return _Reading(file, book).mapped(merged)


class _Reading:
    """Reads the parts and gathers what is wrong."""

    def __init__(self, file: str, book: IntakeBook) -> None:
        self._file, self._book = file, book
        self._findings: list[Finding] = []

    def mapped(self, raw: Mapping[str, Any]) -> Mapped:
        for part in sorted(set(raw) - _PARTS, key=str):
            self._wrong(str(part), kinds.ONE_OF(known=", ".join(sorted(_PARTS))))
        states = self._words("states", raw["states"], [one.value for one in SharedState])
        codes, words, told = self._events(raw["events"])
        coordinates = raw["coordinates"]
        if coordinates not in COORDINATES:
            self._wrong("coordinates", kinds.ONE_OF(known=", ".join(COORDINATES)))
        communities = self._table("communities", raw["communities"])
        found = Mapped(
            columns={**self._words("columns", raw["columns"], FIELDS), **{name: name for name in FIELDS}},
            coordinates=str(coordinates),
            times=tuple(self._list("times", raw["times"])),
            states={word: SharedState(name) for word, name in states.items()},
            say=self._say(raw["states"]),
            kinds=self._words("kinds", raw["kinds"], _KINDS),
            codes=codes,
            words=words,
            told=told,
            communities={plain(str(word)): str(code) for word, code in communities.items()},
            answer=self._answer(raw["answer"]),
        )
        if self._findings:
            raise Invalid(self._findings)
        return found

    def _wrong(self, part: str, problem: Said) -> None:
        self._findings.append(kinds.MAPPING_WRONG.at(self._file, part=part, problem=problem))

    def _table(self, part: str, value: Any) -> Mapping[Any, Any]:
        if isinstance(value, dict):
            return value
        self._wrong(part, kinds.A_TABLE())
        return {}

    def _list(self, part: str, value: Any) -> list[str]:
        if isinstance(value, list) and all(isinstance(one, str | int) and str(one).strip() for one in value):
            return [str(one) for one in value]
        self._wrong(part, kinds.A_LIST())
        return []

    def _words(self, part: str, value: Any, names: Sequence[str]) -> dict[str, str]:
        """Words to the name that they stand for; none stands for two."""
        found: dict[str, str] = {}
        for name, listed in self._table(part, value).items():
            if name not in names:
                self._wrong(f"{part}.{name}", kinds.ONE_OF(known=", ".join(names)))
                continue
            for word in self._list(f"{part}.{name}", listed):
                if found.setdefault(plain(word), str(name)) != name:
                    self._wrong(f"{part}.{name}", kinds.TWICE(word=word))
        return found

    def _say(self, value: Any) -> dict[SharedState, str]:
        if not isinstance(value, dict):
            return {}
        return {
            SharedState(name): str(words[0])
            for name, words in value.items()
            if name in set(SharedState) and isinstance(words, list) and words
        }

    def _events(self, value: Any) -> tuple[dict[tuple[str, str], str], dict[str, str], dict[str, tuple[str, str]]]:
        codes, words = dict[tuple[str, str], str](), dict[str, str]()
        told = dict[str, tuple[str, str]]()
        if not isinstance(value, list):
            self._wrong("events", kinds.A_LIST())
            return codes, words, told
        for number, row in enumerate(value, start=1):
            place = f"events[{number}]"
            known = {"event", "part", "event_codes", "words", "told"}
            if not isinstance(row, dict) or set(row) - known:
                self._wrong(place, kinds.ONE_OF(known=", ".join(sorted(known))))
                continue
            event = str(row.get("event", ""))
            if event not in self._book.events:
                self._wrong(place, kinds.UNKNOWN_EVENT(event=event))
                continue
            if not isinstance(row.get("told", True), bool):
                self._wrong(place, kinds.ONE_OF(known="told: true, told: false"))
            for key in self._codes(place, row):
                if row.get("told", True):
                    told.setdefault(event, key)
                if codes.setdefault(key, event) != event:
                    self._wrong(place, kinds.TWICE(word=key[1]))
            for word in self._list(place, row.get("words", [])):
                if words.setdefault(plain(word), event) != event:
                    self._wrong(place, kinds.TWICE(word=word))
        return codes, words, told

    def _codes(self, place: str, row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for kind, name in (("part", "part"), ("event", "event_codes")):
            for code in self._list(place, row.get(name, [])):
                yield kind, code.zfill(4)

    def _answer(self, value: Any) -> Answer:
        table = self._table("answer", value)
        for name in sorted(set(table) - set(_ANSWER), key=str):
            self._wrong(f"answer.{name}", kinds.ONE_OF(known=", ".join(_ANSWER)))
        listed = {
            name: frozenset(self._list(f"answer.{name}", table.get(name, []))) for name in ("ok", "busy", "limited")
        }
        return Answer(field=str(table.get("field") or ""), number=str(table.get("number") or ""), **listed)
