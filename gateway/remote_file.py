"""The parts of a gateway's file that concern its care from afar: what it reports of itself, how a push is tried.

::

    self: wtl-gw-01                                # or {facility: wtl-gw-01, interval_s: 60}
    rollout: {probation_s: 120, folder: rollout}   # the folder stands beside this file unless it is named
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from core.errors import Invalid
from gateway import findings, profile_file
from gateway.config import RolloutConfig, SelfConfig
from gateway.document import Document, Table
from gateway.profile import Profile
from gateway.rollout import DEFAULT_PROBATION_S

SELF_DEVICE = "self"
"""Sparkplug device of the gateway's own points."""
DEFAULT_SELF_S = 60.0
_FACILITY = re.compile(r"[^\s/+#\0]{1,120}")


def rollout(top: Table, path: Callable[[str], Path]) -> RolloutConfig:
    """How pushed configurations are tried; ``path`` resolves a folder."""
    table = top.table("rollout", required=False)
    if table is None:
        return RolloutConfig()
    folder = table.text("folder", "")
    config = RolloutConfig(
        folder=path(folder) if folder else None,
        probation_s=table.number("probation_s", DEFAULT_PROBATION_S, low=1, high=3600),
    )
    table.close()
    return config


def own(top: Table) -> SelfConfig | None:
    """What the gateway reports of itself."""
    table = top.table("self") if top.is_table("self") else None
    facility = table.text("facility") if table else top.text("self", "")
    interval_s = table.number("interval_s", DEFAULT_SELF_S, low=1, high=86_400) if table else DEFAULT_SELF_S
    if table is not None:
        table.close()
    if facility and not _FACILITY.fullmatch(facility):
        top.note("self", findings.NO_FACILITY, value=facility)
        return None
    return SelfConfig(facility=facility, interval_s=interval_s) if facility else None


def pushed_profiles(pushed: Document) -> dict[str, Profile]:
    """The profiles that a push brings along: key to the content of a profile's file."""
    rows = pushed.top.table("profiles", required=False)
    profiles: dict[str, Profile] = {}
    for key in rows.names() if rows else ():
        table = rows.table(key) if rows else None
        if table is None:
            continue
        try:
            profiles[key] = profile_file.parse(Document.within(table), key)
        except Invalid as error:
            pushed.adopt(error.findings)
    return profiles
