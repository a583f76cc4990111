"""Readings and verdicts in SQLite or PostgreSQL, pictures in files by their hash."""

from cervix_models.storage.store import Store, open_store
from cervix_models.storage.verdicts import REMARK_LIMIT, check_verdict

__all__ = ["REMARK_LIMIT", "Store", "check_verdict", "open_store"]
