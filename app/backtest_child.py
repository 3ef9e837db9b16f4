"""One backtest in a process of its own: ``python -m app.backtest_child``, for the pages.

The question comes on the standard input, as JSON; progress and report go out line by line (``twingrid rule backtest
--events``). It is polite to its neighbours, ends itself with what there is when its time is over or when it is asked
to (SIGTERM), and says what is wrong as data, in both languages.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from types import FrameType
from typing import Any

from app import logs
from app.backtest import Backtest, Progress
from app.backtest_run import answer, tell_event
from app.backtest_scope import Scope
from app.settings import Settings
from core.errors import Invalid, TwingridError
from core.findings import Finding
from core.people import Language
from dispatch.foreseen import Crew

_NICE = 10
_MINUTE_MS = 60_000
_TELL_EVERY_S = 0.5


def main() -> int:
    """Answer the question; 0 if there is a report."""
    logs.set_up("warning")
    os.nice(_NICE)
    asked = json.load(sys.stdin)
    settings = Settings.model_validate(asked["settings"])
    scope: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in asked["scope"].items()
    }
    crew = Crew(accept_ms=asked["accept_min"] * _MINUTE_MS, work_ms=asked["work_min"] * _MINUTE_MS)
    stop = _StopButton()
    timer = threading.Timer(asked["limit_s"], stop.press)
    timer.daemon = True
    timer.start()
    try:
        tell_event({"report": answer(settings, Scope(may_be_file=False, **scope), crew, _teller(), stop.runs)})
    except Invalid as error:
        tell_event({"wrong": [_finding(one) for one in error.findings]})
        return 1
    except TwingridError as error:
        tell_event({"problem": {language.value: error.in_language(language.value) for language in Language}})
        return 1
    finally:
        timer.cancel()
    return 0


class _StopButton:
    """Stops the run, also if it was pressed before there was one."""

    def __init__(self) -> None:
        self._run: Backtest | None = None
        self._pressed = False
        signal.signal(signal.SIGTERM, self._signalled)

    def runs(self, run: Backtest) -> None:
        """There is a run now."""
        self._run = run
        if self._pressed:
            run.stop()

    def press(self) -> None:
        """End with what there is."""
        self._pressed = True
        if self._run is not None:
            self._run.stop()

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.press()


def _teller() -> Callable[[Progress], None]:
    told_s = [0.0]

    def tell(progress: Progress) -> None:
        now_s = time.monotonic()
        if now_s - told_s[0] >= _TELL_EVERY_S:
            told_s[0] = now_s
            tell_event({"progress": asdict(progress)})

    return tell


def _finding(one: Finding) -> dict[str, Any]:
    languages = [language.value for language in Language]
    return {
        "code": one.code,
        "line": one.line,
        "column": one.column,
        "what": {language: one.what_in(language) for language in languages},
        "fix": {language: one.fix_in(language) for language in languages},
    }


if __name__ == "__main__":
    sys.exit(main())
