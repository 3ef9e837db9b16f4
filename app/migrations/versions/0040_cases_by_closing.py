"""Cases are found by when they ended: what has changed since yesterday is asked of years of them.

Revision 0040, after 0039.
"""

from __future__ import annotations

from alembic import op

revision: str = "0040"
down_revision: str | None = "0039"
branch_labels: None = None
depends_on: None = None


def upgrade() -> None:
    op.create_index("ix_dispatch_case_closed", "dispatch_case", ["closed_ms"])


def downgrade() -> None:
    op.drop_index("ix_dispatch_case_closed", "dispatch_case")
