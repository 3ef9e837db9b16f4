"""A form as plain values (texts, lists, maps), and back: how it travels between the pages and the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from rules.editing.conditions import Condition
from rules.editing.form import Due, LevelForm, Pair, RuleForm, Target
from rules.editing.rows import Row

_VOTES = "votes"


def values_of(form: RuleForm) -> dict[str, Any]:
    """Plain values; names that Python keeps for itself lose their underscore."""
    plain = _plain(asdict(form))
    return dict(plain)


def form_from(values: Mapping[str, Any]) -> RuleForm:
    """The form of plain values.

    Raises:
        KeyError, TypeError: if they are not those of a form; the API's model has looked at them.
    """
    given = {f"{name}_" if name in {"for", "class", "from"} else name: value for name, value in values.items()}
    return RuleForm(
        **{
            **given,
            "when": _condition(given["when"]),
            "clear": _condition(given["clear"]),
            "levels": tuple(_level(one) for one in given["levels"]),
            "targets": tuple(_target(one) for one in given["targets"]),
            "say": Pair(**given["say"]),
            "steps": tuple(Pair(**one) for one in given["steps"]),
            "source": Pair(**given["source"]),
            "deadline": Due(**given["deadline"]),
        }
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        found = {name.removesuffix("_"): _plain(inner) for name, inner in value.items()}
        for one in found.get(_VOTES, ()):  # a vote holds none
            one.pop(_VOTES, None)
        return found
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(inner) for inner in value]
    return value


def _condition(values: Mapping[str, Any] | None) -> Condition | None:
    if values is None:
        return None
    return Condition(join=values["join"], parts=tuple(tuple(_row(row) for row in part) for part in values["parts"]))


def _row(values: Mapping[str, Any]) -> Row:
    plain = {one.name: values[one.name] for one in fields(Row) if one.name != _VOTES}
    return Row(**plain, votes=tuple(_row(one) for one in values.get(_VOTES, ())))


def _target(values: Mapping[str, Any]) -> Target:
    return Target(class_=values["class"], measurement=values["measurement"], limit=values["limit"])


def _level(values: Mapping[str, Any]) -> LevelForm:
    when = _condition(values["when"])
    assert when is not None
    return LevelForm(
        origin=values["origin"],
        severity=values["severity"],
        when=when,
        for_=values["for"],
        clear=_condition(values["clear"]),
        clear_for=values["clear_for"],
    )
