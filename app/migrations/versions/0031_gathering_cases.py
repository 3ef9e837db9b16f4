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
    _key(_BEFORE)
