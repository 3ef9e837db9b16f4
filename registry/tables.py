"""Tables of the registry: what stands where and who is who.

Numbers are given out by ``registry_counter`` and never come back, even if a row should ever be removed; rows are
retired (``active`` false, ``valid_to``), not deleted, because readings, alarms and cases refer to their numbers for
years. Texts in two languages are two columns. Geometry is stored as GeoJSON text (WGS-84): the database need not know
it.
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_CODE = sa.String(64)
_NAME = sa.String(200)
_NOTE = sa.String(1000)


def _number() -> sa.Column[int]:
    return sa.Column("number", sa.Integer, primary_key=True, autoincrement=False)


counter = sa.Table(
    "registry_counter",
    metadata,
    sa.Column("kind", sa.String(20), primary_key=True),
    sa.Column("last", sa.Integer, nullable=False),
)
"""The last number of each kind (``facility``, ``point``, …) and, as kind ``version``, the registry's version."""

street = sa.Table(
    "registry_street",
    metadata,
    sa.Column("code", _CODE, primary_key=True),
    sa.Column("name_zh", _NAME, nullable=False),
    sa.Column("name_en", _NAME, nullable=False),
)

community = sa.Table(
    "registry_community",
    metadata,
    _number(),
    sa.Column("code", _CODE, nullable=False, unique=True),
    sa.Column("name_zh", _NAME, nullable=False),
    sa.Column("name_en", _NAME, nullable=False),
    sa.Column("street", sa.ForeignKey(street.c.code), nullable=False),
    sa.Column("valid_from", sa.String(10), nullable=False),
    sa.Column("valid_to", sa.String(10), nullable=False),
    sa.Column("latitude", sa.Float, nullable=False),
    sa.Column("longitude", sa.Float, nullable=False),
)

village = sa.Table(
    "registry_village",
    metadata,
    sa.Column("code", _CODE, primary_key=True),
    sa.Column("name_zh", _NAME, nullable=False),
    sa.Column("name_en", _NAME, nullable=False),
    sa.Column("community", sa.ForeignKey(community.c.number), nullable=False),
    sa.Column("merged_on", sa.String(10), nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
)
"""Villages that were merged into a community; what they own may still be kept in books of their own."""

amenity = sa.Table(
    "registry_amenity",
    metadata,
    sa.Column("community", sa.ForeignKey(community.c.number), primary_key=True),
    sa.Column("item", _CODE, primary_key=True),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("amount", sa.Float),
    sa.Column("note_zh", _NOTE, nullable=False),
    sa.Column("note_en", _NOTE, nullable=False),
    sa.Column("checked_on", sa.String(10), nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
)
"""What is stated of the items of the complete-community standard (``registry/standards``)."""

department = sa.Table(
    "registry_department",
    metadata,
    sa.Column("code", _CODE, primary_key=True),
    sa.Column("name_zh", _NAME, nullable=False),
    sa.Column("name_en", _NAME, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
)

cell = sa.Table(
    "registry_cell",
    metadata,
    sa.Column("code", _CODE, primary_key=True),
    sa.Column("valid_from", sa.String(10), primary_key=True),
    sa.Column("valid_to", sa.String(10), nullable=False),
    sa.Column("grid", sa.String(20), nullable=False),
    sa.Column("community", sa.ForeignKey(community.c.number), nullable=False, index=True),
    sa.Column("name_zh", _NAME, nullable=False),
    sa.Column("name_en", _NAME, nullable=False),
    sa.Column("polygon", sa.Text, nullable=False),
    sa.Column("neighbours", sa.Text, nullable=False),
    sa.CheckConstraint("grid IN ('governance', 'construction')", name="grid"),
)

calendar = sa.Table(
    "registry_calendar",
    metadata,
    sa.Column("kind", sa.String(20), primary_key=True),
    sa.Column("key", _CODE, primary_key=True),
    sa.Column("item", sa.Text, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
)
"""Entries of the site calendar; ``item`` is JSON (``registry.calendar_entries``), ``key`` the order where it counts."""

facility = sa.Table(
    "registry_facility",
    metadata,
    _number(),
    sa.Column("code", _CODE, nullable=False, unique=True),
    sa.Column("name_zh", _NAME, nullable=False),
    sa.Column("name_en", _NAME, nullable=False),
    sa.Column("class_id", _CODE, nullable=False, index=True),
    sa.Column("community", sa.ForeignKey(community.c.number), nullable=False, index=True),
    sa.Column("latitude", sa.Float, nullable=False),
    sa.Column("longitude", sa.Float, nullable=False),
    sa.Column("cell_governance", _CODE, nullable=False, index=True),
    sa.Column("cell_construction", _CODE, nullable=False, index=True),
    sa.Column("address_zh", _NAME, nullable=False),
    sa.Column("address_en", _NAME, nullable=False),
    sa.Column("attributes", sa.Text, nullable=False),
    sa.Column("provenance", sa.String(20), nullable=False),
    sa.Column("provenance_note_zh", _NOTE, nullable=False),
    sa.Column("provenance_note_en", _NOTE, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("parent", sa.Integer, index=True),
    sa.Column("redundant_set", _CODE),
    sa.Column("built", sa.String(10), nullable=False, server_default=sa.text("''")),
    sa.Column("owner_kind", sa.String(20), nullable=False, server_default=sa.text("''")),
    sa.Column("owner", _NAME, nullable=False, server_default=sa.text("''")),
    sa.Column("cost_book", _CODE, nullable=False, server_default=sa.text("''")),
    sa.Column("component_code", _CODE, nullable=False, server_default=sa.text("''")),
)
"""``parent`` (a facility's number) supplies or contains the facility. SQLite adds no named constraint to a table that
is there, so the reference is kept by ``registry_supply``, which every change of a parent enters."""

supply = sa.Table(
    "registry_supply",
    metadata,
    sa.Column("facility", sa.ForeignKey(facility.c.number), primary_key=True),
    sa.Column("from_ms", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("parent", sa.ForeignKey(facility.c.number)),
    sa.Column("redundant_set", _CODE),
)
"""Parent and redundant set of a facility from a moment on; before its first row it had neither."""

gateway = sa.Table(
    "registry_gateway",
    metadata,
    _number(),
    sa.Column("group_id", _CODE, nullable=False),
    sa.Column("node_id", _CODE, nullable=False),
    sa.Column("name_zh", _NAME, nullable=False),
    sa.Column("name_en", _NAME, nullable=False),
    sa.Column("community", sa.ForeignKey(community.c.number), nullable=False),
    sa.Column("facility", sa.ForeignKey(facility.c.number)),
    sa.Column("enrolled_ms", sa.BigInteger, nullable=False),
    sa.Column("revoked_ms", sa.BigInteger),
    sa.UniqueConstraint("group_id", "node_id"),
)

point = sa.Table(
    "registry_point",
    metadata,
    _number(),
    sa.Column("facility", sa.ForeignKey(facility.c.number), nullable=False),
    sa.Column("key", _CODE, nullable=False),
    sa.Column("gateway", sa.ForeignKey(gateway.c.number), index=True),
    sa.Column("bus", _CODE),
    sa.Column("interval_s", sa.Float),
    sa.Column("stale_after_s", sa.Float),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.UniqueConstraint("facility", "key"),
)
"""``interval_s`` and ``stale_after_s`` are overrides; null takes the class's interval and three times the interval.
``bus`` is the gateway's name of the line on which the point is read; null where nobody wrote it down."""

person = sa.Table(
    "registry_person",
    metadata,
    _number(),
    sa.Column("code", _CODE, nullable=False, unique=True),
    sa.Column("name_zh", _NAME, nullable=False),
    sa.Column("name_en", _NAME, nullable=False),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("everywhere", sa.Boolean, nullable=False),
    sa.Column("supervisor", sa.Boolean, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("volunteer", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("department", _CODE, nullable=False, server_default=sa.text("''")),
)

person_community = sa.Table(
    "registry_person_community",
    metadata,
    sa.Column("person", sa.ForeignKey(person.c.number), primary_key=True),
    sa.Column("community", sa.ForeignKey(community.c.number), primary_key=True),
)

person_skill = sa.Table(
    "registry_person_skill",
    metadata,
    sa.Column("person", sa.ForeignKey(person.c.number), primary_key=True),
    sa.Column("skill", _CODE, primary_key=True),
)

person_cell = sa.Table(
    "registry_person_cell",
    metadata,
    sa.Column("person", sa.ForeignKey(person.c.number), primary_key=True),
    sa.Column("cell", _CODE, primary_key=True),
)
"""Who holds the post of a cell; a cell without a row is a vacant post."""

person_certificate = sa.Table(
    "registry_person_certificate",
    metadata,
    sa.Column("person", sa.ForeignKey(person.c.number), primary_key=True),
    sa.Column("name", sa.String(100), primary_key=True),
    sa.Column("number", sa.String(100), primary_key=True),
    sa.Column("valid_to", sa.String(10), nullable=False),
)

person_leave = sa.Table(
    "registry_person_leave",
    metadata,
    sa.Column("person", sa.ForeignKey(person.c.number), primary_key=True),
    sa.Column("first_day", sa.String(10), primary_key=True),
    sa.Column("last_day", sa.String(10), nullable=False),
)

post = sa.Table(
    "registry_post",
    metadata,
    sa.Column("code", _CODE, primary_key=True),
    sa.Column("name_zh", _NAME, nullable=False),
    sa.Column("name_en", _NAME, nullable=False),
    sa.Column("cell", _CODE, nullable=False),
    sa.Column("holder", sa.ForeignKey(person.c.number)),
    sa.Column("since", sa.String(10), nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
)
"""Posts as the city's establishment lists them; ``holder`` null: vacant. Cells need none to have a post."""

shift = sa.Table(
    "registry_shift",
    metadata,
    sa.Column("person", sa.ForeignKey(person.c.number), primary_key=True),
    sa.Column("weekday", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("from_minute", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("to_minute", sa.Integer, nullable=False),
)

login = sa.Table(
    "registry_login",
    metadata,
    sa.Column("folded", sa.String(64), primary_key=True),
    sa.Column("username", sa.String(64), nullable=False),
    sa.Column("password_hash", sa.String(300), nullable=False),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("language", sa.String(5), nullable=False),
    sa.Column("everywhere", sa.Boolean, nullable=False),
    sa.Column("person", sa.ForeignKey(person.c.number)),
    sa.Column("one_time", sa.Boolean, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("changed_ms", sa.BigInteger, nullable=False),
    sa.Column("department", _CODE, nullable=False, server_default=sa.text("''")),
)
"""``folded`` is the username after Unicode case folding: names differ by more than case. ``department``: of a login of
the role *department*, else empty."""

login_community = sa.Table(
    "registry_login_community",
    metadata,
    sa.Column("login", sa.ForeignKey(login.c.folded), primary_key=True),
    sa.Column("community", sa.ForeignKey(community.c.number), primary_key=True),
)

audit = sa.Table(
    "registry_audit",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at_ms", sa.BigInteger, nullable=False, index=True),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("what", sa.String(40), nullable=False),
    sa.Column("ref", sa.String(200), nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)
"""Who changed what when; never changed, never removed. Secrets do not enter."""

history = sa.Table(
    "registry_history",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at_ms", sa.BigInteger, nullable=False, index=True),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("collection", sa.String(20), nullable=False),
    sa.Column("record", sa.String(200), nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("field", sa.String(64), nullable=False),
    sa.Column("before", sa.Text, nullable=False),
    sa.Column("after", sa.Text, nullable=False),
    sa.Index("ix_registry_history_record", "collection", "record", "id"),
    sqlite_autoincrement=True,
)
"""Every change of a record, one row per field, as JSON from and to; a new record is one row with all its values and no
field. Never changed, never removed."""
