"""A configuration on its way to a gateway, and what the gateway says of it (docs/wire.md, "Configuration from afar").

A push is one line of JSON and the text behind it, compressed. A report is JSON: it is small, a person can read it on
the wire, and it may grow without anybody's decoder noticing.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from core.configuration import MAX_TEXT_BYTES, text_sha256
from core.errors import Refused
from core.sparkplug.said import parse, whole

MAX_PUSH_BYTES = 256 * 1024
MAX_FINDINGS = 50
"""Findings in one report; a person mends those and sees the rest the next time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Push:
    """A version of a gateway's configuration.

    Attributes:
        version: the server's number for it, from 1; 0: the gateway's own file.
        issued_ms: when it was pushed, server time; a later push is a later one whatever the numbers.
        text: the device part, YAML.
        sha256: hash of the text.
    """

    version: int
    issued_ms: int
    text: str
    sha256: str


class Outcome(StrEnum):
    """What became of a push."""

    TRIAL = "trial"
    CONFIRMED = "confirmed"
    UNCHANGED = "unchanged"
    ROLLED_BACK = "rolled-back"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What became of one push.

    Attributes:
        version, issued_ms: which push.
        outcome: what.
        reason: why, by language; empty when it needs none.
        findings: everything wrong with it: code, line, column, what and fix by language.
    """

    version: int
    issued_ms: int
    outcome: Outcome
    reason: Mapping[str, str] = field(default_factory=dict)
    findings: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """How a gateway stands.

    Attributes:
        version: what runs; 0: the gateway's own file.
        sha256: hash of the text that runs.
        state: ``running``, ``trial``, ``confirmed`` or ``rolled-back``.
        answer: to the last push, None if there was none since it started and none is remembered.
    """

    version: int
    sha256: str
    state: str
    answer: Answer | None = None


def encode_push(push: Push) -> bytes:
    """A push as the value of its metric.

    Raises:
        Refused: if it is larger than a message may be.
    """
    head = json.dumps({"version": push.version, "issued_ms": push.issued_ms, "sha256": push.sha256})
    body = head.encode() + b"\n" + zlib.compress(push.text.encode(), 9)
    if len(body) > MAX_PUSH_BYTES:
        raise Refused(f"the configuration takes {len(body)} bytes compressed, at most {MAX_PUSH_BYTES}")
    return body


def decode_push(body: bytes) -> Push:
    """Read a push.

    Raises:
        Refused: if it is none, is larger than it says, or its text does not fit its hash.
    """
    head, _, rest = body.partition(b"\n")
    try:
        said = parse(head)
        version, issued_ms, sha256 = whole(said["version"]), whole(said["issued_ms"]), str(said["sha256"])
        reader = zlib.decompressobj()
        raw = reader.decompress(rest, MAX_TEXT_BYTES + 1)
        text = raw.decode()
    except (ValueError, KeyError, TypeError, RecursionError, zlib.error):
        raise Refused("the pushed configuration is malformed") from None
    if len(body) > MAX_PUSH_BYTES or len(raw) > MAX_TEXT_BYTES or not reader.eof:
        raise Refused("the pushed configuration is too large or incomplete")
    if text_sha256(text) != sha256:
        raise Refused("the pushed configuration does not fit its hash")
    return Push(version=version, issued_ms=issued_ms, text=text, sha256=sha256)


def encode_report(report: Report) -> str:
    """A report as the value of its metric."""
    answer = report.answer
    said: dict[str, Any] = {"version": report.version, "sha256": report.sha256, "state": report.state}
    if answer is not None:
        said["answer"] = {
            "version": answer.version,
            "issued_ms": answer.issued_ms,
            "outcome": answer.outcome.value,
            "reason": dict(answer.reason),
            "findings": [dict(one) for one in answer.findings[:MAX_FINDINGS]],
        }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def decode_report(text: str) -> Report:
    """Read a report.

    Raises:
        Refused: if it is none.
    """
    try:
        said = parse(text)
        answer = said.get("answer")
        return Report(
            version=whole(said["version"]),
            sha256=str(said["sha256"])[:64],
            state=str(said["state"])[:20],
            answer=None if answer is None else answer_of(answer),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Refused("the gateway's report on its configuration is malformed") from None


def answer_of(said: Mapping[str, Any]) -> Answer:
    """An answer from its JSON form.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: if it is none.
    """
    findings = [_finding(one) for one in list(said.get("findings", ()))[:MAX_FINDINGS]]
    return Answer(
        version=whole(said["version"]),
        issued_ms=whole(said["issued_ms"]),
        outcome=Outcome(said["outcome"]),
        reason=_texts(said.get("reason") or {}),
        findings=tuple(findings),
    )


def _finding(one: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "code": str(one["code"])[:20],
        "line": whole(one["line"]),
        "column": whole(one["column"]),
        "what": _texts(one["what"]),
        "fix": _texts(one["fix"]),
    }


def _texts(said: Mapping[str, Any]) -> Mapping[str, str]:
    return {language: str(said[language])[:1000] for language in ("zh", "en") if language in said}
