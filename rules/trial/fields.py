"""Reading single fields of a scenario: texts, durations, choices; what is wrong is reported where it stands."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

from core.findings import DID_YOU_MEAN, Said
from rules.language.document import Place
from rules.trial import findings as kinds
from rules.trial.series import span_ms

Fields = Mapping[str, Place]


def near(text: str, known: Iterable[str]) -> Said:
    """What was meant, or what there is."""
    names = list(known)
    close = difflib.get_close_matches(text, names, n=1, cutoff=0.5)
    return DID_YOU_MEAN(near=close[0]) if close else kinds.KNOWN(known=", ".join(sorted(names)) or "-")


def text_of(fields: Fields, name: str) -> str:
    """The text of a field, empty if it is missing or no text (reported)."""
    return (fields[name].text() or "").strip() if name in fields else ""


def items_of(fields: Fields, name: str) -> Sequence[Place]:
    """The elements of a list, none if it is missing or no list (reported)."""
    return list(fields[name].items()) if name in fields else ()


def one_or_more(fields: Fields, name: str) -> Sequence[Place]:
    """The elements of a list, or the one value that stands there instead."""
    return (fields[name],) if name in fields and fields[name].is_scalar() else items_of(fields, name)


def span_of(fields: Fields, name: str) -> int | None:
    """A duration in milliseconds; ``None`` if it is missing or wrong (reported)."""
    if name not in fields:
        return None
    text = text_of(fields, name)
    found = span_ms(text)
    if found is None:
        fields[name].fault(kinds.NO_SPAN, value=text)
    return found


def pace_of(fields: Fields) -> int | None:
    """The field ``interval``, which is longer than 0; ``None`` if it is missing or wrong (reported)."""
    found = span_of(fields, "interval")
    if found == 0:
        fields["interval"].fault(kinds.NO_PACE)
    return found or None


def choice_of(fields: Fields, name: str, choices: Sequence[str]) -> str | None:
    """One of a few words; ``None`` if it is missing or another (reported)."""
    if name not in fields:
        return None
    text = text_of(fields, name)
    if text in choices:
        return text
    fields[name].fault(kinds.NO_CHOICE, name=name, value=text, hint=near(text, choices))
    return None
