"""What passes on a bus, counted: the newest frames, and the last minute by unit.

A question opens when it is sent and ends with the next question; the bus is busy from its first byte until its answer,
or for as long as it was waited for. No I/O and no clock: time comes with the frames.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from app.site_models import FrameView, TrafficView, UnitTraffic
from gateway.lines.base import Frame
from gateway.transport import Framing

WINDOW_MS: Final = 60_000
KEPT_FRAMES: Final = 300
MOST_HEX_BYTES: Final = 300
LONGEST_WAIT_MS: Final = 3_000
"""A question without an answer keeps the bus at most so long; what follows is idleness."""
_MBAP_UNIT: Final = 6
_EXCEPTION: Final = 0x80


@dataclass(slots=True)
class Question:
    """One question: whom, when, until when it kept the bus, and what came of it (``answered_ms`` 0: nothing)."""

    unit: int
    sent_ms: int
    until_ms: int = 0
    answered_ms: int = 0
    exception: bool = False


class Traffic:
    """One bus."""

    def __init__(self, framing: Framing) -> None:
        """Nothing was heard yet."""
        self._framing = framing
        self._frames: deque[FrameView] = deque(maxlen=KEPT_FRAMES)
        self._questions: deque[Question] = deque()
        self._number = 0
        self._since_ms = 0

    @property
    def number(self) -> int:
        """How many frames were heard."""
        return self._number

    def heard(self, frame: Frame) -> None:
        """A frame passed."""
        self._number += 1
        self._since_ms = self._since_ms or frame.time_ms
        unit, function = self._head(frame.data)
        self._frames.append(
            FrameView(
                number=self._number,
                time_ms=frame.time_ms,
                sent=frame.sent,
                data=frame.data[:MOST_HEX_BYTES].hex(),
                unit=unit,
            )
        )
        if frame.sent and unit is not None:
            self._questions.append(Question(unit, frame.time_ms))
            self._forget(frame.time_ms)
        elif not frame.sent and self._questions:
            last = self._questions[-1]
            if not last.answered_ms and unit == last.unit:
                last.answered_ms = max(frame.time_ms, last.sent_ms)
                last.exception = bool(function & _EXCEPTION)

    def since(self, number: int, now_ms: int) -> TrafficView:
        """Frames after the one with this number, and the last minute."""
        self._forget(now_ms)
        units: dict[int, list[Question]] = {}
        sent_ms = [question.sent_ms for question in self._questions]
        for question, end_ms in zip(self._questions, [*sent_ms[1:], now_ms], strict=False):
            question.until_ms = question.answered_ms or min(end_ms, question.sent_ms + LONGEST_WAIT_MS)
            units.setdefault(question.unit, []).append(question)
        span_ms = max(1, min(WINDOW_MS, now_ms - self._since_ms)) if self._since_ms else 1
        rows = [_unit(unit, asked, span_ms, now_ms) for unit, asked in sorted(units.items())]
        return TrafficView(
            frames=[frame for frame in self._frames if frame.number > number],
            asked=sum(row.asked for row in rows),
            silent=sum(row.silent for row in rows),
            percent=min(100.0, sum(row.percent for row in rows)),
            units=rows,
        )

    def _forget(self, now_ms: int) -> None:
        while self._questions and self._questions[0].sent_ms < now_ms - WINDOW_MS:
            self._questions.popleft()

    def _head(self, data: bytes) -> tuple[int | None, int]:
        """Unit id and function code of a frame; None if it has none."""
        try:
            if self._framing is Framing.TCP:
                return data[_MBAP_UNIT], data[_MBAP_UNIT + 1]
            if self._framing is Framing.ASCII:
                head = bytes.fromhex(data[1:5].decode("ascii"))
                return head[0], head[1]
            return data[0], data[1]
        except (IndexError, ValueError):
            return None, 0


def _unit(unit: int, asked: list[Question], span_ms: int, now_ms: int) -> UnitTraffic:
    took = [question.answered_ms - question.sent_ms for question in asked if question.answered_ms]
    # The newest question may still be waiting for its answer.
    silent = sum(not question.answered_ms and question.until_ms < now_ms for question in asked)
    busy_ms = sum(max(question.until_ms - question.sent_ms, 0) for question in asked)
    return UnitTraffic(
        unit=unit,
        asked=len(asked),
        answered=len(took),
        exceptions=sum(question.exception for question in asked),
        silent=silent,
        percent=round(min(100.0, 100 * busy_ms / span_ms), 2),
        mean_ms=round(sum(took) / len(took), 1) if took else None,
    )
