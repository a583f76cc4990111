"""Downloads the public SIPaKMeD set through kagglehub, or says how to get it by hand."""

from __future__ import annotations

from pathlib import Path

from cervix_models.errors import DataError

HANDLE = "prahladmehandiratta/cervical-cancer-largest-dataset-sipakmed"
PAGE = f"https://www.kaggle.com/datasets/{HANDLE}"
BY_HAND = (
    f"Download it in a browser from {PAGE}, unpack it, and run: "
    "python -m cervix_models data import PATH"
)


def fetch_sipakmed() -> Path:
    """The folder of the full SIPaKMeD download, fetched now or found in kagglehub's cache.

    Raises DataError, with the way by hand, where there is no network, no access or no kagglehub.
    """
    try:
        import kagglehub
        import requests
        from kagglehub.exceptions import BackendError, CredentialError, DataCorruptionError
    except ImportError as error:
        raise DataError(
            f"The package {error.name} is not installed; it is needed to download SIPaKMeD. "
            f"Run: pip install kagglehub. Or: {BY_HAND}"
        ) from error
    try:
        return Path(kagglehub.dataset_download(HANDLE))
    except (
        requests.RequestException,
        BackendError,
        CredentialError,
        DataCorruptionError,
        OSError,
    ) as error:
        raise DataError(
            f"SIPaKMeD could not be downloaded ({type(error).__name__}); a network that reaches "
            f"www.kaggle.com was expected. {BY_HAND}"
        ) from error
