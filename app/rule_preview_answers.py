"""What the processes of previews answer, turned back into the values of ``core.ports.rule_editing``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.alarms import Severity
from core.errors import Refused, Unavailable
from core.places import Text
from core.ports.rule_editing import (
    Explained,
    ExplainedLevel,
    ExplainedOperand,
    ExplainedPart,
    Preview,
    PreviewAlarm,
    Trial,
    TrialCase,
    TrialDifference,
)


def _check(answer: dict[str, Any]) -> None:
    """Raise what the process has told."""
    if "wrong" in answer:
        first = answer["wrong"][0]
        raise Refused(Text(zh=first["zh"], en=first["en"]))
    if "problem" in answer:
        text = Text(zh=answer["problem"]["zh"], en=answer["problem"]["en"])
        raise (Unavailable(text) if answer["kind"] == "Unavailable" else Refused(text))


def preview_from(answer: dict[str, Any]) -> Preview:
    """Of a preview; raises what the process has told."""
    _check(answer)
    said = answer["preview"]
    return Preview(
        **{
            **said,
            "alarms": tuple(_alarm(one) for one in said["alarms"]),
            "before": tuple(_alarm(one) for one in said["before"]),
            "most": tuple((facility, count) for facility, count in said["most"]),
        }
    )


def _alarm(said: dict[str, Any]) -> PreviewAlarm:
    return PreviewAlarm(**{**said, "severity": Severity(said["severity"])})


def trial_from(answer: dict[str, Any]) -> Trial:
    """Of scenarios; raises what the process has told."""
    _check(answer)
    said = answer["trial"]
    cases = tuple(TrialCase(**{**one, "say": Text(**one["say"]), "differences": _differ(one)}) for one in said["cases"])
    return Trial(**{**said, "cases": cases, "wrong": _texts(said["wrong"])})


def _differ(said: dict[str, Any]) -> tuple[TrialDifference, ...]:
    return tuple(
        TrialDifference(
            rule_id=one["rule_id"],
            orders=_texts(one["orders"]),
            expected=_texts(one["expected"]),
            got=_texts(one["got"]),
            lines=(one["lines"][0], one["lines"][1]),
        )
        for one in said["differences"]
    )


def _texts(said: Sequence[dict[str, str]]) -> tuple[Text, ...]:
    return tuple(Text(**one) for one in said)


def explained_from(answer: dict[str, Any]) -> Explained:
    """Of an explanation; raises what the process has told."""
    _check(answer)
    said = answer["explained"]
    operands = tuple(ExplainedOperand(**{**one, "name": Text(**one["name"])}) for one in said["operands"])
    return Explained(**{**said, "operands": operands, "levels": tuple(_level(one) for one in said["levels"])})


def _level(said: dict[str, Any]) -> ExplainedLevel:
    parts = {name: _parts(said[name]) for name in ("when", "clear")}
    return ExplainedLevel(**{**said, **parts, "severity": Severity(said["severity"])})


def _parts(said: Sequence[dict[str, Any]]) -> tuple[ExplainedPart, ...]:
    return tuple(ExplainedPart(**{**one, "say": Text(**one["say"])}) for one in said)
