"""What the store says where it cannot give what was asked for."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError

from cervix_models.errors import StorageError


def no_reading(reading_id: str) -> StorageError:
    """There is no reading of this id."""
    return StorageError(
        f"No reading has the id {reading_id!r}; expected one from the worklist. "
        "It may have been deleted: open the worklist and choose another."
    )


def no_field(field_id: str) -> StorageError:
    """There is no field of this id."""
    return StorageError(
        f"No field has the id {field_id!r}; expected one from the list of fields. "
        "It may have been deleted: choose another."
    )


def no_job(job_id: str) -> StorageError:
    """There is no job of this id."""
    return StorageError(
        f"No job has the id {job_id!r}; expected one from the list of jobs. "
        "It may have been deleted: choose another."
    )


def refused(error: SQLAlchemyError) -> StorageError:
    """What a database said, as a sentence; a StorageError that it wrapped is given as it is."""
    cause: object = getattr(error, "orig", None)
    if isinstance(cause, StorageError):  # raised by a column's type, and wrapped
        return cause
    reason = str(cause or error).strip().splitlines()[0]
    return StorageError(
        f"The database refused: {reason}. Expected a database that runs and has room. "
        "Check it, and try again."
    )
