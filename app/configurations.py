"""``twingrid gateway config``: the same versions as on the pages, through the database."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app import findings as kinds
from app.operator import operator
from app.settings import Settings
from app.wiring import database
from core.clock import SystemClock
from core.configuration import differences
from core.errors import Invalid, Refused
from core.foreign import system_problem
from core.ports.configurations import OPEN, ConfigurationVersion, RunningConfiguration
from core.ports.registry import Gateway
from gateway.device_part import check_part
from registry.classbook import load_classes
from registry.configurations import SqlConfigurationDesk
from registry.queries import Registry

_LOOK_S = 0.5


class OperatorDesk:
    """What an operator at the machine does with the gateways' configurations."""

    def __init__(self, desk: SqlConfigurationDesk, registry: Registry) -> None:
        """Join both."""
        self._desk = desk
        self._registry = registry
        self._clock = SystemClock()

    def gateway(self, name: str) -> Gateway:
        """The gateway of that number, node or ``group/node``.

        Raises:
            Refused: if none or several are meant.
        """
        every = self._registry.gateways()
        found = [one for one in every if name in (str(one.number), one.node.node, str(one.node))]
        if len(found) != 1:
            known = ", ".join(str(one.node) for one in every) or "-"
            raise Refused(kinds.WHICH_GATEWAY(name=name, known=known))
        return found[0]

    def versions(self, gateway: Gateway) -> tuple[RunningConfiguration | None, list[ConfigurationVersion]]:
        """What runs, and all versions, newest first."""
        return self._desk.running(gateway.number), list(self._desk.versions(gateway.number))

    def text(self, gateway: Gateway, version: int) -> str:
        """The text of a version; 0: of what runs.

        Raises:
            Refused: if it is not known.
        """
        if version:
            return self.version(gateway, version).text
        running = self._desk.running(gateway.number)
        if running is None or running.text is None:
            raise Refused(kinds.NOT_SHOWN_YET(gateway=gateway.node))
        return running.text

    def version(self, gateway: Gateway, version: int) -> ConfigurationVersion:
        """One version.

        Raises:
            Refused: if there is none.
        """
        found = self._desk.version(gateway.number, version)
        if found is None:
            raise Refused(kinds.NO_SUCH_VERSION(version=version))
        return found

    def difference(self, gateway: Gateway, version: int) -> list[str]:
        """How a version differs from what runs."""
        names = ("running", f"version {version}")
        return list(differences(self.text(gateway, 0), self.text(gateway, version), names))

    def push_file(self, gateway: Gateway, file: Path, note: str) -> ConfigurationVersion:
        """Keep a file as a version and send it on its way.

        Raises:
            Invalid: if it cannot be read or may not be pushed.
        """
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Invalid([kinds.UNREADABLE.at(str(file), problem=system_problem(error))]) from None
        check_part(text, str(file))
        made = self._desk.draft(gateway.number, text, note, operator(), self._clock.now_ms())
        return self.push(gateway, made.version)

    def push(self, gateway: Gateway, version: int) -> ConfigurationVersion:
        """Send a version on its way."""
        return self._desk.push(gateway.number, version, operator(), self._clock.now_ms())

    def wait(self, gateway: Gateway, version: int, wait_s: float) -> ConfigurationVersion:
        """A version once the gateway has answered for good, or as it stands after that time."""
        end_s = self._clock.monotonic_s() + wait_s
        found = self.version(gateway, version)
        while found.state in OPEN and self._clock.monotonic_s() < end_s:
            time.sleep(_LOOK_S)
            found = self.version(gateway, version)
        return found


@contextmanager
def operator_desk(settings: Settings) -> Iterator[OperatorDesk]:
    """The desk of an installation.

    Raises:
        Unavailable: if the database does not answer.
    """
    engine = database(settings)
    try:
        yield OperatorDesk(SqlConfigurationDesk(engine, check_part), Registry(engine, load_classes()))
    finally:
        engine.dispose()


def as_data(one: ConfigurationVersion) -> dict[str, Any]:
    """A version for programs."""
    said = asdict(one)
    return {**said, "state": one.state.value, "findings": [dict(found) for found in one.findings]}
