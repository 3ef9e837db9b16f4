"""Carries a push from the wire to the drivers and back: reads, tries, watches, keeps or puts back, and says so.

What happens next is decided in ``gateway.rollout``; here are the disk, the clock and the words. A configuration that
says the same as the running one touches nothing: no file, no driver, no spool.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from core.clock import Clock, SystemClock
from core.configuration import text_sha256
from core.errors import Invalid
from core.findings import Finding, Said, Speaks
from core.foreign import system_problem
from core.sparkplug.configuration import Answer, Outcome, Push, Report, decode_push
from gateway import findings, rollout
from gateway.config import GatewayConfig
from gateway.config_file import parse_config
from gateway.device_part import content_sha256, device_part
from gateway.document import read_text
from gateway.profile import Profile
from gateway.rollout import Doubt, Event, Evidence, Rollout, State, Verdict, Version
from gateway.rollout_files import RolloutFiles

log = logging.getLogger(__name__)

LOOK_S = 0.5
"""A trial is looked at so often."""
_DOUBTS: Mapping[Doubt, Callable[[Evidence], Said]] = {
    Doubt.OFFLINE: lambda _evidence: findings.NOT_ONLINE(),
    Doubt.NOT_ACKNOWLEDGED: lambda _evidence: findings.NOT_ACKNOWLEDGED(),
    Doubt.SILENT: lambda evidence: findings.NOBODY_ANSWERED(count=evidence.expected),
}


class Rollouts:
    """The pushed configurations of one gateway."""

    def __init__(self, file: Path, text: str, own: GatewayConfig, clock: Clock) -> None:
        """Prepare; ``start`` says what is to run.

        Args:
            file: the gateway's own file.
            text: its content.
            own: what it says.
            clock: for the probation.
        """
        self._file = file
        self._text = text
        self._own = own
        self._clock = clock
        self._files = RolloutFiles(_folder(own, file))
        self._own_part = device_part(text)
        self._own_sha256 = content_sha256(self._own_part)
        self._running_text = self._own_part
        self._rollout = Rollout()
        self._answer: Answer | None = None
        self._pending: Push | None = None
        self._died: BaseException | None = None
        self._since_s = 0.0
        self._news = asyncio.Event()
        self.evidence: Callable[[], Evidence] | None = None
        self.told: Callable[[], None] = lambda: None

    @classmethod
    def open(cls, file: Path, clock: Clock, *, look_only: bool = False) -> tuple[Rollouts, GatewayConfig]:
        """The rollouts of the gateway that ``file`` describes, and what is to run now.

        Args:
            file: the gateway's own file.
            clock: for the probation.
            look_only: write nothing.

        Raises:
            Invalid: if the file is wrong.
        """
        text = read_text(file)
        # A kept version must run although the device part on the machine is out of date, so that is not judged here.
        own = parse_config(text, file.parent, str(file), pushed="")
        rollouts = cls(file, text, own, clock)
        return rollouts, rollouts.start(look_only=look_only)

    def start(self, *, look_only: bool = False) -> GatewayConfig:
        """What is to run at the start of the process; a trial that is found is put back.

        Raises:
            Invalid: if it is the own file and its device part is wrong.
        """
        found = self._files.load()
        self._rollout = rollout.started(found, self._own_sha256, _spoken(findings.KILLED_ON_TRIAL()))
        config = self._config(self._rollout.kept)
        if config is None:
            self._rollout = rollout.own_file(self._rollout, self._own_sha256, _spoken(findings.TEXT_LOST()))
            config = self._own_config()
        if self._rollout != found and not look_only:
            log.warning("configuration at start is not the last one pushed", extra={"state": self._rollout.state.value})
            self._store(self._rollout)
        return config

    @property
    def on_trial(self) -> bool:
        """Whether a trial runs."""
        return self._rollout.state is State.TRIAL

    @property
    def running(self) -> Push:
        """What runs, as it could be pushed."""
        version = self._rollout.in_force
        number, issued_ms = (version.number, version.issued_ms) if version else (0, 0)
        text = self._running_text
        return Push(version=number, issued_ms=issued_ms, text=text, sha256=text_sha256(text))

    def report(self) -> Report:
        """How things stand."""
        running = self.running
        answer = self._answer or self._rollout.answer
        return Report(version=running.version, sha256=running.sha256, state=self._rollout.state.value, answer=answer)

    # --- what comes in ------------------------------------------------------------------------------------------

    def received(self, body: bytes) -> None:
        """A push has arrived; the newest one waits.

        Raises:
            Refused: if it cannot be read.
        """
        self._pending = decode_push(body)
        self._news.set()

    def died(self, error: BaseException) -> None:
        """A part of the configuration on trial has died."""
        self._died = error
        self._news.set()

    def begun(self) -> None:
        """The drivers of the trial run now."""
        self._since_s = self._clock.monotonic_s()

    async def change(self) -> GatewayConfig:
        """Wait until another configuration is to run, and say which."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S if self.on_trial else None):
                    await self._news.wait()
            self._news.clear()
            pushed, self._pending = self._pending, None
            config = await self._judge()
            if config is None and pushed is not None:
                config = await self._push(pushed)
            if config is not None:
                return config

    async def _push(self, pushed: Push) -> GatewayConfig | None:
        version = Version(number=pushed.version, issued_ms=pushed.issued_ms, sha256=pushed.sha256)
        config = None
        same = content_sha256(pushed.text) == content_sha256(self._running_text)
        match rollout.verdict(self._rollout, version, says_the_same=same):
            case Verdict.TRY:
                config = await self._try(version, pushed.text)
            case Verdict.UNCHANGED:
                self._answered(version, Outcome.UNCHANGED)
            case Verdict.REPEATED:
                self._answer = None
            case Verdict.STALE | Verdict.BUSY as why:
                log.info("pushed configuration is left aside", extra={"version": version.number, "why": why.value})
        self.told()
        return config

    async def _try(self, version: Version, text: str) -> GatewayConfig | None:
        try:
            config = await asyncio.to_thread(parse_config, self._text, self._file.parent, str(self._file), text)
        except Invalid as error:
            self._answered(version, Outcome.REFUSED, found=[_as_data(one) for one in error.findings])
            return None
        trial = rollout.accepted(self._rollout, version, self._own_sha256)
        try:
            await asyncio.to_thread(self._files.put_text, version, text)
            await asyncio.to_thread(self._files.put_state, trial)
        except OSError as error:
            self._answered(version, Outcome.REFUSED, findings.NOT_KEPT(problem=system_problem(error)))
            return None
        log.info("pushed configuration is on trial", extra={"version": version.number})
        self._rollout, self._answer, self._died = trial, None, None
        self._running_text = text
        self.begun()
        return config

    def _answered(
        self, version: Version, outcome: Outcome, reason: Said | None = None, found: Sequence[Mapping[str, object]] = ()
    ) -> None:
        log.info("pushed configuration", extra={"version": version.number, "outcome": outcome.value})
        why = _spoken(reason) if reason is not None else {}
        self._answer = Answer(
            version=version.number, issued_ms=version.issued_ms, outcome=outcome, reason=why, findings=found
        )

    # --- the trial ----------------------------------------------------------------------------------------------

    async def _judge(self) -> GatewayConfig | None:
        """Look at the trial; returns what is to run instead, if it has failed."""
        if not self.on_trial or self.evidence is None:
            return None
        if self._died is not None:
            return await self._put_back(findings.PART_DIED(problem=repr(self._died)[:300]))
        evidence = self.evidence()
        seen = rollout.judge(evidence, self._clock.monotonic_s() - self._since_s, self._own.rollout.probation_s)
        if isinstance(seen, Doubt):
            return await self._put_back(_DOUBTS[seen](evidence))
        if seen is Event.PROVEN:
            await self._confirm()
        return None

    async def _confirm(self) -> None:
        done = rollout.proven(self._rollout)
        try:
            await asyncio.to_thread(self._files.put_state, done)
        except OSError as error:
            # It runs and goes on running; until the disk takes the word, a restart would put it back.
            log.error("a proven configuration cannot be confirmed yet", extra={"error": str(error)})
            return
        self._rollout = done
        log.info("pushed configuration is confirmed", extra={"version": done.kept.number if done.kept else 0})
        self.told()

    async def _put_back(self, reason: Said) -> GatewayConfig:
        back = rollout.failed(self._rollout, _spoken(reason))
        log.error("pushed configuration is put back", extra={"why": str(reason)})
        await asyncio.to_thread(self._store, back)
        config = await asyncio.to_thread(self._config, back.kept)
        if config is None:
            back = rollout.own_file(back, self._own_sha256, _spoken(findings.TEXT_LOST()))
            await asyncio.to_thread(self._store, back)
            config = self._own_config()
        self._rollout = back
        self.told()
        return config

    def _config(self, version: Version | None) -> GatewayConfig | None:
        """A version's configuration, None if it cannot be had any more.

        Raises:
            Invalid: if it is the own file's and wrong.
        """
        if version is None:
            return self._own_config()
        text = self._files.text(version)
        if text is None:
            return None
        try:
            config = parse_config(self._text, self._file.parent, str(self._file), text)
        except Invalid as error:
            log.error("kept configuration is no longer valid", extra={"error": str(error)})
            return None
        self._running_text = text
        return config

    def _own_config(self) -> GatewayConfig:
        """What the gateway's own file says.

        Raises:
            Invalid: if its device part is wrong.
        """
        self._running_text = self._own_part
        return parse_config(self._text, self._file.parent, str(self._file))

    def _store(self, state: Rollout) -> None:
        try:
            self._files.put_state(state)
        except OSError as error:
            log.error("state of pushed configurations cannot be written", extra={"error": str(error)})


def kept_config(file: Path) -> GatewayConfig:
    """What the gateway of ``file`` will run at its next start, without touching anything.

    Raises:
        Invalid: if the file is wrong.
    """
    return Rollouts.open(file, SystemClock(), look_only=True)[1]


def check_profile(file: Path, profile: Profile) -> None:
    """Whether the gateway of ``file`` would start with this profile in its own folder; touches nothing.

    Raises:
        Invalid: with everything that would be wrong then.
    """
    text, instead = read_text(file), {profile.key: profile}
    own = parse_config(text, file.parent, str(file), "", instead)
    files = RolloutFiles(_folder(own, file))
    kept = rollout.started(files.load(), content_sha256(device_part(text)), {}).kept
    pushed = files.text(kept) if kept is not None else None
    parse_config(text, file.parent, str(file), pushed, instead)


def _folder(own: GatewayConfig, file: Path) -> Path:
    return own.rollout.folder or file.with_name(f"{file.stem}.rollout")


def _spoken(said: Speaks) -> Mapping[str, str]:
    return {language: said.in_language(language) for language in ("zh", "en")}


def _as_data(finding: Finding) -> Mapping[str, object]:
    return {
        "code": finding.code,
        "line": 0 if finding.file else finding.line,
        "column": 0 if finding.file else finding.column,
        "what": {language: finding.what_in(language) for language in ("zh", "en")},
        "fix": {language: finding.fix_in(language) for language in ("zh", "en")},
    }
