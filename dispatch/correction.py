"""A report of handling as fields, so that corrections of it are merged by field. Pure.

A part is a field of its own by its name: two people who each add one do not meet.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from core.closure import FalseCause, HandlingReport, Outcome, Part

_PART: Final = re.compile(r"part(?:#\d+)?:(?P<name>.*)", re.DOTALL)
TOGETHER: Final = (frozenset({"cause", "cause_text"}),)
"""A cause and its words are one decision."""


def fields_of(report: HandlingReport) -> dict[str, str]:
    """What can be corrected, as texts; empty ones and zeros are left out.

    A part is ``part:NAME`` with ``QUANTITY PRICE_FEN``; of several of one name the later ones are ``part#2:NAME`` …
    """
    found = {
        "cause": "" if report.cause is None else report.cause.value,
        "cause_text": report.cause_text.strip(),
        "labour_min": _number(report.labour_min),
        "contractor_fen": _number(report.contractor_fen),
        "no_photo": report.no_photo.strip(),
    }
    for part in report.parts:
        name, again = f"part:{part.name.strip()}", 1
        while name in found:
            again += 1
            name = f"part#{again}:{part.name.strip()}"
        found[name] = f"{part.quantity:.12g} {part.price_fen}"
    return {name: text for name, text in found.items() if text}


def report_of(fields: Mapping[str, str], outcome: Outcome) -> HandlingReport:
    """The report that fields of ``fields_of`` describe; what was found stays what it was."""
    cause = fields.get("cause", "")
    return HandlingReport(
        outcome=outcome,
        cause=FalseCause(cause) if cause else None,
        cause_text=fields.get("cause_text", ""),
        labour_min=int(fields.get("labour_min") or 0),
        parts=tuple(_part(called, text) for name, text in fields.items() if text and (called := part_name(name))),
        contractor_fen=int(fields.get("contractor_fen") or 0),
        no_photo=fields.get("no_photo", ""),
    )


def edited(base: HandlingReport, report: HandlingReport) -> dict[str, str]:
    """The fields in which ``report`` differs from ``base``; one that is gone is empty."""
    before, after = fields_of(base), fields_of(report)
    names = [*after, *(name for name in before if name not in after)]
    return {name: after.get(name, "") for name in names if after.get(name, "") != before.get(name, "")}


def part_name(field: str) -> str:
    """The name of the part that a field is; empty for other fields."""
    found = _PART.fullmatch(field)
    return found["name"] if found else ""


def said(field: str, text: str) -> str:
    """A field's text as people read it, money in yuan; ``-`` where it is empty."""
    if not text:
        return "-"
    if part_name(field):
        quantity, price = text.split(" ")
        return f"{quantity} × {int(price) / 100:.2f}"
    return f"{int(text) / 100:.2f}" if field == "contractor_fen" else text


def _number(value: int) -> str:
    return str(value) if value else ""


def _part(name: str, text: str) -> Part:
    quantity, price = text.split(" ")
    return Part(name=name, quantity=float(quantity), price_fen=int(price))
