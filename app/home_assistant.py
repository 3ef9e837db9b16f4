"""The settings of Home Assistant made into the points that it is shown, and into what shows them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from app.broker_accounts import OUTWARD_USER, passwords
from app.commands.version import twingrid_version
from app.settings import Settings
from app.wiring import external_password
from core.clock import Clock
from core.places import ClassMembers, FacilityClass
from core.ports.registry import Community, FacilityPlace, RegistryQueries, RosterSource
from core.ports.store import TimeSeriesStore
from dispatch.home_assistant.board import Shown
from dispatch.home_assistant.discovery import ShownPoint
from dispatch.home_assistant.publisher import BrokerLine, HomeAssistantPublisher, Pace

log = logging.getLogger(__name__)


class _Directory(Protocol):
    @property
    def version(self) -> int:
        """Of the registry."""
        ...

    def members(self) -> Mapping[str, ClassMembers]:
        """All facilities by class."""
        ...


class _Registry(RegistryQueries, RosterSource, Protocol):
    """Places and their names."""


def publisher(
    settings: Settings, directory: _Directory, registry: _Registry, store: TimeSeriesStore, clock: Clock
) -> HomeAssistantPublisher:
    """What shows the chosen points; it has nothing to do where none are chosen and none were."""
    chosen = settings.home_assistant
    return HomeAssistantPublisher(
        lambda: broker_line(settings),
        settings.home_assistant_file,
        Pace(every_ms=round(chosen.every_s * 1000), per_second=chosen.per_second),
        shown=ChosenPoints(settings, directory, registry),
        latest=store.latest,
        clock=clock,
    )


def broker_line(settings: Settings) -> BrokerLine:
    """Where the session goes, and as whom.

    Raises:
        core.errors.Invalid: if the password file of an external broker cannot be read.
    """
    broker = settings.broker
    if broker.kind == "external":
        user, password = broker.username, external_password(settings)
    else:
        user, password = OUTWARD_USER, passwords(settings.broker_secrets, [OUTWARD_USER])[OUTWARD_USER]
    return BrokerLine(
        host=broker.host, port=broker.port, user=user, password=password, tls=broker.tls, ca_file=broker.ca_file
    )


class ChosenPoints:
    """What is to be shown; the same value while the registry stays at one version."""

    def __init__(self, settings: Settings, directory: _Directory, registry: _Registry) -> None:
        """Choose by ``settings`` out of ``directory``; names come from ``registry``."""
        chosen = settings.home_assistant
        self._directory, self._registry = directory, registry
        self._communities, self._facilities = frozenset(chosen.communities), frozenset(chosen.facilities)
        self._wanted = chosen.wanted
        self._host = settings.ingest.host_id
        self._language = (chosen.language or settings.language).value
        self._most = chosen.per_second * 60
        base = settings.notification.base_url.rstrip("/")
        self._link: Callable[[int], str] = lambda number: f"{base}/facilities/{number}" if base else ""
        self._version: int | None = None
        self._missing: frozenset[str] = frozenset()
        self._shown = Shown(host=self._host, program=twingrid_version(), wanted=self._wanted)

    def __call__(self) -> Shown:
        """What is to be shown now.

        Raises:
            core.errors.Unavailable: if the database does not answer.
        """
        version = self._directory.version
        if self._wanted and version != self._version:
            communities = {one.number: one for one in self._registry.communities()}
            found = {one.number: one for one in self._points(communities)}
            self._shown = Shown(host=self._host, program=self._shown.program, points=found)
            self._version = version
            self._warn(communities, found)
        return self._shown

    def _points(self, communities: Mapping[int, Community]) -> Iterator[ShownPoint]:
        places, classes = self._registry.roster().places, self._registry.classes()
        for class_id, members in sorted(self._directory.members().items()):
            if class_id not in classes:
                continue
            for row, number in enumerate(members.facility.tolist()):
                place = places.get(number)
                if place is not None and self._chooses(place, communities):
                    yield from self._of_facility(classes[class_id], members, row, place, communities)

    def _chooses(self, place: FacilityPlace, communities: Mapping[int, Community]) -> bool:
        known = communities.get(place.community)
        return place.code in self._facilities or (known is not None and known.code in self._communities)

    def _of_facility(
        self,
        of_class: FacilityClass,
        members: ClassMembers,
        row: int,
        place: FacilityPlace,
        communities: Mapping[int, Community],
    ) -> Iterator[ShownPoint]:
        community = communities.get(place.community)
        for key, measurement in of_class.measurements.items():
            column = members.point.get(key)
            if column is None or column[row] < 0:
                continue
            yield ShownPoint(
                number=int(column[row]),
                facility_number=place.number,
                facility=place.code,
                facility_name=place.name.in_language(self._language),
                community="" if community is None else community.name.in_language(self._language),
                class_name=of_class.name.in_language(self._language),
                key=key,
                name=measurement.name.in_language(self._language),
                unit=members.unit[key],
                kind=measurement.kind,
                yes_or_no=measurement.says_yes_or_no,
                stale_after_ms=int(members.stale_after_ms[key][row]),
                link=self._link(place.number),
            )

    def _warn(self, communities: Mapping[int, Community], found: Mapping[int, ShownPoint]) -> None:
        codes = {one.code for one in communities.values()}
        facilities = {one.facility for one in found.values()}
        missing = (self._communities - codes) | (self._facilities - facilities)
        if missing != self._missing:
            self._missing = missing
            log.warning("home_assistant names what has no points", extra={"codes": sorted(missing)})
        if len(found) > self._most:
            log.warning(
                "home_assistant.per_second is too low for so many points: values will expire",
                extra={"points": len(found), "at_most": self._most},
            )
