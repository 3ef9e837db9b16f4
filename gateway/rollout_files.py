"""What a rollout keeps on the disk: one state file and the texts it names, each replaced whole or not at all.

The folder stands beside the gateway's own file. The text is durable before the state names it, so the state never names
a text that is not there; texts that nobody names any more are removed after it. A state that cannot be read counts as
none: the gateway's own file is in force then, which was proven by whoever commissioned it.
"""

from __future__ import annotations

import contextlib
import json
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core import faultpoints
from core.configuration import text_sha256
from core.sparkplug.configuration import answer_of
from core.whole_file import write_whole
from gateway.rollout import Rollout, State, Version

log = logging.getLogger(__name__)

STATE_FILE = "state.json"
_MODE = 0o666
"""What the process's mask leaves of it."""


class RolloutFiles:
    """The folder of one gateway's rollouts; all methods block."""

    def __init__(self, folder: Path) -> None:
        """Use ``folder``; it is made when something is first written."""
        self.folder = folder

    def load(self) -> Rollout:
        """The state, or a fresh one if there is none that can be read."""
        path = self.folder / STATE_FILE
        try:
            return _rollout(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return Rollout()
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            log.error("state of pushed configurations cannot be read", extra={"path": str(path), "error": str(error)})
            return Rollout()

    def text(self, version: Version) -> str | None:
        """A version's text, None if it is not there or does not fit its hash."""
        try:
            text = self._path(version.sha256).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            log.error("pushed configuration cannot be read", extra={"error": str(error)})
            return None
        return text if text_sha256(text) == version.sha256 else None

    def put_text(self, version: Version, text: str) -> None:
        """Keep a text.

        Raises:
            OSError: if it cannot be written.
        """
        faultpoints.hit("rollout.before_text")
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self._path(version.sha256), text.encode(), _MODE)
        faultpoints.hit("rollout.after_text")

    def put_state(self, rollout: Rollout) -> None:
        """Keep the state, then forget the texts that it no longer names.

        Raises:
            OSError: if it cannot be written; the former state holds then.
        """
        said = {key: value for key, value in asdict(rollout).items() if value is not None}
        self.folder.mkdir(parents=True, exist_ok=True)
        faultpoints.hit("rollout.before_state")
        write_whole(self.folder / STATE_FILE, json.dumps(said, ensure_ascii=False, indent=1).encode(), _MODE)
        faultpoints.hit("rollout.after_state")
        with contextlib.suppress(OSError):  # a text too many does no harm, and the state is safe
            for path in self.folder.glob("*.yaml"):
                if path.stem not in rollout.wanted:
                    path.unlink(missing_ok=True)

    def _path(self, sha256: str) -> Path:
        return self.folder / f"{sha256}.yaml"


def _rollout(said: dict[str, Any]) -> Rollout:
    rollout = Rollout(
        state=State(said["state"]),
        kept=_version(said.get("kept")),
        trial=_version(said.get("trial")),
        own_sha256=str(said["own_sha256"]),
        answer=answer_of(said["answer"]) if said.get("answer") else None,
    )
    if (rollout.state is State.TRIAL) != (rollout.trial is not None):
        raise ValueError("a trial without a version, or a version without its trial")
    return rollout


def _version(said: dict[str, Any] | None) -> Version | None:
    if said is None:
        return None
    sha256 = str(said["sha256"])
    if len(sha256) != 64 or not all(sign in "0123456789abcdef" for sign in sha256):
        raise ValueError("no hash")
    return Version(number=int(said["number"]), issued_ms=int(said["issued_ms"]), sha256=sha256)
