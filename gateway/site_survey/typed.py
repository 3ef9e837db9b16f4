"""What a technician types from a display: a number, and its unit where the display counts in another than the profile.

``1286.00 kWh`` beside a register in W.h stands for 1 286 000 ± 5.
"""

from __future__ import annotations

import re
from typing import Final

from core.errors import Refused
from core.units import convert
from gateway.site_survey.solver import Shown

WRITTEN: Final = {
    "kWh": "kW.h", "Wh": "W.h", "kvarh": "kvar.h", "varh": "var.h", "°C": "Cel", "℃": "Cel", "C": "Cel", "m³/h": "m3/h",
    "m³": "m3", "ppm": "[ppm]", "rpm": "/min", "r/min": "/min", "mH2O": "m[H2O]", "°": "deg",
}  # fmt: skip
"""Units as displays write them, and their UCUM codes."""
_TYPED: Final = re.compile(r"\s*([-+−]?[0-9.,]+)\s*(\S*)\s*")


def shown(text: str, unit: str = "") -> Shown:
    """The number in the unit of its register.

    Args:
        text: as typed.
        unit: UCUM code of the register; empty or ``1``: the number is taken as it is.

    Raises:
        Refused: if it is no number, or its unit is none or measures something else.
    """
    match = _TYPED.fullmatch(text)
    if match is None:
        return Shown.of(text)  # which says what is wrong
    number = Shown.of(match[1])
    written = WRITTEN.get(match[2], match[2])
    if not written or unit in ("", "1", written):
        return number
    low, high = (convert(number.value + side * number.half, written, unit) for side in (-1, 1))
    return Shown((low + high) / 2, (high - low) / 2)


def is_shown(text: str, unit: str = "") -> bool:
    """Whether ``shown`` can read it."""
    try:
        shown(text, unit)
    except Refused:
        return False
    return True
