"""A series in shorthand: ``0.2x30 0.2+0.05x10 _x5 stale 0.1!bad 0.3^5min``.

Items stand one interval apart. ``0.2`` is a reading, ``0.2x30`` thirty of them, ``0.2+0.05x10`` ten that rise by 0.05
each, ``_`` an interval without a reading, ``stale`` as many as it takes for the last value to expire, ``nan`` a reading
without a number. ``!bad`` marks the quality, ``^5min`` lets readings arrive 5 min after their time, ``@10min`` goes on
at that time. (Prometheus writes ``0+0.05x10`` for eleven samples; here the count is the count.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from core.findings import Kind
from core.quality import QualityClass, quality
from rules.trial import findings as kinds

MAX_READINGS: Final = 200_000
MARKS: Final[Mapping[str, int]] = {one.name.lower(): quality(one) for one in QualityClass}
"""Quality marks by their words: good, uncertain, bad, not_measured."""

_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_ITEM = re.compile(
    rf"(?P<value>[+-]?{_NUMBER}|nan|_|stale)(?P<step>[+-]{_NUMBER})?(?:x(?P<count>\d{{1,7}}))?"
    r"(?:!(?P<mark>[A-Za-z_]+))?(?:\^(?P<late>[0-9.]+[a-z]+))?"
)
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|h|d)\s*")
_MS: Final = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
MAX_SPAN_MS: Final = 400 * 86_400_000


class Report(Protocol):
    """Takes a fault at an offset of the text."""

    def __call__(self, at: int, kind: Kind, /, **values: object) -> None:
        """One more fault."""
        ...


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading: when, what, how good, and how much later it arrives; NaN is a reading without a number."""

    at_ms: int
    value: float
    quality: int
    late_ms: int


def span_ms(text: str) -> int | None:
    """A duration such as ``5 min 30 s`` in milliseconds; ``0`` needs no unit; ``None`` if it is none."""
    text = text.strip()
    if text == "0":
        return 0
    at, total = 0, 0.0
    while at < len(text):
        match = _SPAN.match(text, at)
        if match is None:
            return None
        total += float(match.group(1)) * _MS[match.group(2)]
        at = match.end()
    return round(total) if text and total <= MAX_SPAN_MS else None


def read_series(text: str, interval_ms: int, stale_ms: int, report: Report) -> tuple[Sample, ...]:
    """All readings of a series, in the order of time; what cannot be read is reported."""
    samples: list[Sample] = []
    at_ms = 0
    for offset, word in _words(text):
        if word.startswith("@"):
            moment = span_ms(word[1:])
            if moment is None:
                report(offset, kinds.NO_SPAN, value=word[1:])
            elif moment < at_ms:
                report(offset, kinds.BACKWARD, value=word)
            else:
                at_ms = moment
            continue
        item = _ITEM.fullmatch(word)
        if item is None or (item["step"] and item["value"] in {"_", "stale", "nan"}):
            report(offset, kinds.NO_SERIES, value=word)
            continue
        if item["value"] in {"_", "stale"}:
            each = -(-stale_ms // interval_ms) if item["value"] == "stale" else 1
            at_ms += interval_ms * each * int(item["count"] or 1)
            continue
        count = int(item["count"] or 1)
        if len(samples) + count > MAX_READINGS:
            report(offset, kinds.TOO_MANY_READINGS, most=MAX_READINGS)
            break
        samples += _samples(item, offset, at_ms, interval_ms, report)
        at_ms += interval_ms * count
    return tuple(samples)


def _samples(item: re.Match[str], offset: int, at_ms: int, interval_ms: int, report: Report) -> Iterator[Sample]:
    mark = (item["mark"] or "good").lower()
    if mark not in MARKS:
        report(offset, kinds.NO_MARK, value=mark, known=", ".join(MARKS))
    late_ms = span_ms(item["late"] or "0")
    if late_ms is None:
        report(offset, kinds.NO_SPAN, value=item["late"])
    first, step = float(item["value"]), float(item["step"] or 0)
    for place in range(int(item["count"] or 1)):
        # Rounded, so that ten steps of 0.1 make 1 and not the sum of ten inexact tenths.
        value = float(f"{first + step * place:.12g}")
        yield Sample(at_ms + place * interval_ms, value, MARKS.get(mark, 0), late_ms or 0)


def _words(text: str) -> Iterator[tuple[int, str]]:
    for match in re.finditer(r"\S+", text):
        yield match.start(), match.group()
