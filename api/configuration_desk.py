"""Configurations of gateways for pages: versions, what runs, how they differ, and the push."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.access import Caller
from api.models.base import Bilingual
from api.models.configurations import (
    ConfigurationDetail,
    ConfigurationDraft,
    ConfigurationFinding,
    ConfigurationList,
    ConfigurationSummary,
    RunningConfiguration,
)
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError
from core.configuration import differences
from core.ports.configurations import ConfigurationVersion
from core.ports.configurations import RunningConfiguration as Running


class ConfigurationDesk:
    """What people do with configurations; nobody reaches a gateway outside their communities."""

    def __init__(self, ports: ApiPorts) -> None:
        """Join registry and clock."""
        self._ports = ports

    def versions(self, caller: Caller, gateway: int) -> ConfigurationList:
        """All versions, newest first, and what runs."""
        self._check(caller, gateway)
        running = self._ports.configurations.running(gateway)
        return ConfigurationList(
            running=None if running is None else _running(running),
            items=[_summary(one) for one in self._ports.configurations.versions(gateway)],
        )

    def version(self, caller: Caller, gateway: int, version: int) -> ConfigurationDetail:
        """One version with its text."""
        self._check(caller, gateway)
        return self._detail(self._known(gateway, version))

    def draft(self, caller: Caller, gateway: int, body: ConfigurationDraft) -> ConfigurationDetail:
        """Keep a new version."""
        self._check(caller, gateway)
        now_ms = self._ports.clock.now_ms()
        made = self._ports.configurations.draft(gateway, body.text, body.note, caller.login.username, now_ms)
        return self._detail(made)

    def push(self, caller: Caller, gateway: int, version: int) -> ConfigurationDetail:
        """Send a version on its way."""
        self._check(caller, gateway)
        self._known(gateway, version)
        now_ms = self._ports.clock.now_ms()
        return self._detail(self._ports.configurations.push(gateway, version, caller.login.username, now_ms))

    def _check(self, caller: Caller, gateway: int) -> None:
        known = self._ports.registry.gateways(caller.horizon)
        if not any(one.number == gateway and caller.sees(one.community) for one in known):
            raise ProblemError(Problems.NOT_FOUND)

    def _known(self, gateway: int, version: int) -> ConfigurationVersion:
        found = self._ports.configurations.version(gateway, version)
        if found is None:
            raise ProblemError(Problems.NOT_FOUND)
        return found

    def _detail(self, one: ConfigurationVersion) -> ConfigurationDetail:
        running = self._ports.configurations.running(one.gateway)
        known = None if running is None else running.text
        names = (f"version {running.version}" if running else "", f"version {one.version}")
        return ConfigurationDetail(
            **_fields(one),
            text=one.text,
            difference=None if known is None else list(differences(known, one.text, names)),
        )


def _fields(one: ConfigurationVersion) -> dict[str, Any]:
    return {name: getattr(_summary(one), name) for name in ConfigurationSummary.model_fields}


def _summary(one: ConfigurationVersion) -> ConfigurationSummary:
    return ConfigurationSummary(
        version=one.version,
        state=one.state,
        note=one.note,
        sha256=one.sha256,
        created_ms=one.created_ms,
        created_by=one.created_by,
        pushed_ms=one.pushed_ms or None,
        pushed_by=one.pushed_by,
        answered_ms=one.answered_ms or None,
        reason=_bilingual(one.reason) if one.reason else None,
        findings=[
            ConfigurationFinding(
                code=str(found["code"]),
                line=max(0, int(found["line"])),
                column=max(0, int(found["column"])),
                what=_bilingual(found["what"]),
                fix=_bilingual(found["fix"]),
            )
            for found in one.findings
        ],
    )


def _bilingual(texts: Mapping[str, str]) -> Bilingual:
    return Bilingual(zh=texts.get("zh", ""), en=texts.get("en", ""))


def _running(one: Running) -> RunningConfiguration:
    return RunningConfiguration(
        version=one.version, state=one.state, sha256=one.sha256, text=one.text, reported_ms=one.reported_ms
    )
