"""Commissioning at work: one session is one bus, from nothing to the signed record.

The I/O around ``gateway.site_survey``. Each step can be used alone, again, and after a restart: what is known is
written to the session's folder after each of them, and during a long one every few seconds. Steps that ask the bus are
coroutines; one at a time. ``stop`` ends the running one after the question that is out; it then returns what it has.
Nothing but reads (functions 1 to 4 and 43) ever leaves.

In a folder: ``session.json``, ``photos/``, and once signed ``record.json``, ``record-zh.pdf``, ``record-en.pdf``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.clock import Clock
from core.places import Text
from gateway.lines.base import Line, Stamp
from gateway.profile import Profile
from gateway.site_survey.grid import Cell
from gateway.site_survey.record import AsBuilt, Placement
from gateway.site_survey.scan import Found, Progress, Setting
from gateway.site_survey.state import (
    BusAddress,
    FitState,
    PointState,
    ProofState,
    ReferenceReading,
    SessionState,
    SignedState,
    SolutionState,
    Step,
    TimingState,
    UnitState,
)
from gateway.transport import Transport

Pace = Callable[[], Awaitable[None]]
"""Awaited before each question; returns when the bus may be used."""
Opener = Callable[[Transport, Stamp], Line]
"""Makes a line, such as ``gateway.lines.open_line``."""
OnFind = Callable[[Progress, Found | None], None]
"""Told after each question of a search; with the unit when one was found."""
OnWatch = Callable[[float, int, int], None]
"""Told after each poll: seconds so far, polls, errors."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Configuration:
    """What the gateway must be told to read what was proven.

    Attributes:
        buses: YAML text with the key ``buses``, and ``profiles`` where units differ from the shipped ones.
        profiles: file name to YAML text of profiles of this site, to be put into the folder that ``profiles`` names.
    """

    buses: str
    profiles: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Signed:
    """A signed record: the facts, their digest, and the files that were written (``pdf`` by language)."""

    record: AsBuilt
    state: SignedState
    file: Path
    pdf: Mapping[str, Path]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rechecked:
    """What contradicts a signed record now, by unit; of units ``unheard`` nothing is said."""

    contradictions: Mapping[int, tuple[Text, ...]]
    unheard: tuple[int, ...]


class SiteSession:
    """One session; see the module.

    ``running`` says which step is using the bus; ``state`` is the newest state, replaced as a whole at each change.
    """

    state: SessionState
    running: Step | None

    def __init__(
        self,
        folder: Path,
        bus: BusAddress | None = None,
        *,
        profiles: Mapping[str, Profile] | None = None,
        opener: Opener | None = None,
        shared: Line | None = None,
        pace: Pace | None = None,
        least_pause_s: float = 0.02,
        clock: Clock | None = None,
        on_change: Callable[[SessionState], None] | None = None,
    ) -> None:
        """Begin a session in a new folder, or go on with the one that is there.

        Args:
            folder: of the session; made if it is missing.
            bus: where; may be left out where a session exists, and must agree with it otherwise.
            profiles: by key; None: those that are shipped.
            opener: makes lines; None: ``open_line``.
            shared: a line that live polling uses too: it is used as it is, never reopened and never closed.
            pace: awaited before each question, so that it goes between the turns of live polling.
            least_pause_s: silence before each question beyond that.
            clock: None: the machine's.
            on_change: told of every new state, after it was written.

        Raises:
            Refused: if the folder holds the session of another bus, or no session and no bus was given.
            Unavailable: if the folder cannot be written.
        """
        raise NotImplementedError

    def stop(self) -> None:
        """End the running step after the question that is out; it returns what it has."""
        raise NotImplementedError

    async def close(self) -> None:
        """Stop, wait for the running step, and close the line (not a shared one)."""
        raise NotImplementedError

    # --- 1 find -------------------------------------------------------------------------------------------------

    async def find(
        self,
        settings: Sequence[Setting] = (),
        units: Sequence[int] = (),
        on_progress: OnFind | None = None,
        *,
        timeout_s: float = 0.3,
        thorough: bool = False,
    ) -> tuple[UnitState, ...]:
        """Search the bus; a search that was stopped goes on where it ended if it is asked for alike.

        Args:
            settings: serial settings to try; empty: those of the profiles and the usual ones. Ignored on TCP.
            units: unit ids; empty: 1 to 247.
            on_progress: told after each question, with questions asked, planned, seconds left.
            timeout_s: how long a question waits.
            thorough: search every setting through all unit ids.

        Returns:
            All units of the session, by unit id.

        Raises:
            Unavailable: if the host or port cannot be opened.
            Refused: if a step is running already.
        """
        raise NotImplementedError

    def add(self, unit: int, setting: Setting | None = None) -> UnitState:
        """Enter a unit by hand, without a search.

        Raises:
            Refused: if the unit id is none.
        """
        raise NotImplementedError

    def drop(self, unit: int) -> None:
        """Forget a unit."""
        raise NotImplementedError

    # --- 2 identify ---------------------------------------------------------------------------------------------

    async def identify(
        self, unit: int, on_progress: Callable[[tuple[FitState, ...]], None] | None = None
    ) -> tuple[FitState, ...]:
        """Ask the unit who it is, then what its registers hold, until one profile stands out.

        The best profile is chosen if it is sure; otherwise ``choose_profile`` is a person's to call.

        Returns:
            The profiles that fit best, at most ten.

        Raises:
            Unavailable: if the bus cannot be opened.
            Refused: if there is no such unit, or a step is running.
        """
        raise NotImplementedError

    def choose_profile(self, unit: int, profile: str) -> UnitState:
        """Use this profile for the unit (empty: none); what was solved and proven with another one is dropped.

        Raises:
            Refused: if there is no such unit or profile.
        """
        raise NotImplementedError

    # --- 3 read -------------------------------------------------------------------------------------------------

    async def look(self, unit: int, function: int, address: int, count: int) -> tuple[Cell, ...]:
        """Read words and show what each could mean; call it again and again for a live grid.

        Addresses that the unit refuses are left out; a block it refuses is halved until they are found.

        Args:
            unit: which.
            function: 3 or 4.
            address: first, from 0.
            count: how many, at most 1,000.

        Raises:
            Unavailable: if the bus cannot be opened, or nothing answered.
            Refused: if there is no such unit, the range is none, or a step is running.
        """
        raise NotImplementedError

    async def look_at_profile(self, unit: int) -> tuple[Cell, ...]:
        """Read all registers of the unit's profile, with the address before and after each block, as one snapshot.

        Raises:
            Unavailable, Refused: as ``look``.
        """
        raise NotImplementedError

    def solve(self, unit: int, shown: Mapping[str, str]) -> SolutionState:
        """How the registers hold what the display shows, judged by the newest words of each place that was looked at.

        Call ``look`` (or ``look_at_profile``), type, call this; what is typed at another moment adds a sample.

        Args:
            unit: which.
            shown: by quantity (name of the profile's register, or any name where there is no profile), the number as
                the display shows it, such as ``"230.5"``; an empty text forgets the quantity's samples.

        Raises:
            Refused: if nothing was looked at yet, or a text is no number; all such texts at once.
        """
        raise NotImplementedError

    def choose(self, unit: int, register: str, index: int) -> UnitState:
        """Use another of a quantity's candidates.

        Raises:
            Refused: if there is none of this index.
        """
        raise NotImplementedError

    def select(self, unit: int, points: Sequence[PointState]) -> UnitState:
        """Say which quantities are points, with measurement and interval; proofs of those that stay are kept.

        Raises:
            Refused: if a quantity is not known; all such at once.
        """
        raise NotImplementedError

    # --- 4 prove ------------------------------------------------------------------------------------------------

    async def prove(self, unit: int, references: Sequence[ReferenceReading]) -> tuple[ProofState, ...]:
        """Read the points as they will be read later and judge them; a quantity that was no point becomes one.

        Raises:
            Refused: if a quantity is not known or a text is no number (all at once), or a step is running.
            Unavailable: if the bus cannot be opened.
        """
        raise NotImplementedError

    async def watch(self, unit: int, seconds: float = 60.0, on_progress: OnWatch | None = None) -> TimingState:
        """Poll the unit's points for a while: response times and errors.

        Raises:
            Refused: if the unit has neither points nor a profile, or a step is running.
            Unavailable: if the bus cannot be opened.
        """
        raise NotImplementedError

    # --- 5 place ------------------------------------------------------------------------------------------------

    def place(self, unit: int, placement: Placement, name: str = "") -> UnitState:
        """Say where the unit belongs, and its name in the configuration.

        Raises:
            Refused: if there is no such unit, or the facility's code or the name cannot be one.
        """
        raise NotImplementedError

    def attach(self, unit: int, photo: Path) -> str:
        """Copy a photo into the session and keep its SHA-256, which is returned.

        Raises:
            Refused: if there is no such unit, or the file cannot be read or is larger than 20 MB.
        """
        raise NotImplementedError

    def bulk(self, template_unit: int, rows: Path) -> tuple[UnitState, ...]:
        """Give further units the template's profile, differences, points and intervals.

        Args:
            template_unit: the unit to take over from.
            rows: CSV or XLSX with a heading row: ``unit``, ``facility``, ``name``, ``facility_class``,
                ``governance_cell``, ``construction_cell``, ``note``; the first two are required. Chinese headings too.

        Raises:
            Invalid: with everything that is wrong in any row, with row and column number; then nothing is changed.
            Refused: if there is no such template.
        """
        raise NotImplementedError

    # --- 6 sign -------------------------------------------------------------------------------------------------

    def sign(self, by: str, *, key_file: Path | None = None, version: str = "") -> Signed:
        """Make the as-built record, sign it and write JSON and PDF.

        Args:
            by: who signs.
            key_file: Ed25519 key of the gateway, made at first use; None: ``site.key`` in the session's folder.
            version: of the program.

        Raises:
            Refused: if there is no unit with a point, or no name was given.
        """
        raise NotImplementedError

    def configuration(self) -> Configuration:
        """What the gateway must be told: every unit with its points, registers as solved.

        Raises:
            Refused: if no unit has a point.
        """
        raise NotImplementedError

    async def recheck(self, record: Mapping[str, Any]) -> Rechecked:
        """Ask the units of a signed record for what identifies them, and compare.

        Args:
            record: content of ``record.json``.

        Raises:
            Refused: if it is no record, or a step is running.
            Unavailable: if the bus cannot be opened.
        """
        raise NotImplementedError
