"""The desk of a commissioning session: all that is decided, written and signed without asking the bus.

``SiteSession`` is this with the steps that ask.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from core.clock import Clock, SystemClock
from core.errors import Refused
from core.units import UNITS
from gateway import site_bulk, site_sign
from gateway import site_findings as say
from gateway.own_profiles import OwnProfiles, is_name
from gateway.profile import Profile
from gateway.profile_file import shipped
from gateway.profile_uses import renewed
from gateway.site_store import SiteStore
from gateway.site_survey import built, own_profile, solving
from gateway.site_survey.configuration import PROFILE_FOLDER, Configuration, configuration
from gateway.site_survey.drill import ENDED, NOT_PLACED, WAITING, DrillStage, DrillState
from gateway.site_survey.fitted import fitted, metric
from gateway.site_survey.record import AsBuilt, Placement, digest, document
from gateway.site_survey.scan import Setting
from gateway.site_survey.state import (
    NO_SETTING,
    BusAddress,
    PointState,
    ReferenceReading,
    SessionState,
    SignedState,
    SolutionState,
    UnitState,
    drill_key,
)
from gateway.site_survey.typed import is_shown

RECORD_FILE: Final = "record.json"
KEY_FILE: Final = "site.key"


@dataclass(frozen=True, kw_only=True, slots=True)
class Signed:
    """A signed record: the facts, their digest, and the files that were written (``pdf`` by language)."""

    record: AsBuilt
    state: SignedState
    file: Path
    pdf: Mapping[str, Path]


class SiteDesk:
    """What is known of a session, kept in its folder.

    ``state`` is the newest state, replaced as a whole at each change.
    """

    def __init__(
        self,
        folder: Path,
        bus: BusAddress | None,
        profiles: Mapping[str, Profile] | None,
        clock: Clock | None,
        on_change: Callable[[SessionState], None] | None,
    ) -> None:
        """Begin a session, or go on with the one in the folder; see ``SiteSession``."""
        self._clock: Clock = clock or SystemClock()
        self._store = SiteStore(folder)
        self._own = OwnProfiles(folder / PROFILE_FOLDER)
        self._profiles = {**self._own.sound(), **(profiles if profiles is not None else shipped())}
        self._on_change = on_change
        self._saved_s = self._clock.monotonic_s()
        found = self._store.load()
        if found is None and bus is None:
            raise Refused(say.NO_SESSION(folder=folder))
        if found is not None and bus is not None and str(found.bus) != str(bus):
            raise Refused(say.OTHER_BUS(folder=folder, there=found.bus, wanted=bus))
        self.state = found or SessionState(bus=bus or BusAddress(), began_ms=self._clock.now_ms())
        if found is None:
            self._store.save(self.state)

    def add(self, unit: int, setting: Setting | None = None) -> UnitState:
        """Enter a unit by hand, without a search.

        Raises:
            Refused: if the unit id is none.
        """
        if not 1 <= unit <= 255:
            raise Refused(say.BAD_UNIT(unit=unit))
        known = self.state.units.get(unit)
        if known is not None and setting in (None, known.setting):
            return known
        base = known or UnitState(unit=unit)
        return self._put(replace(base, setting=setting or NO_SETTING))

    def drop(self, unit: int) -> None:
        """Forget a unit."""
        self._unit(unit)
        units = {number: one for number, one in self.state.units.items() if number != unit}
        self._change(replace(self.state, units=units, signed=None))

    def choose_profile(self, unit: int, profile: str) -> UnitState:
        """Use this profile for the unit (empty: none); what was solved and proven with another one is dropped.

        Raises:
            Refused: if there is no such unit or profile.
        """
        state = self._unit(unit)
        if profile and profile not in self._profiles:
            raise Refused(say.NO_PROFILE(profile=profile))
        self._keep_profiles([profile])
        return state if profile == state.profile else self._put(without_proofs(state, profile))

    def take_profile(self, profile: Profile) -> None:
        """Use a profile that was written just now; a proof of what it reads otherwise is none any more."""
        state = renewed(self.state, self._profiles.get(profile.key), profile)
        self._profiles = {**self._profiles, profile.key: profile}
        if any(unit.profile == profile.key for unit in state.units.values()):
            self._keep_profiles([profile.key])
        if state != self.state:
            self._change(state)

    def solve(self, unit: int, shown: Mapping[str, str]) -> SolutionState:
        """How the registers hold what the display shows, judged by the newest words of each place that was looked at.

        Call ``look`` (or ``look_at_profile``), type, call this; what is typed at another moment adds a sample.

        Args:
            unit: which.
            shown: by quantity (name of the profile's register, or any name where there is no profile), the number as
                the display shows it, such as ``"230.5"`` or ``"1286.00 kWh"``; an
                empty text forgets it.

        Raises:
            Refused: if nothing was looked at yet, or a text is no number; all such texts at once.
        """
        state = self._unit(unit)
        profile = self._profiles.get(state.profile)
        wrong = solving.not_numbers(shown, profile.registers if profile else {})
        if wrong:
            raise Refused(say.NO_NUMBERS(texts=", ".join(map(repr, wrong))))
        if not state.snapshots:
            raise Refused(say.NOTHING_SEEN(unit=unit))
        found = solving.solved(state, profile, shown)
        before, after = fitted(profile, state).registers, fitted(profile, found).registers
        points = {
            name: point if before.get(name) == after.get(name) else replace(point, proof=None)
            for name, point in found.points.items()
            if name in after
        }
        self._put(replace(found, points=points))
        return found.solution or SolutionState()

    def choose(self, unit: int, register: str, index: int) -> UnitState:
        """Use another of a quantity's candidates.

        Raises:
            Refused: if there is none of this index.
        """
        state = self._unit(unit)
        one = state.solved.get(register)
        if one is None or not 0 <= index < len(one.candidates):
            count = len(one.candidates) if one else 0
            raise Refused(say.NO_CANDIDATE(register=register, index=index, count=count))
        points = dict(state.points)
        if register in points and index != one.chosen:
            points[register] = replace(points[register], proof=None)
        solved = {**state.solved, register: replace(one, chosen=index, decided=True)}
        return self._put(replace(state, solved=solved, points=points))

    def check(self, unit: int, references: Sequence[ReferenceReading]) -> Profile:
        """Whether what was seen can be proven: the unit's own map.

        Raises:
            Refused: if a quantity is not known or a text is no number; all of a kind at once.
        """
        own = self._known_quantities(self._unit(unit), [one.register for one in references])
        wrong = [one.shown for one in references if not is_shown(one.shown, own.registers[one.register].unit)]
        if wrong:
            raise Refused(say.NO_NUMBERS(texts=", ".join(map(repr, wrong))))
        return own

    def share_points(self, unit: int, others: Sequence[int]) -> tuple[UnitState, ...]:
        """Give units of the same product the points of this one; points and proofs that they have stay.

        Raises:
            Refused: if there is no such unit, or one is another product.
        """
        template = self._unit(unit)
        foreign = [number for number in others if self._unit(number).profile != template.profile]
        if foreign or not template.profile:
            raise Refused(say.OTHER_PRODUCT(unit=unit, units=", ".join(map(str, foreign)) or unit))
        state = self.state
        for number in others:
            one = state.units[number]
            fresh = {name: replace(point, proof=None) for name, point in template.points.items()}
            state = state.with_unit(replace(one, points={**fresh, **one.points}))
        self._change(state)
        return tuple(state.units[number] for number in others)

    def choose_profiles(self, choices: Mapping[int, str]) -> None:
        """``choose_profile`` for many units; all of them or, if one is wrong, none.

        Raises:
            Refused: if there is no such unit or profile.
        """
        for unit, profile in choices.items():
            self._unit(unit)
            if profile and profile not in self._profiles:
                raise Refused(say.NO_PROFILE(profile=profile))
        self._keep_profiles(choices.values())
        state = self.state
        for unit, profile in choices.items():
            one = state.units[unit]
            state = state if profile == one.profile else state.with_unit(without_proofs(one, profile))
        self._change(state)

    def place_all(self, places: Mapping[int, tuple[Placement, str]]) -> None:
        """``place`` for many units; all of them or, if one is wrong, none.

        Raises:
            Refused: as ``place``; all facilities that cannot be one at once.
        """
        wrong = [one.facility for one, _ in places.values() if not site_bulk.FACILITY.fullmatch(one.facility)]
        if wrong:
            raise Refused(say.BAD_FACILITY(facility=", ".join(map(repr, wrong))))
        names = [name for _, name in places.values() if len(name) > site_bulk.MOST_NAME]
        if names:
            raise Refused(say.BAD_NAME(name=", ".join(map(repr, names))))
        state = self.state
        for unit, (placement, name) in places.items():
            one = self._unit(unit)
            state = state.with_unit(replace(one, placement=placement, name=name or one.name))
        self._change(state)

    def select(self, unit: int, points: Sequence[PointState]) -> UnitState:
        """Say which quantities are points, with measurement and interval; proofs of those that stay are kept.

        Raises:
            Refused: if a quantity is not known; all such at once.
        """
        state = self._unit(unit)
        self._known_quantities(state, [point.register for point in points])
        names = [point.measurement for point in points]
        wrong = [name for name in names if not site_bulk.FACILITY.fullmatch(name) or names.count(name) > 1]
        if wrong:
            raise Refused(say.BAD_MEASUREMENT(names=", ".join(map(repr, dict.fromkeys(wrong)))))
        units = [point.unit for point in points if point.unit and point.unit not in UNITS]
        if units:
            raise Refused(say.BAD_POINT_UNIT(names=", ".join(map(repr, units))))
        kept = {name: point.proof for name, point in state.points.items()}
        chosen = {point.register: replace(point, proof=point.proof or kept.get(point.register)) for point in points}
        return self._put(replace(state, points=chosen))

    def place(self, unit: int, placement: Placement, name: str = "") -> UnitState:
        """Say where the unit belongs, and its name in the configuration.

        Raises:
            Refused: if there is no such unit, or the facility's code or the name cannot be one.
        """
        state = self._unit(unit)
        if not site_bulk.FACILITY.fullmatch(placement.facility):
            raise Refused(say.BAD_FACILITY(facility=repr(placement.facility)))
        if len(name) > site_bulk.MOST_NAME:
            raise Refused(say.BAD_NAME(name=repr(name)))
        return self._put(replace(state, placement=placement, name=name or state.name))

    def attach(self, unit: int, photo: Path) -> str:
        """Copy a photo into the session and keep its SHA-256, which is returned.

        Raises:
            Refused: if there is no such unit, or the file cannot be read or is larger than 20 MB.
        """
        state = self._unit(unit)
        name, sha256 = self._store.keep_photo(unit, photo)
        self._put(replace(state, photos={**state.photos, name: sha256}))
        return sha256

    def bulk(self, template_unit: int, rows_file: Path) -> tuple[UnitState, ...]:
        """Give further units the template's profile, differences, points and intervals.

        Args:
            template_unit: the unit to take over from.
            rows_file: CSV or XLSX with a heading row: ``unit``, ``facility``, ``name``, ``facility_class``,
                ``governance_cell``, ``construction_cell``, ``note``; the first two are required. Chinese headings too.

        Raises:
            Invalid: with everything that is wrong in any row, with row and column number; then nothing is changed.
            Refused: if there is no such template.
        """
        template = self._unit(template_unit)
        rows = site_bulk.read(rows_file, self.state.units, template_unit)
        state = self.state
        for row in rows:
            state = state.with_unit(site_bulk.from_template(template, row, state.units.get(row.unit)))
        self._change(state)
        return tuple(state.units[row.unit] for row in rows)

    def sign(self, by: str, *, key_file: Path | None = None, version: str = "") -> Signed:
        """Make the as-built record, sign it and write JSON and PDF.

        Args:
            by: who signs.
            key_file: Ed25519 key of the gateway, made at first use; None: ``site.key`` in the session's folder.
            version: of the program.

        Raises:
            Refused: if there is no unit with a point, or no name was given.
        """
        from gateway import site_paper  # only who signs needs a typesetter

        if not by.strip():
            raise Refused(say.NO_SIGNER())
        if not any(unit.points for unit in self.state.units.values()):
            raise Refused(say.NO_POINTS())
        key = site_sign.own_key(key_file or self._store.folder / KEY_FILE)
        now_ms = self._clock.now_ms()
        digests = {unit.profile: built.shipped_digest(unit.profile) for unit in self.state.units.values()}
        record = built.as_built(self.state, self._profiles, digests, by.strip(), now_ms, version)
        envelope = site_sign.signed(document(record), key)
        papers = {language: site_paper.record_pdf(envelope, language) for language in site_paper.LANGUAGES}
        self._store.set_aside("record*.*", str(now_ms))
        file = self._store.write(RECORD_FILE, site_sign.written(envelope))
        pdf = {language: self._store.write(f"record-{language}.pdf", data) for language, data in papers.items()}
        signed = SignedState(
            by=record.by,
            time_ms=now_ms,
            digest=digest(document(record)),
            key=site_sign.verify(site_sign.written(envelope)).key,
            record=file.name,
            paper={language: path.name for language, path in pdf.items()},
        )
        self._change(replace(self.state, signed=signed))
        return Signed(record=record, state=signed, file=file, pdf=pdf)

    def call_drill(self, unit: int, register: str, by: str = "") -> DrillState:
        """The test alarm of a point: the call that has not ended yet, or a new one. Nothing is sent here.

        Raises:
            Refused: if there is no such unit or point, or the unit has no facility.
        """
        state = self._unit(unit)
        point = state.points.get(register)
        if point is None:
            raise Refused(say.NO_POINT(unit=unit, name=register, known=", ".join(state.points) or "-"))
        if state.placement is None:
            raise Refused(NOT_PLACED(unit=unit))
        known, now_ms = self.state.drills.get(drill_key(unit, register)), self._clock.now_ms()
        name = metric(state, point)
        if known is not None and known.metric == name and known.stage not in ENDED:
            if known.stage in WAITING:
                return known
            # What may have arrived after all is found again under its id.
            again = replace(known, asked_ms=now_ms, stage=DrillStage.ASKED, problem=None, by=by or known.by)
            return self.note_drill(unit, register, again)
        call = DrillState(id=secrets.token_hex(8), metric=name, asked_ms=now_ms, by=by)
        return self.note_drill(unit, register, call)

    def note_drill(self, unit: int, register: str, drill: DrillState) -> DrillState:
        """Keep how a test alarm stands; what was signed stays signed."""
        self._change(replace(self.state, drills={**self.state.drills, drill_key(unit, register): drill}))
        return drill

    def configuration(self) -> Configuration:
        """What the gateway must be told: every unit with its points, registers as solved.

        Raises:
            Refused: if no unit has a point.
        """
        if not any(unit.points for unit in self.state.units.values()):
            raise Refused(say.NO_POINTS())
        return configuration(self.state, self._profiles)

    def _keep_profiles(self, keys: Iterable[str]) -> None:
        """A profile that does not come with Twingrid goes along with the session: who opens it may not have it."""
        for key in set(keys) - shipped().keys():
            if key and is_name(key):
                text = own_profile.text(self._profiles[key])
                self._store.write(f"{PROFILE_FOLDER}/{key}.yaml", text.encode())

    def _unit(self, unit: int) -> UnitState:
        found = self.state.units.get(unit)
        if found is None:
            raise Refused(say.NO_UNIT(unit=unit, known=", ".join(map(str, self.state.units)) or "-"))
        return found

    def _put(self, unit: UnitState) -> UnitState:
        self._change(self.state.with_unit(unit))
        return unit

    def _change(self, state: SessionState) -> None:
        self._store.save(state)
        self.state = state
        self._saved_s = self._clock.monotonic_s()
        if self._on_change is not None:
            self._on_change(state)

    def _known_quantities(self, state: UnitState, names: Sequence[str]) -> Profile:
        """The unit's own map, if it has all of these."""
        own = fitted(self._profiles.get(state.profile), state)
        unknown = [name for name in names if name not in own.registers]
        if unknown:
            known = ", ".join(own.registers) or "-"
            raise Refused(say.NO_QUANTITY(unit=state.unit, names=", ".join(map(repr, unknown)), known=known))
        return own


def without_proofs(state: UnitState, profile: str) -> UnitState:
    """The unit with another profile, and without what was solved and proven with the one before."""
    return replace(state, profile=profile, solution=None, solved={}, points={}, timing=None, frames=())
