"""Snapshots of several engines as one: how facilities move from one worker to another.

Every worker judges some of the facilities, under the same rules. To deal them anew, all let time pass up to one moment
and take a snapshot; the snapshots are joined, and each worker restores the whole with the facilities that are now its
own. What was judged up to that moment stays as it was, what comes later is judged by the new owner.

A facility has the saved states of its own engine: between them it stands at the one before, before the first at the
first. Only then are states of different moments one list again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.errors import Refused
from rules.engine.snapshot import Arrays, pack, unpack

_STATE = ("on", "spent_ms", "since_ms", "start_ms")
_PLAIN = ("late.oldest_ms", "interval.rule", "interval.ends", "age.point", "age.first_ms")
_HELD = ("point", "time_ms", "value", "epoch", "offset")


def joined(snapshots: Sequence[bytes]) -> bytes:
    """One snapshot of all facilities.

    Args:
        snapshots: of engines with the same rules and different facilities, taken after ``advance`` to one moment.

    Raises:
        Refused: if one is damaged or of another version, if their rules differ, if a facility stands in two of them, or
            if what reaches across facilities stands at different moments.
    """
    parts = [unpack(data) for data in snapshots]
    headers, arrays = [header for header, _ in parts], [columns for _, columns in parts]
    rules = _same("rules", [header["rules"] for header in headers])
    moments = [header["pools_ms"] for header in headers if "pools_ms" in header]
    facility = np.concatenate([columns["facility"] for columns in arrays])
    if len(np.unique(facility)) < len(facility):
        raise Refused("a facility stands in the snapshots of two workers")
    base = np.cumsum([0, *(len(columns["facility"]) for columns in arrays)]).tolist()
    found: Arrays = {"facility": facility}
    taken = _states(headers, arrays, base, found)
    for name in _PLAIN:
        found[name] = np.concatenate([columns[name] for columns in arrays])
    owners = [columns["interval.owner"] + first for columns, first in zip(arrays, base, strict=False)]
    found["interval.owner"] = np.concatenate(owners).astype(np.int32)
    fed = _held(headers, arrays, found)
    header: dict[str, Any] = {"rules": rules, "taken": taken, "windows": _windows(headers, arrays, found), "fed": fed}
    if moments:
        header["pools_ms"] = _same("the moment of groups and parents", moments)
        met = [columns for columns in arrays if "met.point" in columns]
        found.update({f"met.{name}": np.concatenate([columns[f"met.{name}"] for columns in met]) for name in _HELD})
    return pack(header, found)


def _same(what: str, every: Sequence[Any]) -> Any:
    if any(one != every[0] for one in every):
        raise Refused(f"the snapshots of the workers differ in {what}: let all judge up to one moment, then take them")
    return every[0]


def _states(headers: Sequence[dict[str, Any]], arrays: Sequence[Arrays], base: list[int], found: Arrays) -> list[int]:
    """The saved states of all moments; each part gives its newest that had been taken by then, or its first."""
    moments = sorted({moment for header in headers for moment in header["taken"]})
    for number, moment in enumerate(moments):
        own = [max(0, sum(taken <= moment for taken in header["taken"]) - 1) for header in headers]
        pairs = list(zip(arrays, own, base, strict=False))
        found[f"{number}.at"] = np.concatenate([columns[f"{place}.at"] for columns, place, _ in pairs])
        found[f"{number}.rule"] = np.concatenate([columns[f"{place}.rule"] for columns, place, _ in pairs])
        owner = [columns[f"{place}.owner"] + first for columns, place, first in pairs]
        found[f"{number}.owner"] = np.concatenate(owner).astype(np.int32)
        for name in _STATE:
            found[f"{number}.{name}"] = np.concatenate([columns[f"{place}.{name}"] for columns, place, _ in pairs])
    return moments


def _held(headers: Sequence[dict[str, Any]], arrays: Sequence[Arrays], found: Arrays) -> list[str]:
    """Readings that wait for their time; their operands are numbered anew."""
    forms = list(dict.fromkeys(form for header in headers for form in header["fed"]))
    number = {form: place for place, form in enumerate(forms)}
    fed = []
    for header, columns in zip(headers, arrays, strict=True):
        place = np.array([*(number[form] for form in header["fed"]), -1], np.int64)
        fed.append(place[columns["held.fed"]])
    found["held.fed"] = np.concatenate(fed)
    found.update({f"held.{name}": np.concatenate([columns[f"held.{name}"] for columns in arrays]) for name in _HELD})
    return forms


def _windows(headers: Sequence[dict[str, Any]], arrays: Sequence[Arrays], found: Arrays) -> list[str]:
    """Long windows: the columns of each are laid side by side."""
    names = list(dict.fromkeys(name for header in headers for name in header["windows"]))
    for number, name in enumerate(names):
        mine = [
            (columns, f"window.{header['windows'].index(name)}.")
            for header, columns in zip(headers, arrays, strict=True)
            if name in header["windows"]
        ]
        first, prefix = mine[0]
        for ending in [key.removeprefix(prefix) for key in first if key.startswith(prefix)]:
            sides = [columns[before + ending] for columns, before in mine]
            found[f"window.{number}.{ending}"] = np.concatenate(sides, axis=-1)
    return names
