"""Everything an operator writes, checked at once, with the same eyes as at start: nothing is opened or changed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from app.calendars import local_day, notices, of_folder
from app.notification import channels
from app.settings import Settings
from app.settings_file import load
from app.wiring import load_rule_set, rule_sources
from app.wiring_api import api_settings
from core.clock import SystemClock
from core.errors import Invalid
from core.findings import Finding, Said
from gateway.budget import BusLoad
from gateway.prediction import predict
from gateway.service import load_config
from registry.classbook import load_classes
from registry.content import read_folder


@dataclass(frozen=True, kw_only=True)
class PredictedLoad:
    """What a bus will have to carry: the gateway's file, the bus, its load."""

    file: str
    bus: str
    load: BusLoad


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """What was looked at, and what is wrong."""

    files: tuple[str, ...]
    findings: tuple[Finding, ...]
    loads: tuple[PredictedLoad, ...] = ()
    notices: tuple[Said, ...] = ()


def check_all(config: Path | None) -> CheckResult:
    """Check settings, gateways, registry folder and rule book."""
    try:
        loaded = load(config)
    except Invalid as error:  # without settings nobody knows where the rest is
        return CheckResult(files=tuple({f.file for f in error.findings if f.file}), findings=error.findings)
    settings = loaded.settings
    files = [str(loaded.file)] if loaded.file else []
    findings: list[Finding] = []
    for names, look in _looks(settings):
        files += names
        try:
            look()
        except Invalid as error:
            findings += error.findings
    return CheckResult(files=tuple(files), findings=tuple(findings), loads=_loads(settings), notices=_notices(settings))


def _notices(settings: Settings) -> tuple[Said, ...]:
    """What the site calendar does not know, if folder and rules are sound."""
    folder, day = settings.registry.folder, local_day(SystemClock().now_ms(), settings.time_zone)
    if folder is None:
        return ()
    try:
        rules = load_rule_set(settings, {name: entry.facility_class for name, entry in load_classes().items()})
        calendar = of_folder(folder, settings.time_zone, day)
    except Invalid:  # its findings are told
        return ()
    return tuple(notices(rules, calendar, date.fromisoformat(day)))


def _loads(settings: Settings) -> tuple[PredictedLoad, ...]:
    """The predicted load of every bus of the gateways whose files are sound."""
    found: list[PredictedLoad] = []
    for file in settings.gateways:
        with contextlib.suppress(Invalid):
            buses = load_config(file).buses
            found += [PredictedLoad(file=str(file), bus=bus.id, load=predict(bus)) for bus in buses]
    return tuple(found)


def _looks(settings: Settings) -> Sequence[tuple[list[str], Callable[[], object]]]:
    day = local_day(SystemClock().now_ms(), settings.time_zone)
    classes = load_classes()
    looks: list[tuple[list[str], Callable[[], object]]] = [([], lambda: api_settings(settings))]
    looks.append(([], lambda: channels(settings)))
    intake, limits = settings.dispatch.intake, settings.dispatch.limits
    looks.append(([] if intake is None else [str(intake)], settings.dispatch.intake_book))
    looks.append(([] if limits is None else [str(limits)], settings.dispatch.limit_book))
    looks += [([str(file)], lambda file=file: load_config(file)) for file in settings.gateways]  # type: ignore[misc]
    folder = settings.registry.folder
    if folder is not None:
        looks.append(([str(folder)], lambda: read_folder(folder, classes, day)))
    facility_classes = {name: entry.facility_class for name, entry in classes.items()}
    looks.append((_rule_files(settings), lambda: load_rule_set(settings, facility_classes)))
    return looks


def _rule_files(settings: Settings) -> list[str]:
    try:
        return list(rule_sources(settings.rule_folder))
    except Invalid:
        return []
