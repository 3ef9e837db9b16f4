"""Profiles at the technician's page: judged as a text, tried on a unit, kept as the gateway's own.

What is in use is known from the gateway's configuration and from the session; a text is kept only if nobody loses a
register by it, and what is read otherwise was meant.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.site_problems import SiteError
from app.site_work import SiteWork
from core.clock import Clock
from core.errors import Invalid, Refused
from core.findings import Finding, Said, Sentence
from gateway import own_profiles, profile_uses
from gateway import site_findings as say
from gateway.config import BusConfig, GatewayConfig
from gateway.own_profiles import OwnProfile, OwnProfiles
from gateway.profile import Profile
from gateway.profile_file import shipped
from gateway.profile_uses import Change
from gateway.profile_warnings import Checked, check_text
from gateway.rollouts import check_profile
from gateway.site_session import SiteSession
from gateway.site_survey import own_profile
from gateway.site_trial import Trial

UNNAMED: Final = "profile"
"""Key of a text that has no name yet."""
KEPT_TRIALS: Final = 8
MOST_NAMED: Final = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnGateway:
    """The gateway that keeps profiles.

    Attributes:
        file: its configuration.
        folder: of its own profiles; None: its file names none.
        buses: what it polls.
    """

    file: Path
    folder: Path | None
    buses: Sequence[BusConfig]

    @classmethod
    def of(cls, file: Path, config: GatewayConfig) -> OwnGateway:
        """The gateway of a file, with what it runs."""
        return cls(file=file, folder=config.profiles, buses=config.buses)

    def profiles(self) -> dict[str, Profile]:
        """All that it knows, by key: shipped, its own, and those that it polls with."""
        own = OwnProfiles(self.folder).sound() if self.folder is not None else {}
        polled = {unit.profile.key: unit.profile for bus in self.buses for unit in bus.units}
        return {**shipped(), **own, **polled}


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A text: findings, what it would change, why it cannot be kept under its name."""

    checked: Checked
    changes: tuple[Change, ...]
    name_problem: Refused | None

    @property
    def sound(self) -> bool:
        """Whether it can be tried and kept."""
        return self.checked.profile is not None and not self.checked.unreadable


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """The last trial on a unit, and the digest of its text."""

    trial: Trial
    base: str


class SiteShelf:
    """See the module. What is named ``…_now`` blocks and belongs off the loop."""

    def __init__(self, work: SiteWork, gateway: OwnGateway | None, clock: Clock) -> None:
        """Take the gateway's folder, if there is one."""
        self.trials: dict[int, Kept] = {}
        self._work = work
        self._gateway = gateway
        self._clock = clock
        self._own = OwnProfiles(gateway.folder) if gateway is not None and gateway.folder is not None else None
        self._judging = asyncio.Lock()

    @property
    def why_not(self) -> Said | Sentence | None:
        """Why nothing can be kept here; None: it can."""
        if self._gateway is None:
            return say.NO_GATEWAY
        return say.NO_PROFILE_FOLDER(file=self._gateway.file) if self._own is None else None

    async def judge(self, text: str, name: str) -> Judged:
        """What is to be said about a text; one at a time, because live polling may share this process."""
        async with self._judging:
            return await asyncio.to_thread(self._judge_now, text, name)

    async def sound(self, text: str, name: str) -> Profile:
        """The profile of a text that can be tried.

        Raises:
            Invalid: with everything that is wrong in it.
        """
        return _sound(await self.judge(text, name))

    async def try_on(self, session: SiteSession, unit: int, text: str, profile: Profile, names: Sequence[str]) -> None:
        """Read the profile's registers of a unit once, and keep what came.

        Raises:
            Refused, Unavailable: as ``SiteSession.try_profile``.
        """
        trial = await session.try_profile(unit, profile, names)
        self.trials.pop(unit, None)
        self.trials[unit] = Kept(trial=trial, base=own_profiles.digest(text))
        while len(self.trials) > KEPT_TRIALS:
            del self.trials[next(iter(self.trials))]

    async def own(self) -> tuple[OwnProfile, ...]:
        """The gateway's own profiles."""
        return await asyncio.to_thread(self._own.all) if self._own is not None else ()

    def units(self, key: str) -> int:
        """How many units the gateway polls with this profile."""
        buses = self._gateway.buses if self._gateway is not None else ()
        return sum(unit.profile.key == key for bus in buses for unit in bus.units)

    def text_now(self, key: str, version_ms: int | None) -> tuple[str, bool, str]:
        """A text to begin with, whether it is the gateway's own, and the digest of what lies there now.

        Raises:
            Refused: if there is no such profile or version.
        """
        own = self._own is not None and self._own.has(key)
        if self._own is not None and (own or version_ms is not None):
            return self._own.text(key, version_ms), True, own_profiles.digest(self._own.text(key)) if own else ""
        known = self._work.profiles.get(key)
        if known is None:
            raise Refused(say.NO_PROFILE(profile=key))
        if key in shipped():
            return own_profiles.shipped_text(key), False, ""
        return own_profile.text(known), False, ""

    async def save(self, key: str, text: str, base: str, *, meant: bool) -> bool:
        """Keep a text as a profile of the gateway's own; whether anything changed.

        Raises:
            Invalid: with everything that is wrong in the text.
            Refused: if it cannot be kept here or under this name, somebody would lose a register, points would be read
                otherwise and it was not meant, or the gateway would not start any more.
            Unavailable: if it cannot be written.
        """
        return await self._work.apart(lambda session: self._save_now(session, key, text, base, meant))

    def _judge_now(self, text: str, name: str) -> Judged:
        key = name.strip()
        checked = check_text(text, key or UNNAMED)
        if not key:
            return Judged(checked=checked, changes=(), name_problem=None)
        found = self._changes(checked.profile) if checked.profile is not None else ()
        return Judged(checked=checked, changes=found, name_problem=self._name_problem(key))

    def _changes(self, after: Profile) -> tuple[Change, ...]:
        try:
            session = self._work.session.state
        except SiteError:
            session = None
        buses = self._gateway.buses if self._gateway is not None else ()
        return profile_uses.changes(after, buses, session, self._work.profiles)

    def _name_problem(self, key: str) -> Refused | None:
        try:
            own_profiles.check_name(key)
        except Refused as error:
            return error
        pushed = self.units(key) > 0 and self._own is not None and not self._own.has(key)
        return Refused(say.PUSHED_NAME(name=key)) if pushed else None

    def _save_now(self, session: SiteSession | None, key: str, text: str, base: str, meant: bool) -> bool:
        if self._own is None or self._gateway is None:
            raise Refused(self.why_not or say.NO_GATEWAY)
        judged = self._judge_now(text, key)
        profile = _sound(judged)
        if judged.name_problem is not None:
            raise judged.name_problem
        gone = [one for one in judged.changes if one.gone]
        if gone:
            raise Refused(say.REGISTERS_GONE(points=profile_uses.points_of(gone)))
        if judged.changes and not meant:
            raise Refused(say.READS_OTHERWISE(points=profile_uses.points_of(judged.changes)))
        try:
            check_profile(self._gateway.file, profile)
        except Invalid as error:
            raise Refused(say.BREAKS_GATEWAY(why=_Placed(error.findings))) from None
        changed = self._own.save(key, text, base, self._clock.now_ms())
        self._work.profiles = {**self._work.profiles, key: profile}
        if session is not None:
            session.take_profile(profile)
        return changed


@dataclass(frozen=True, slots=True)
class _Placed:
    """Findings of the gateway's file for one sentence, each with its place."""

    findings: Sequence[Finding]

    def in_language(self, language: str) -> str:
        """For ``zh`` or ``en``."""
        return "; ".join(f"{one.place} {one.what_in(language)}".strip() for one in self.findings[:MOST_NAMED])


def _sound(judged: Judged) -> Profile:
    checked = judged.checked
    if checked.profile is None or checked.unreadable:
        raise Invalid(checked.errors or checked.unreadable)
    return checked.profile
