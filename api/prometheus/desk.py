"""The questions of the query interface, with every bound in one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from api.access import Caller
from api.places import PlaceBook
from api.ports import ApiPorts
from api.prometheus import answers
from api.prometheus import findings as say
from api.prometheus.courses import MOST_READINGS, Ask, courses
from api.prometheus.durations import in_words, step_ms, time_ms
from api.prometheus.evaluate import Course, Vector, evaluate
from api.prometheus.grammar import parse, parse_selector
from api.prometheus.series import LABELS, Series, SeriesBook
from api.prometheus.tree import Expression, QueryError, Selector, selectors
from api.settings import ApiSettings
from core.errors import Unavailable
from core.readings import Int64s

VERSION: Final = "2.42.0"
"""Of Prometheus, whose answers these are shaped like: readers choose by it what to ask."""
MOST_VALUES: Final = 2_000_000
LONGEST_MS: Final = (5 * 366 + 31) * 86_400_000
_MOST_LISTED: Final = 20_000
_MOST_SELECTORS: Final = 20


class Parameters:
    """Parameters of a request, from its address or its form; each may come more than once."""

    def __init__(self, every: Sequence[tuple[str, str]]) -> None:
        """Keep them in order."""
        self._every = every

    def one(self, name: str) -> str:
        """The first of a name; empty without one."""
        return next((value for known, value in self._every if known == name), "")

    def all(self, name: str) -> list[str]:
        """All of a name."""
        return [value for known, value in self._every if known == name]


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body."""

    status: int
    text: str


class PrometheusDesk:
    """Answers as Prometheus would, over what the caller sees."""

    def __init__(self, ports: ApiPorts, places: PlaceBook, settings: ApiSettings) -> None:
        """Join store and series."""
        self._ports = ports
        self._book = SeriesBook(ports.directory, places)
        self._most_steps = settings.max_query_points
        self._most_series = settings.max_query_series

    # --- questions ------------------------------------------------------------------------------------------------

    def query(self, caller: Caller, given: Parameters) -> Answer:
        """The value of an expression at one moment."""
        return self._answered(caller, lambda: self._query(caller, given))

    def query_range(self, caller: Caller, given: Parameters) -> Answer:
        """The values of an expression at many moments."""
        return self._answered(caller, lambda: self._query_range(caller, given))

    def series(self, caller: Caller, given: Parameters) -> Answer:
        """The label sets of all series that fit one of ``match[]``."""

        def listed() -> str:
            if not given.all("match[]"):
                raise QueryError(say.NO_MATCH)
            return answers.success([dict(sorted(one.labels.items())) for one in self._matched(caller, given)])

        return self._answered(caller, listed)

    def labels(self, caller: Caller, given: Parameters) -> Answer:
        """The names of all labels."""

        def listed() -> str:
            there = not given.all("match[]") or bool(self._matched(caller, given))
            return answers.success(list(LABELS) if there else [])

        return self._answered(caller, listed)

    def label_values(self, caller: Caller, label: str, given: Parameters) -> Answer:
        """The values that a label has."""

        def listed() -> str:
            found = self._matched(caller, given) if given.all("match[]") else self._book.find(caller, ())
            return answers.success(sorted({one.labels.get(label, "") for one in found} - {""}))

        return self._answered(caller, listed)

    def metadata(self, caller: Caller, given: Parameters) -> Answer:
        """Kind, unit and meaning of each metric."""
        wanted = given.one("metric")

        def listed() -> str:
            known: dict[str, list[Mapping[str, str]]] = {}
            for one in self._book.metrics():
                if wanted in ("", one.name):
                    known.setdefault(one.name, []).append({"type": "gauge", "help": one.help, "unit": one.unit})
            return answers.success(known)

        return self._answered(caller, listed)

    @staticmethod
    def build() -> Answer:
        """Which Prometheus this answers like."""
        said = {"application": "Twingrid", "version": VERSION, "revision": "", "branch": "", "goVersion": ""}
        return Answer(200, answers.success({**said, "buildUser": "", "buildDate": ""}))

    # --- below ----------------------------------------------------------------------------------------------------

    def _answered(self, caller: Caller, made: Callable[[], str]) -> Answer:
        try:
            return Answer(200, made())
        except QueryError as error:
            status = 400 if error.kind == "bad_data" else 422
            return Answer(status, answers.failure(error.kind, error.why.in_language(caller.login.language)))
        except Unavailable as error:
            return Answer(503, answers.failure("unavailable", error.in_language(caller.login.language)))

    def _query(self, caller: Caller, given: Parameters) -> str:
        tree = _tree(given)
        at = given.one("time")
        at_ms = time_ms("time", at) if at else self._ports.clock.now_ms()
        times = np.array([at_ms], np.int64)
        warnings: list[str] = []
        found = evaluate(tree, times, self._fetch(caller, times, 0, warnings))
        return answers.vector(found, at_ms, warnings) if isinstance(found, Vector) else answers.scalar(found, at_ms)

    def _query_range(self, caller: Caller, given: Parameters) -> str:
        tree = _tree(given)
        start_ms, end_ms = (time_ms(name, given.one(name)) for name in ("start", "end"))
        step = step_ms(given.one("step"))
        if end_ms < start_ms:
            raise QueryError(say.BACKWARD)
        if end_ms - start_ms > LONGEST_MS:
            raise QueryError(say.LONG_RANGE(most=LONGEST_MS // 86_400_000), "execution")
        if (end_ms - start_ms) // step > self._most_steps:
            raise QueryError(say.MANY_STEPS(most=f"{self._most_steps:,}"))
        times = np.arange(start_ms, end_ms + 1, step, dtype=np.int64)
        warnings: list[str] = []
        found = evaluate(tree, times, self._fetch(caller, times, step, warnings))
        return answers.matrix(found, times, warnings)

    def _fetch(
        self, caller: Caller, times: Int64s, step: int, warnings: list[str]
    ) -> Callable[[Selector], Sequence[Course]]:
        """What brings the courses of a selector; the same selector is read once."""
        known: dict[Selector, Sequence[Course]] = {}
        left = [MOST_READINGS * 2]

        def fetch(selector: Selector) -> Sequence[Course]:
            if selector not in known:
                series = self._found(caller, selector)
                if len(series) * len(times) > MOST_VALUES:
                    raise QueryError(say.MANY_VALUES(found=len(series) * len(times), most=MOST_VALUES), "execution")
                first, last = (int(one) - selector.offset_ms for one in (times[0], times[-1]))
                ask = Ask(first_ms=first, last_ms=last, step_ms=step, range_ms=selector.range_ms)
                known[selector], width = courses(self._ports.store, series, ask, self._ports.clock.now_ms())
                left[0] -= sum(len(one.time_ms) for one in known[selector])
                if left[0] < 0:
                    raise QueryError(say.MUCH_WORK, "execution")
                told = say.COARSE(step=in_words(width)).in_language(caller.login.language)
                if width and told not in warnings:
                    warnings.append(told)
            return known[selector]

        return fetch

    def _found(self, caller: Caller, selector: Selector) -> list[Series]:
        found = []
        for one in self._book.find(caller, selector.matchers):
            found.append(one)
            if len(found) > self._most_series:
                raise QueryError(say.MANY_SERIES(found=f"> {self._most_series}", most=self._most_series), "execution")
        return found

    def _matched(self, caller: Caller, given: Parameters) -> list[Series]:
        """Series that fit one of ``match[]``, each once."""
        every = given.all("match[]")
        if len(every) > _MOST_SELECTORS:
            raise QueryError(say.MUCH_WORK)
        limit = given.one("limit")
        most = min(int(limit), _MOST_LISTED) if limit.isascii() and limit.isdigit() and int(limit[:9]) else 0
        found: dict[int, Series] = {}
        for text in every:
            for one in self._book.find(caller, parse_selector(text).matchers):
                found[one.point] = one
                if len(found) > _MOST_LISTED:
                    raise QueryError(say.MANY_SERIES(found=f"> {_MOST_LISTED}", most=_MOST_LISTED), "execution")
        listed = list(found.values())
        return listed[:most] if most else listed


def _tree(given: Parameters) -> Expression:
    tree = parse(given.one("query"))
    if len(selectors(tree)) > _MOST_SELECTORS:
        raise QueryError(say.MUCH_WORK)
    return tree
