"""The exchange, read: how things are with partners, what stands for what, what waits and what was given up."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from core.cases import CaseState, Conflict
from core.exchange import LinkReason, SharedState, Way
from core.intake import Reason, Verdict
from core.ports.exchange import FileRun, ForeignLink, OutgoingRow, PartnerState
from core.ports.registry import Page, PageRequest
from dispatch import tables
from dispatch.database import reading, writing
from dispatch.delivery import DeliveryEvent, DeliveryState, target
from dispatch.exchange.entry import Partner
from dispatch.exchange.states import EFFECTS, PHASES, Effect, contradicts
from dispatch.exchange.tables import fact, foreign, run, sending
from dispatch.exchange.tables import partner as partners
from dispatch.exchange_findings import OVERTAKEN
from dispatch.flag_queries import limit_of_page, number_of, seen
from dispatch.intake_tables import intake

_RUNS = 10
_OPEN = (DeliveryState.WAITING.value, DeliveryState.SENDING.value)
STANDS_FOR = sa.func.coalesce(foreign.c.case, intake.c.case)
"""The number of the case that a row stands for, where ``foreign`` is joined with its intake."""
_COMMUNITY = sa.func.coalesce(tables.case.c.community, intake.c.community, 0)
JOINED = foreign.outerjoin(intake, intake.c.number == foreign.c.intake).outerjoin(
    tables.case, tables.case.c.number == STANDS_FOR
)


def standing_for(connection: sa.Connection, partner: str, numbers: Sequence[int]) -> Sequence[Any]:
    """The partner's rows of ``foreign`` for these cases by ``id``, each with the case as ``stands_for``.

    Two selects, each over the index of its column: for ``STANDS_FOR`` the whole table is read. By partner they are
    chosen here, since SQLite would rather read all of a partner's rows.
    """
    named = sa.select(foreign, foreign.c.case.label("stands_for")).where(foreign.c.case.in_(numbers))
    came_in = sa.select(foreign, intake.c.case.label("stands_for")).join(intake, intake.c.number == foreign.c.intake)
    came_in = came_in.where(intake.c.case.in_(numbers), foreign.c.case.is_(None))
    rows = [row for query in (named, came_in) for row in connection.execute(query) if row.partner == partner]
    return sorted(rows, key=lambda row: int(row.id))


UNKNOWN = "unknown"
"""Where the counts of a file keep what the mapping did not know."""


class SqlExchangeQueries:
    """Reads, and lets managers try again; safe to use from several threads and processes."""

    def __init__(self, engine: sa.Engine, partners: Mapping[str, Partner]) -> None:
        """Read from ``engine``; ``partners`` by name, as the settings know them."""
        self._engine = engine
        self._partners = partners

    def partners(self, now_ms: int, communities: frozenset[int] | None = None) -> Sequence[PartnerState]:
        """All of the settings, by name, with the figures of these communities; ``None``: of the whole city."""
        with reading(self._engine) as connection:
            return [_partner_state(connection, one, now_ms, communities) for _, one in sorted(self._partners.items())]

    def links(
        self,
        partner: str,
        page: PageRequest,
        *,
        conflicts: bool = False,
        waits: bool = False,
        case: int | None = None,
        communities: frozenset[int] | None = None,
    ) -> Page[ForeignLink]:
        """Numbers, newest first; of a partner, or of all (empty); ``waits``: those a gatekeeper has to decide on.

        Raises:
            core.errors.Refused: if the cursor or the limit is not valid.
        """
        last = sa.select(sa.func.max(fact.c.id)).where(fact.c.foreign == foreign.c.id, fact.c.state == foreign.c.state)
        said = fact.alias("said")
        query = (
            sa.select(
                foreign,
                STANDS_FOR.label("stands_for"),
                tables.case.c.code.label("case_code"),
                tables.case.c.state.label("case_state"),
                _COMMUNITY.label("community"),
                intake.c.reasons.label("reasons"),
                said.c.word,
                said.c.way,
            )
            .select_from(JOINED.outerjoin(said, said.c.id == last.correlate(foreign).scalar_subquery()))
            .where(foreign.c.number.is_not(None), seen(_COMMUNITY, communities))
            .order_by(foreign.c.id.desc())
            .limit(limit_of_page(page) + 1)
        )
        if page.cursor:
            query = query.where(foreign.c.id < number_of(page.cursor))
        if partner:
            query = query.where(foreign.c.partner == partner)
        if conflicts:
            query = query.where(_CONFLICT)
        if waits:
            query = query.where(_AT_GATE)
        if case is not None:
            query = query.where(STANDS_FOR.in_((case,)))
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        more = len(rows) > page.limit
        kept = rows[: page.limit]
        return Page(items=tuple(_link(row) for row in kept), next_cursor=str(kept[-1].id) if more else "")

    def outgoing(
        self, partner: str, delivery: str, page: PageRequest, communities: frozenset[int] | None = None
    ) -> Page[OutgoingRow]:
        """Messages, newest first; of a partner and a state of delivery, or of all (empty).

        Raises:
            core.errors.Refused: if the cursor or the limit is not valid.
        """
        query = (
            sa.select(sending, foreign.c.number, tables.case.c.code.label("case_code"))
            .select_from(sending.join(JOINED, foreign.c.id == sending.c.foreign))
            .where(seen(_COMMUNITY, communities))
            .order_by(sending.c.id.desc())
            .limit(limit_of_page(page) + 1)
        )
        if page.cursor:
            query = query.where(sending.c.id < number_of(page.cursor))
        if partner:
            query = query.where(sending.c.partner == partner)
        if delivery:
            query = query.where(sending.c.delivery == delivery)
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        more = len(rows) > page.limit
        kept = rows[: page.limit]
        return Page(items=tuple(_outgoing(row) for row in kept), next_cursor=str(kept[-1].id) if more else "")

    def try_again(self, message: int, actor: str, now_ms: int, communities: frozenset[int] | None = None) -> bool:
        """Let one that was given up begin anew; false if there is none.

        A new case carries the state that was told last, since it arrives after that.

        Raises:
            Conflict: ``wrong_state`` if it is a state and a later one of the same number has gone out: the partner
                would take the case back to the older one.
        """
        values = {"next_ms": now_ms, "since_ms": now_ms, "tries": 0, "done_ms": None}
        return self._changed(message, DeliveryEvent.TRY_AGAIN, actor, values, communities)

    def dismiss(self, message: int, actor: str, now_ms: int, communities: frozenset[int] | None = None) -> bool:
        """Let one that was given up be; false if there is none."""
        return self._changed(message, DeliveryEvent.DISMISS, actor, {"done_ms": now_ms}, communities)

    def _changed(
        self,
        message: int,
        event: DeliveryEvent,
        actor: str,
        values: Mapping[str, object],
        communities: frozenset[int] | None,
    ) -> bool:
        state = target(DeliveryState.GIVEN_UP, event).value
        own = sa.select(foreign.c.id).select_from(JOINED).where(seen(_COMMUNITY, communities))
        mine = (sending.c.id == message, sending.c.delivery == DeliveryState.GIVEN_UP.value, sending.c.foreign.in_(own))
        given = {**values, "delivery": state, "done_by": actor[:64]}
        with writing(self._engine) as connection:
            if event is DeliveryEvent.TRY_AGAIN:
                given |= _as_told_last(connection, mine)
            return bool(connection.execute(sa.update(sending).where(*mine).values(given)).rowcount)


def _as_told_last(connection: sa.Connection, which: Sequence[sa.ColumnElement[bool]]) -> Mapping[str, object]:
    """The state that a message must carry to go out now: none of its own if a later one of its number has gone out.

    Raises:
        Conflict: if it is nothing but that older state.
    """
    later = sending.alias("later")
    gone = (later.c.id > sending.c.id, later.c.delivery.in_((DeliveryState.SENT.value, DeliveryState.SENDING.value)))
    query = sa.select(sending.c.kind, later.c.state, later.c.at_ms)
    query = query.join(later, sa.and_(later.c.foreign == sending.c.foreign, *gone))
    newest = connection.execute(query.where(*which).order_by(later.c.id.desc()).limit(1)).one_or_none()
    if newest is None:
        return {}
    if newest.kind != "case":
        raise Conflict("wrong_state", OVERTAKEN())
    return {"state": newest.state, "at_ms": newest.at_ms}


def _conflict() -> sa.ColumnElement[bool]:
    """As ``states.contradicts``, for the database."""
    found = []
    for said, effects in EFFECTS.items():
        wrong = [state.value for state, phase in PHASES.items() if effects[phase] is Effect.CONFLICT]
        if wrong:
            found.append(sa.and_(foreign.c.state == said.value, tables.case.c.state.in_(wrong)))
    return sa.or_(*found)


_CONFLICT = _conflict()
_AT_GATE = intake.c.verdict == Verdict.WAIT.value


def _partner_state(
    connection: sa.Connection, partner: Partner, now_ms: int, communities: frozenset[int] | None
) -> PartnerState:
    def count(query: sa.Select[Any]) -> int:
        return int(connection.execute(query).scalar_one())

    known = sa.select(sa.func.count()).select_from(JOINED).where(foreign.c.partner == partner.name)
    known = known.where(foreign.c.number.is_not(None), seen(_COMMUNITY, communities))
    mine = sending.c.partner == partner.name
    if communities is not None:
        own = sa.select(foreign.c.id).select_from(JOINED).where(seen(_COMMUNITY, communities))
        mine = sa.and_(mine, sending.c.foreign.in_(own))
    waits = sending.c.delivery.in_(_OPEN)
    row = connection.execute(sa.select(partners).where(partners.c.partner == partner.name)).one_or_none()
    files = sa.select(run).where(run.c.partner == partner.name).order_by(run.c.id.desc()).limit(_RUNS)
    failed = sa.select(sending.c.error).where(mine, sending.c.error != "", sending.c.delivery != "sent")
    given_up = sa.select(sa.func.count()).where(mine, sending.c.delivery == DeliveryState.GIVEN_UP.value)
    return PartnerState(
        partner=partner.name,
        sends=partner.sends if partner.url else "nothing",
        links=count(known),
        conflicts=count(known.where(_CONFLICT)),
        at_gate=count(known.where(_AT_GATE)),
        waiting=count(sa.select(sa.func.count()).where(mine, waits)),
        oldest_ms=connection.execute(sa.select(sa.func.min(sending.c.created_ms)).where(mine, waits)).scalar_one(),
        given_up=count(given_up),
        paused_until_ms=row.paused_until_ms if row is not None and row.paused_until_ms > now_ms else 0,
        heard_ms=None if row is None else row.heard_ms,
        runs=None if communities is not None else [_file_run(one) for one in connection.execute(files)],
        last_error=connection.execute(failed.order_by(sending.c.id.desc()).limit(1)).scalar_one_or_none() or "",
    )


def _link(row: Any) -> ForeignLink:
    reason, distance_m, apart_ms = LinkReason(row.reason), row.distance_m, row.apart_ms
    state = CaseState(row.case_state) if row.case_state else None
    if row.reasons and Reason.BY_HAND.value in json.loads(row.reasons) and row.stands_for is not None:
        fits = {one["case"]: one for one in json.loads(row.candidates)}
        chosen = fits.get(row.stands_for, {})
        reason, distance_m = LinkReason.BY_HAND, chosen.get("distance_m")
        apart_ms = chosen.get("apart_ms")
    said = SharedState(row.state) if row.state else SharedState.REPORTED
    return ForeignLink(
        partner=row.partner,
        number=row.number,
        said=said,
        said_word=row.word or "",
        said_ms=row.state_ms,
        case=row.stands_for,
        case_code=row.case_code or "",
        community=row.community,
        state=state,
        reason=reason,
        distance_m=distance_m,
        apart_ms=apart_ms,
        intake=row.intake,
        conflict=bool(row.state) and contradicts(said, state) and state is not None,
        way=Way(row.way) if row.way else None,
    )


def _outgoing(row: Any) -> OutgoingRow:
    return OutgoingRow(
        id=row.id,
        partner=row.partner,
        number=row.number or "",
        case_code=row.case_code or "",
        kind=row.kind,
        state=SharedState(row.state),
        at_ms=row.at_ms,
        created_ms=row.created_ms,
        delivery=row.delivery,
        next_ms=row.next_ms,
        attempts=row.attempts,
        unsure=bool(row.unsure),
        error=row.error,
        done_ms=row.done_ms,
        done_by=row.done_by,
    )


def _file_run(row: Any) -> FileRun:
    """A file; what the mapping did not know lies beside what became of the rows."""
    counts = json.loads(row.counts)
    unknown = counts.pop(UNKNOWN, {})
    return FileRun(
        kind=row.kind, at_ms=row.at_ms, actor=row.actor, file=row.file, rows=row.rows, counts=counts, unknown=unknown
    )
