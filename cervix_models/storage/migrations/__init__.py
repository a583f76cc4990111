"""Alembic's folder: `env.py` runs a migration on the connection that `storage.migrate` gives it."""
