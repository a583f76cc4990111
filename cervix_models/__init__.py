"""Models, measurements and services of a dashboard for teaching and triage of cervical cytology."""

__version__ = "0.1.0"
