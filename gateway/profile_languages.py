"""Whether a profile speaks both languages: every text that a person reads, in real Chinese and in English.

Asked of the profiles that come with Twingrid; whoever writes one for a site of their own may do so in one language.
"""

from __future__ import annotations

import re

from core.places import Text
from gateway import profile_findings
from gateway.document import Table
from gateway.profile import Profile, Register
from gateway.quantities import known

_HAN = re.compile(r"[\u4e00-\u9fff]")
_LETTER = re.compile(r"[^\W\d_]")


def complete(text: Text) -> bool:
    """Whether a text is Chinese in Chinese and has no Chinese in English; a bare number is the same in both."""
    if not _LETTER.search(text.zh + text.en):
        return True
    return bool(_HAN.search(text.zh)) and bool(text.en.strip()) and not _HAN.search(text.en)


def look(top: Table, profile: Profile) -> None:
    """Note every text that lacks a language; a maker and a model may have a name that is the same in both."""
    for key, text in (("maker", profile.maker), ("model", profile.model), ("source", profile.source)):
        proper_name = key != "source" and text.zh == text.en and not _HAN.search(text.en)
        if not proper_name and not complete(text):
            top.note(key, profile_findings.ONE_LANGUAGE)
    if profile.note is not None and not complete(profile.note):
        top.note("note", profile_findings.ONE_LANGUAGE)
    rows = top.table("registers")
    for register in profile.quantities if rows is not None else ():
        row = rows.table(register.name) if rows is not None else None
        if row is not None:
            _register(row, register)


def _register(row: Table, register: Register) -> None:
    label = register.label or known(register.name)
    if label is None or not complete(label):
        row.note("label", profile_findings.NO_LABEL)
    if register.note is not None and not complete(register.note):
        row.note("note", profile_findings.ONE_LANGUAGE)
    for key, meanings in (("states", register.states), ("flags", register.flags)):
        if not all(complete(meaning.text) for meaning in meanings.values()):
            row.note(key, profile_findings.ONE_LANGUAGE)
