"""What people call the quantities of device profiles, in both languages: ``voltage_l1`` is A 相电压, voltage L1.

The words stand in ``quantities.yaml`` once for all profiles, so that the same quantity has the same name at every
product; a profile that means something else by a name says so with a ``label``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from importlib import resources
from typing import Any, Final

import yaml

from core.places import Text
from gateway.profile import Register

FILE: Final = "quantities.yaml"
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NUMBER = re.compile(r"(?<=[a-z_])[0-9]+(?=_|$)")


def called(register: Register) -> Text:
    """What people call a register: its label, else the words for its name, else the name itself."""
    if register.part_of:
        return _bit(register)
    return register.label or known(register.name) or Text(zh=register.name, en=register.name)


def known(name: str) -> Text | None:
    """The words for a name; None where there are none."""
    words = names()
    if name in words:
        return words[name]
    number = _NUMBER.search(name)
    family = words.get(_NUMBER.sub("#", name, count=1)) if number else None
    if family is None or number is None:
        return None
    return Text(zh=family.zh.replace("#", number[0]), en=family.en.replace("#", number[0]))


@functools.cache
def names() -> Mapping[str, Text]:
    """All words, by name; ``#`` stands for a number."""
    text = (resources.files("gateway") / FILE).read_text(encoding="utf-8")
    rows = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    return {name: Text(zh=both["zh"], en=both["en"]) for name, both in rows.items()}


def _bit(register: Register) -> Text:
    """A named bit: its word and what it says (状态字：过载)."""
    word = register.label or known(register.part_of) or Text(zh=register.part_of, en=register.part_of)
    meaning = register.states.get(1)
    if meaning is None:
        return Text(zh=register.name, en=register.name)
    return Text(zh=f"{word.zh}：{meaning.text.zh}", en=f"{word.en}: {meaning.text.en}")
