"""A test alarm on the wire (docs/wire.md, "Test alarms"): the gateway's call and the host's answer, both JSON.

The call is repeated until its answer is final, and answered alike however often it comes: nobody has to remember who
still owes whom a word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from core.errors import Refused
from core.sparkplug.said import parse, whole

MOST_AGE_S: Final = 300.0
"""A call that is older opens nothing: whoever made it has gone."""
_ID: Final = re.compile(r"[A-Za-z0-9_-]{8,40}")
_MOST_POSTS: Final = 8


class DrillOutcome(StrEnum):
    """What became of a call."""

    OPEN = "open"
    """There is a case, and its task waits for the worker."""
    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"
    """Nobody confirmed in time; the case has ended."""
    CANCELLED = "cancelled"
    """By a supervisor."""
    NO_POINT = "no-point"
    """The server knows the facility, but no such point of this gateway."""
    NO_FACILITY = "no-facility"
    """The server knows no such facility."""
    TOO_OLD = "too-old"
    """The call is older than ``MOST_AGE_S`` and had opened nothing."""


FINAL: Final = frozenset(DrillOutcome) - {DrillOutcome.OPEN}


@dataclass(frozen=True, kw_only=True, slots=True)
class DrillCall:
    """What a gateway asks for.

    Attributes:
        id: of the call, made once and kept while it is repeated.
        metric: the point, ``facility/measurement``.
        age_s: seconds since somebody asked for it, by the gateway's clock alone.
    """

    id: str
    metric: str
    age_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipient:
    """Somebody in whose queue the test is.

    Attributes:
        zh, en: name; empty if there is nobody.
        task, grid: ``handle`` or ``verify``, of which grid.
        confirmed_ms: when it was confirmed, server time; None until then.
    """

    zh: str
    en: str
    task: str
    grid: str
    confirmed_ms: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class DrillAnswer:
    """How a call stands.

    Attributes:
        id: which call.
        outcome: what became of it.
        case: what people quote; empty without a case.
        joined: another call had opened the case.
        opened_ms, ended_ms: of the case, server time; None where it has no such moment.
        recipients: whose queues.
    """

    id: str
    outcome: DrillOutcome
    case: str = ""
    joined: bool = False
    opened_ms: int | None = None
    ended_ms: int | None = None
    recipients: Sequence[Recipient] = ()


def is_call_id(text: str) -> bool:
    """Whether this may be the id of a call."""
    return _ID.fullmatch(text) is not None


def encode_call(call: DrillCall) -> str:
    """A call as the value of its metric."""
    return json.dumps({"id": call.id, "point": call.metric, "age_s": round(call.age_s, 1)}, ensure_ascii=False)


def decode_call(text: str) -> DrillCall:
    """Read a call.

    Raises:
        Refused: if it is none.
    """
    said = _object(text)
    try:
        call = DrillCall(id=str(said["id"]), metric=str(said["point"]), age_s=float(said["age_s"]))
    except (KeyError, TypeError, ValueError, OverflowError):
        raise Refused("the call for a test alarm is malformed") from None
    if not is_call_id(call.id) or not 1 <= len(call.metric) <= 256 or not 0 <= call.age_s < 1e9:
        raise Refused("the call for a test alarm is out of its bounds")
    return call


def encode_answer(answer: DrillAnswer) -> str:
    """An answer as the value of its metric."""
    said: dict[str, Any] = {"id": answer.id, "outcome": answer.outcome.value}
    if answer.case:
        said |= {
            "case": answer.case,
            "joined": answer.joined,
            "opened_ms": answer.opened_ms,
            "ended_ms": answer.ended_ms,
            "recipients": [
                {"zh": one.zh, "en": one.en, "task": one.task, "grid": one.grid, "confirmed_ms": one.confirmed_ms}
                for one in answer.recipients[:_MOST_POSTS]
            ],
        }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def decode_answer(text: str) -> DrillAnswer:
    """Read an answer.

    Raises:
        Refused: if it is none.
    """
    said = _object(text)
    try:
        return DrillAnswer(
            id=str(said["id"])[:40],
            outcome=DrillOutcome(said["outcome"]),
            case=str(said.get("case", ""))[:40],
            joined=bool(said.get("joined", False)),
            opened_ms=_moment(said.get("opened_ms")),
            ended_ms=_moment(said.get("ended_ms")),
            recipients=tuple(_recipient(one) for one in list(said.get("recipients", ()))[:_MOST_POSTS]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise Refused("the answer to a test alarm is malformed") from None


def _object(text: str) -> Mapping[str, Any]:
    try:
        said = parse(text)
    except (ValueError, RecursionError):
        raise Refused("what is said of a test alarm is no JSON") from None
    if not isinstance(said, dict):
        raise Refused("what is said of a test alarm is no JSON object")
    return said


def _recipient(one: Mapping[str, Any]) -> Recipient:
    return Recipient(
        zh=str(one["zh"])[:200],
        en=str(one["en"])[:200],
        task=str(one["task"])[:20],
        grid=str(one["grid"])[:20],
        confirmed_ms=_moment(one.get("confirmed_ms")),
    )


def _moment(value: object) -> int | None:
    return None if value is None else whole(value)
