"""The one Alembic environment; it sees the tables of registry, dispatch and api."""
