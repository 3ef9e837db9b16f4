"""The form of a file of scenarios as a JSON Schema, so that an editor completes and marks while one types.

Made from the same closed lists as the reader (``rules.trial.scenario``), which knows more: whether a rule and a
measurement exist. ``rules/scenario.schema.json`` is what this makes; a test compares them.
"""

from __future__ import annotations

import json
from typing import Any, Final

from core.alarms import Severity
from core.calendar import WORDS
from rules.trial.players import MOST_MEMBERS, RELATIONS
from rules.trial.scenario import STATES
from rules.trial.timeline import SEASON, VALUES

_Json = dict[str, Any]
_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_TIMELINE: Final = rf"^\s*((@\S+\s+)?({'|'.join(VALUES)})\s*)(@\S+\s+({'|'.join(VALUES)})\s*)*$"
_SPAN: Final = r"^\s*(0|(\d+(\.\d+)?\s*(ms|s|min|h|d)\s*)+|\{[a-z]+\})$"
"""Or, in a template, a word that stands for one."""


def schema() -> _Json:
    """The schema of one file."""
    top = _closed(
        {
            "class": {"type": "string", "description": "the facility class under test"},
            "interval": _ref("span", "distance of two readings; by default each measurement's own"),
            "start": _ref("moment", "moment of the first reading, with time zone"),
            "rules": {
                "type": "array",
                "items": {"type": "string"},
                "description": "rule files or folders, relative to this file; by default the installation's book",
            },
            "attributes": _attributes("attributes of the facilities in all scenarios"),
            "calendar": {"$ref": "#/$defs/calendar"},
            "scenarios": {"type": "array", "items": {"$ref": "#/$defs/scenario"}},
        },
        ["class", "scenarios"],
    )
    return {
        "$schema": _DRAFT,
        "title": "Twingrid rule scenarios",
        "description": "Series, and the alarms that rules must and must not raise on them (docs/rule-tools.md)",
        **top,
        "$defs": {
            "span": {"type": ["string", "number"], "pattern": _SPAN, "description": "such as 5 min 30 s"},
            "moment": {"type": "string", "description": "such as 2026-03-02T08:00+08:00"},
            "series": {
                "type": ["string", "number"],
                "description": "0.2x30 0.2+0.05x10 _x5 stale nan 0.2!bad 0.2^5min @10min",
            },
            "calendar": _calendar(),
            "scenario": _scenario(),
            "parent": _parent(),
            "member": _member(),
            "expected": _expected(),
        },
    }


def _scenario() -> _Json:
    text = {"type": "string"}
    both = _closed({"zh": text, "en": text}, ["zh", "en"])
    return _closed(
        {
            "name": {"type": "string", "description": "unique in the file"},
            "for_each": _targets(),
            "say": {"oneOf": [text, both], "description": "what happens, for people"},
            "only": {"type": "array", "items": text, "description": "rules under test; by default all of the class"},
            "attributes": _attributes("attributes of the facility, numbers and texts"),
            "calendar": {"$ref": "#/$defs/calendar"},
            "stale_after": _map(_ref("span", ""), "how long a reading holds, by measurement"),
            "interval": _ref("span", "distance of two readings"),
            "start": _ref("moment", "moment of the first reading"),
            "series": _series(),
            "parent": {"$ref": "#/$defs/parent"},
            "members": {
                "type": "array",
                "items": {"$ref": "#/$defs/member"},
                "description": "facilities of the same class that share a group with it",
            },
            "until": _ref("span", "the end; by default when the last series ends"),
            "expect": {
                "type": "array",
                "items": {"$ref": "#/$defs/expected"},
                "description": "all alarms of the rules under test; [] is silence",
            },
            "moments": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"at": _ref("span", "when")},
                    "required": ["at"],
                    "additionalProperties": {"enum": list(STATES)},
                },
                "description": "the state of rules at moments, where readings arrive as written",
            },
        },
        ["name", "series", "expect"],
    )


def _targets() -> _Json:
    words = {"type": ["object", "null"], "additionalProperties": {"type": ["string", "number"]}}
    return _map(
        {"type": "object", "additionalProperties": words},
        "makes it a template: classes, their measurements, and what {words} stand for; {class}, {x}, {name} are known",
    )


def _series() -> _Json:
    timed = _closed({"interval": _ref("span", ""), "values": {"$ref": "#/$defs/series"}}, ["values"])
    return _map({"oneOf": [{"$ref": "#/$defs/series"}, timed]}, "readings by measurement")


def _attributes(description: str) -> _Json:
    return _map({"type": ["number", "string"]}, description)


def _calendar() -> _Json:
    """Terms by their words; a season by its name."""
    timeline: _Json = {"type": ["boolean", "string"], "pattern": _TIMELINE}
    return {
        "type": "object",
        "description": "when the site calendar's terms hold: true @2h false; what is missing is unknown",
        "properties": dict.fromkeys(WORDS, timeline),
        "patternProperties": {f"^season {SEASON.pattern}$": timeline},
        "additionalProperties": False,
    }


def _parent() -> _Json:
    return _closed(
        {
            "class": {"type": "string", "description": "its facility class"},
            "interval": _ref("span", "distance of two readings"),
            "stale_after": _map(_ref("span", ""), "how long a reading holds, by measurement"),
            "series": _series(),
        },
        ["class", "series"],
    )


def _member() -> _Json:
    relation = {"enum": list(RELATIONS)}
    return _closed(
        {
            "name": {"type": "string", "description": "for people"},
            "group": {
                "oneOf": [relation, {"type": "array", "items": relation}],
                "description": "what it has in common with the facility under test",
            },
            "count": {"type": "integer", "minimum": 1, "maximum": MOST_MEMBERS, "description": "how many of them"},
            "attributes": _attributes("attributes; others are as those of the facility under test"),
            "interval": _ref("span", "distance of two readings"),
            "stale_after": _map(_ref("span", ""), "how long a reading holds, by measurement"),
            "series": _series(),
        },
        ["group", "series"],
    )


def _expected() -> _Json:
    return _closed(
        {
            "rule": {"type": "string"},
            "severity": {"enum": [one.name.lower() for one in Severity]},
            "since": _ref("span", "when the condition began to hold"),
            "start": _ref("span", "when the alarm starts"),
            "stop": _ref("span", "when it stops; without it the alarm is on at the end"),
            "late": {"type": "boolean", "description": "whether it is announced as discovered late"},
        },
        ["rule", "start"],
    )


def _closed(properties: _Json, required: list[str]) -> _Json:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _map(values: _Json, description: str) -> _Json:
    return {"type": "object", "additionalProperties": values, "description": description}


def _ref(name: str, description: str) -> _Json:
    return {"$ref": f"#/$defs/{name}"} | ({"description": description} if description else {})


def text() -> str:
    """The schema as it stands in the file."""
    return json.dumps(schema(), ensure_ascii=False, indent=1) + "\n"
