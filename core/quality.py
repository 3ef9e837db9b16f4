"""Quality of a reading in one byte: class in the two high bits, reason in the six low bits.

The classes follow OPC UA and Sparkplug (good 192, bad 0, stale 500) with one more: *not measured*, the honest record
that a value was due and none was had. A rule reads only ``GOOD``; everything else makes its condition unknown.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class QualityClass(IntEnum):
    """What a reading is worth."""

    GOOD = 0
    UNCERTAIN = 1
    BAD = 2
    NOT_MEASURED = 3


class Reason(IntEnum):
    """Why a reading is not simply good (0 to 63; new reasons are appended, never renumbered)."""

    NONE = 0
    # not measured: a value was due, none was had
    TIMEOUT = 1
    CONNECTION_LOST = 2
    DEVICE_EXCEPTION = 3
    ILLEGAL_ADDRESS = 4
    BUSY = 5
    MALFORMED_REPLY = 6
    BUS_BUDGET = 7
    NOT_PUBLISHED = 8
    NOTHING_TO_MEASURE = 9
    """The source says so itself: it lives, and there is nothing now of which it could give a value."""
    # bad: a value was had and must not be believed
    OUT_OF_RANGE = 16
    NOT_IMPLEMENTED = 17
    SENSOR_ERROR = 18
    NOT_A_NUMBER = 19
    WRONG_TYPE = 20
    DEVICE_OFFLINE = 21
    # uncertain: a value was had, with a doubt
    CLOCK_UNSYNCED = 32
    RETAINED = 33
    SUBSTITUTED = 34
    STALE = 35
    EXTRAPOLATED = 36
    CONTRADICTS_RECORD = 37
    """The unit no longer agrees with its signed as-built record."""


REASON_MASK = 0x3F

GOOD = int(QualityClass.GOOD) << 6


def quality(klass: QualityClass, reason: Reason = Reason.NONE) -> int:
    """Pack a class and a reason into one byte (0 to 255)."""
    return (int(klass) << 6) | int(reason)


def class_of(code: int) -> QualityClass:
    """The class of a packed quality byte."""
    return QualityClass(code >> 6)


def reason_of(code: int) -> Reason:
    """The reason of a packed quality byte.

    Raises:
        ValueError: if the reason is none that this version knows.
    """
    return Reason(code & REASON_MASK)


def is_good(codes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Mask of the readings a rule may use; shape (n,), dtype bool."""
    mask: NDArray[np.bool_] = (codes >> 6) == QualityClass.GOOD
    return mask


def sparkplug_quality(code: int) -> int:
    """The Sparkplug B ``Quality`` property (192 good, 500 stale, 0 bad) that comes nearest.

    Source: Sparkplug 3.0.0, ``tck-id-payloads-propertyset-quality-value-value``.
    """
    match class_of(code):
        case QualityClass.GOOD:
            return 192
        case QualityClass.UNCERTAIN:
            return 500
        case _:
            return 0
