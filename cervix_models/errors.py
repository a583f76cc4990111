"""Every error the package raises on purpose.

Each message says what was given, what was expected and what to do.
"""


class CervixError(Exception):
    """The parent of all errors that a page or command shows to its user as a sentence."""


class IntakeError(CervixError):
    """An upload that cannot be taken as one cell image."""


class DataError(CervixError):
    """A data set, index or split that cannot be used."""


class UnknownModelError(CervixError):
    """A model name that is not registered."""


class RecipeError(CervixError):
    """A recipe that is missing, or holds a setting that its training does not know."""


class WeightsError(CervixError):
    """Weights or a card that are missing, or do not belong together."""


class PromotionError(CervixError):
    """A model that cannot be made the default of its kind, or not without more words."""


class StorageError(CervixError):
    """A record or blob that is missing, or a database that cannot be used."""


class BlobError(StorageError):
    """A picture or weights that are missing, or were changed since they were stored."""


class VerdictError(CervixError):
    """A verdict that is not complete."""


class JudgementError(CervixError):
    """An answer of a real-or-fake round that is not complete, or was stored before."""


class LessonError(CervixError):
    """An answer, a set of cells or a sitting that is not complete, or not open any more."""


class ReviewError(CervixError):
    """A review of the care page that is not complete."""


class RoleError(CervixError):
    """Something that a person asked for without having the role for it."""


class AccountError(CervixError):
    """An account, a password or a link that does not hold."""


class SignInError(CervixError):
    """A sign-in that failed, or comes too soon after others that did."""


class JobError(CervixError):
    """A job that cannot be queued, or is not in the state that something needs."""


class StoppedError(CervixError):
    """Work that was asked to stop, and did, so that it can go on from there."""


class LeaseError(CervixError):
    """A job that somebody else does by now."""


class LimitError(CervixError):
    """More at once than one person may ask for."""


class SettingError(CervixError):
    """A variable of the surroundings whose value cannot be used."""


class MeasurementError(CervixError):
    """An image, mask, heat map, scale or feature name that does not fit a measurement."""


class CapacityError(CervixError):
    """Something that does not fit into the memory of this machine."""


class LanguageError(CervixError):
    """A language that the pages do not speak, or whose texts are missing."""


class ClusterError(CervixError):
    """A cluster that cannot be joined, or does not have what is asked of it."""
