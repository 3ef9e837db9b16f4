"""Cases that gather many facilities are none of a single one: their key is that of the group (``open_storm``).

The facility that opened the storm of its community may open that of its cell, too.

Revision 0031, after 0030.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0031"
down_revision: str | None = "0030"
branch_labels: str | None = None
depends_on: str | None = None

_ONE_FACILITY = "that gather began at one facility with the same family; end all but one of each, then migrate down"
_BEFORE = sa.text("open AND facility <> 0")
_AFTER = sa.text("open AND facility <> 0 AND gathers = ''")


def _key(which: sa.TextClause) -> None:
    op.drop_index("open_key", table_name="dispatch_case")
    op.create_index(
        "open_key",
        "dispatch_case",
        ["facility", "family"],
        unique=True,
        sqlite_where=which,
        postgresql_where=which,
    )


def upgrade() -> None:
    _key(_AFTER)


def downgrade() -> None:
    case = sa.table("dispatch_case", *(sa.column(name) for name in ("code", "facility", "family", "open")))
    key = [case.c.facility, case.c.family]
    many = (
        sa.select(*key).where(case.c.open, case.c.facility != 0).group_by(*key).having(sa.func.count() > 1).subquery()
    )
    twice = sa.select(case.c.code).join(many, sa.and_(*(case.c[one.name] == many.c[one.name] for one in key)))
    codes = op.get_bind().execute(twice.where(case.c.open).order_by(case.c.code)).scalars().all()
    if codes:
        raise ValueError(f"{len(codes)} open cases ({', '.join(codes[:10])}) {_ONE_FACILITY}")
    _key(_BEFORE)
