"""What conditions do to a machine."""

from __future__ import annotations

from itertools import product

import numpy as np

from rules.columns import Tri
from rules.engine.drives import drive_of
from rules.engine.machines import HOLD, RESET, RUN

TRUTHS = (True, False, None)


def column(truths: list[bool | None]) -> Tri:
    """Truth in two columns."""
    return Tri(np.array([one is True for one in truths]), np.array([one is False for one in truths]))


def test_a_drive_says_what_time_does_in_either_state() -> None:
    """The table of ``docs/alarms.md`` section 3, for every pair of truths, and where *clear* is *not when*."""
    when, clear = zip(*product(TRUTHS, TRUTHS), strict=True)
    drive = drive_of(column(list(when)), column(list(clear)))
    assert drive.dtype == np.uint8
    assert drive.tolist() == [3 * normal(one) + active(one, other) for one, other in zip(when, clear, strict=True)]
    alone = drive_of(column(list(TRUTHS)), None)
    assert alone.dtype == np.uint8
    assert alone.tolist() == [3 * normal(one) + active(one, None if one is None else not one) for one in TRUTHS]


def normal(when: bool | None) -> int:
    """What ``when`` does to the time of a normal machine."""
    return {True: RUN, False: RESET, None: HOLD}[when]


def active(when: bool | None, clear: bool | None) -> int:
    """What ``when`` and ``clear`` do to the time of an active machine."""
    if clear is False or when is True:
        return RESET
    return RUN if clear else HOLD
