"""Cases of other platforms taken in, by file or request: ``core.ports.exchange.Exchange`` over SQL."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from core.cases import Conflict, NotPermitted, RuleInfo, UnknownItem
from core.errors import Invalid
from core.exchange import MOST_IN_REQUEST, ForeignRecord, Way
from core.findings import Finding
from core.ports.exchange import Received
from core.ports.registry import Community, RosterSource
from dispatch import exchange_findings as kinds
from dispatch import tables
from dispatch.database import reading, writing
from dispatch.exchange.entry import EntryWork, Partner, in_order
from dispatch.exchange.mapping import FIELDS, plain
from dispatch.exchange.queries import UNKNOWN, SqlExchangeQueries
from dispatch.exchange.records import Ground, Row, read
from dispatch.exchange.sealing import LEEWAY_MS, digest, holds
from dispatch.exchange.sheets import read_rows
from dispatch.exchange.tables import partner as partners
from dispatch.exchange.tables import run, seal
from dispatch.parts import in_parts
from dispatch.policy import Policy
from dispatch.taskwork import SourceOnce

AT_ONCE = 50
"""Records of one transaction: the alarms do not wait for the rest of a file."""
_MOST_FIELD = 5_000
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
"""What JSON can spell and no database keeps."""
NOT_FOLLOWED = -1
"""Of a partner to which nothing has been sent yet."""


class _DryRunError(Exception):
    """Leaves a transaction without a trace."""


class SqlExchange(SqlExchangeQueries):
    """Reading and writing; safe to use from several threads and processes."""

    def __init__(
        self,
        engine: sa.Engine,
        *,
        rules: Callable[[str], RuleInfo | None],
        source: RosterSource,
        communities: Callable[[], Sequence[Community]],
        partners: Mapping[str, Partner],
        policy: Policy | None = None,
    ) -> None:
        """Write to ``engine`` (prepared by ``dispatch.database.prepare``)."""
        super().__init__(engine, partners)
        self._rules, self._source, self._communities = rules, source, communities
        self._policy = policy or Policy()

    # --- files --------------------------------------------------------------------------------------------------

    def import_file(self, name: str, path: Path, actor: str, now_ms: int, *, dry: bool = False) -> list[Received]:
        """Take a file in, once nothing is wrong with any of its rows; what became of each, in the order of entering.

        It is entered ``AT_ONCE`` rows at a time. An import that is interrupted is simply repeated: what is known
        changes nothing. A dry run enters and takes back each of these parts.

        Raises:
            UnknownItem: if the settings know no such partner.
            Invalid: with everything that is wrong in the file; nothing was entered then.
        """
        partner = self._partner(name)
        rows, wrong = read_rows(path, partner.mapped)
        records = self._records(partner, rows, wrong, now_ms)
        found: list[Received] = []
        for begin in range(0, len(records), AT_ONCE):
            part = records[begin : begin + AT_ONCE]
            found += self._enter(partner, part, Way.FILE, now_ms, dry=dry)
        if not dry:
            unknown = Counter(one.unknown for one in found if one.unknown)
            tally: dict[str, object] = dict(Counter(one.came.value for one in found))
            counts = json.dumps(tally | ({UNKNOWN: unknown} if unknown else {}), sort_keys=True)
            values = {"partner": name, "kind": "import", "at_ms": now_ms, "actor": actor, "rows": len(rows)}
            with writing(self._engine) as connection:
                connection.execute(sa.insert(run), values | {"file": path.name[:255], "counts": counts})
        return found

    # --- requests -----------------------------------------------------------------------------------------------

    def knows(self, partner: str) -> bool:
        """Whether the settings know a partner with a secret for requests."""
        return bool(partner in self._partners and self._partners[partner].secret)

    def take(self, partner: str, time: str, seal: str, body: bytes, now_ms: int) -> Sequence[Received]:
        """Take a signed request: one case or a list, entered together with its signature or not at all.

        Raises:
            NotPermitted: if the signature does not hold.
            Conflict: ``replayed`` if the same request was taken before.
            Invalid: with everything that is wrong in it; nothing was taken then.
        """
        one = self._partners.get(partner)
        if one is None or not holds(one.secret, time, seal, body, now_ms):
            raise NotPermitted(kinds.BAD_SEAL(minutes=LEEWAY_MS // 60_000))
        rows, wrong = _rows(body)
        records = self._records(one, rows, wrong, now_ms)
        return self._enter(one, records, Way.WEBHOOK, now_ms, sealed=digest(seal))

    # --- inside -------------------------------------------------------------------------------------------------

    def _partner(self, name: str) -> Partner:
        if name not in self._partners:
            raise UnknownItem(kinds.NO_PARTNER(name=name))
        return self._partners[name]

    def _records(self, partner: Partner, rows: Sequence[Row], wrong: list[Finding], now_ms: int) -> list[ForeignRecord]:
        """The records, if nothing is wrong with any."""
        zone = self._policy.calendar.zone
        records, found = read(rows, partner.mapped, self._ground(), zone, now_ms)
        wrong = [*wrong, *found, *self._wrong_names(rows)]
        if wrong:
            raise Invalid(sorted(wrong, key=lambda one: (one.file, one.line, one.column)))
        return in_order(records)

    def _ground(self) -> Ground:
        names: dict[str, int] = {}
        for one in self._communities():
            for word in (one.name.en, one.name.zh, one.code):
                names[plain(word)] = one.number
        places = self._source.roster().places.values()
        return Ground(communities=names, facilities={place.code: place for place in places})

    def _wrong_names(self, rows: Sequence[Row]) -> list[Finding]:
        """Rows that name a case of ours that there is not."""
        named = {row.fields["ours"].strip() for row in rows if row.fields.get("ours", "").strip()}
        known: set[str] = set()
        with reading(self._engine) as connection:
            for part in in_parts(sorted(named)):
                query = sa.select(tables.case.c.code).where(tables.case.c.code.in_(part), ~tables.case.c.drill)
                known |= set(connection.execute(query).scalars())
        asked = [(row, row.fields.get("ours", "").strip()) for row in rows]
        return [
            row.at(kinds.OURS_UNKNOWN, "ours", value=code[:40]) for row, code in asked if code and code not in known
        ]

    def _enter(
        self,
        partner: Partner,
        records: Sequence[ForeignRecord],
        way: Way,
        now_ms: int,
        *,
        dry: bool = False,
        sealed: str = "",
    ) -> list[Received]:
        found: list[Received] = []
        source = SourceOnce(self._source)
        try:
            with writing(self._engine) as connection:
                if sealed:
                    _take_seal(connection, partner.name, sealed, now_ms)
                work = EntryWork(
                    connection,
                    partner,
                    rules=self._rules,
                    source=source,
                    policy=self._policy,
                    now_ms=now_ms,
                    way=way,
                )
                found = [work.take(record) for record in records]
                work.work.ledger.flush()
                if dry:
                    raise _DryRunError
        except _DryRunError:
            return found
        return found


def _take_seal(connection: sa.Connection, partner: str, sealed: str, now_ms: int) -> None:
    connection.execute(sa.delete(seal).where(seal.c.at_ms < now_ms - 2 * LEEWAY_MS - 60_000))
    same = (seal.c.partner == partner, seal.c.digest == sealed)
    if connection.execute(sa.select(sa.exists().where(*same))).scalar_one():
        raise Conflict("replayed", kinds.REPLAYED())
    connection.execute(sa.insert(seal), {"partner": partner, "digest": sealed, "at_ms": now_ms})
    changed = connection.execute(sa.update(partners).where(partners.c.partner == partner).values(heard_ms=now_ms))
    if not changed.rowcount:
        connection.execute(sa.insert(partners), fresh(partner) | {"heard_ms": now_ms})


def fresh(partner: str) -> dict[str, Any]:
    """The row of a partner of which nothing is known yet."""
    return {
        "partner": partner,
        "seen": NOT_FOLLOWED,
        "exported": 0,
        "paused_until_ms": 0,
        "failures": 0,
        "heard_ms": None,
    }


def _rows(body: bytes) -> tuple[list[Row], list[Finding]]:
    """The objects of a request by the names of our fields.

    Raises:
        Invalid: if it is no object and no list of objects, or too many.
    """
    try:
        raw: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Invalid([kinds.FILE_FORM_JSON.at()]) from error
    listed = raw.get("cases", [raw]) if isinstance(raw, dict) else raw
    if not isinstance(listed, list) or not listed or not all(isinstance(one, dict) for one in listed):
        raise Invalid([kinds.FILE_FORM_JSON.at()])
    if len(listed) > MOST_IN_REQUEST:
        raise Invalid([kinds.TOO_MANY.at(most=MOST_IN_REQUEST)])
    rows, wrong = [], list[Finding]()
    for number, one in enumerate(listed, start=1):
        fields: dict[str, str] = {}
        for name, value in one.items():
            if name not in FIELDS or not (value is None or isinstance(value, str | int | float)):
                wrong.append(kinds.FIELD_UNKNOWN.at("", number, name=_NO_TEXT.sub("?", name)[:40]))
            elif value is not None and _NO_TEXT.search(str(value)):
                wrong.append(kinds.NOT_TEXT.at("", number, name=name))
            elif value is not None:
                fields[name] = str(value)[:_MOST_FIELD]
        rows.append(Row(fields, "", number))
    return rows, wrong
