"""Who listens to which topic: filters of sources, those that decoders add as devices announce themselves included."""

from __future__ import annotations

from collections.abc import Sequence

from paho.mqtt.matcher import MQTTMatcher

from gateway.source import Source


class Listeners:
    """Topic filters and the sources behind them."""

    def __init__(self, sources: Sequence[Source]) -> None:
        """Begin with the configured topics."""
        self._sources = tuple(sources)
        self._by_filter: dict[str, list[Source]] = {}
        self._matcher = MQTTMatcher()  # type: ignore[no-untyped-call]
        for source in self._sources:
            self._add(source, {source.config.topic, source.config.availability} - {""})

    @property
    def filters(self) -> tuple[str, ...]:
        """All filters, in the order in which they were wanted."""
        return tuple(self._by_filter)

    def refresh(self) -> tuple[str, ...]:
        """Take over what decoders want to hear by now; returns the filters that are new."""
        before = len(self._by_filter)
        for source in self._sources:
            self._add(source, source.decoder.topics())
        return self.filters[before:]

    def of(self, topic: str) -> list[Source]:
        """The sources that listen to a topic, each once."""
        matching: dict[int, Source] = {}
        for sources in self._matcher.iter_match(topic):  # type: ignore[no-untyped-call]
            matching |= {id(source): source for source in sources}
        return list(matching.values())

    def _add(self, source: Source, filters: set[str] | frozenset[str]) -> None:
        for one in sorted(filters):
            sources = self._by_filter.get(one)
            if sources is None:
                sources = self._by_filter[one] = []
                self._matcher[one] = sources
            if source not in sources:
                sources.append(source)
