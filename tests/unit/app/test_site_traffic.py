"""What passes on a bus, counted."""

from __future__ import annotations

import pytest

from app.site_traffic import KEPT_FRAMES, LONGEST_WAIT_MS, WINDOW_MS, Traffic
from gateway.lines.base import Frame
from gateway.transport import Framing


def asked(traffic: Traffic, unit: int, at_ms: int, answer: bytes = b"", after_ms: int = 20) -> None:
    """One question on an RTU bus, and its answer if there is one."""
    traffic.heard(Frame(True, bytes((unit, 3, 0, 0, 0, 1)), at_ms))
    if answer:
        traffic.heard(Frame(False, answer, at_ms + after_ms))


def test_answers_exceptions_and_silence_are_told_apart() -> None:
    """An exception is an answer; what came from another unit is none."""
    traffic = Traffic(Framing.RTU)
    asked(traffic, 1, 1000, bytes((1, 3, 2, 0, 7)))
    asked(traffic, 1, 2000, bytes((1, 0x83, 2)))
    asked(traffic, 2, 3000)
    asked(traffic, 3, 5000, bytes((9, 3, 2, 0, 7)))
    seen = traffic.since(0, 11_000)
    rows = {row.unit: (row.asked, row.answered, row.exceptions, row.silent) for row in seen.units}
    assert rows == {1: (2, 2, 1, 0), 2: (1, 0, 0, 1), 3: (1, 0, 0, 1)}
    assert (seen.asked, seen.silent) == (4, 2)


def test_the_share_of_a_unit_is_the_time_it_kept_the_bus() -> None:
    """Answered: until the answer; silent: until the next question, or as long as anybody waits."""
    traffic = Traffic(Framing.RTU)
    asked(traffic, 1, 10_000, bytes((1, 3, 2, 0, 7)), after_ms=500)
    asked(traffic, 2, 11_000)
    asked(traffic, 1, 12_000, bytes((1, 3, 2, 0, 7)), after_ms=500)
    asked(traffic, 2, 13_000)
    rows = {row.unit: row for row in traffic.since(0, 20_000).units}
    assert rows[1].percent == pytest.approx(10.0)
    assert rows[1].mean_ms == 500
    assert rows[2].percent == pytest.approx(100 * (1000 + LONGEST_WAIT_MS) / 10_000)


def test_a_question_that_is_still_out_is_no_silence() -> None:
    """The newest question may still be answered."""
    traffic = Traffic(Framing.RTU)
    asked(traffic, 1, 1000)
    assert traffic.since(0, 1200).silent == 0
    assert traffic.since(0, 1000 + LONGEST_WAIT_MS + 1).silent == 1


def test_only_the_last_minute_counts() -> None:
    """Older questions are forgotten."""
    traffic = Traffic(Framing.RTU)
    asked(traffic, 1, 1000, bytes((1, 3, 2, 0, 7)))
    assert traffic.since(0, 1000 + WINDOW_MS + 1).units == []


def test_frames_are_given_once_and_bounded() -> None:
    """A reader gets those after the last it has; the ledger keeps only the newest."""
    traffic = Traffic(Framing.RTU)
    for number in range(KEPT_FRAMES + 5):
        asked(traffic, 1, 1000 + number)
    seen = traffic.since(KEPT_FRAMES + 3, 2000)
    assert [frame.number for frame in seen.frames] == [KEPT_FRAMES + 4, KEPT_FRAMES + 5]
    assert len(traffic.since(0, 2000).frames) == KEPT_FRAMES


@pytest.mark.parametrize(
    ("framing", "data", "unit"),
    [
        (Framing.TCP, bytes.fromhex("000100000006110300000001"), 0x11),
        (Framing.RTU, bytes.fromhex("110300000001"), 0x11),
        (Framing.ASCII, b":110300000001EB\r\n", 0x11),
        (Framing.ASCII, b"junk", None),
        (Framing.TCP, b"\0", None),
        (Framing.RTU, b"", None),
    ],
)
def test_the_unit_is_read_from_every_framing(framing: Framing, data: bytes, unit: int | None) -> None:
    """TCP, RTU and ASCII carry it in other places; junk carries none."""
    traffic = Traffic(framing)
    traffic.heard(Frame(True, data, 1000))
    assert traffic.since(0, 1000).frames[0].unit == unit
