"""
Why a job ended at a site or between sites.

    ModelError
    ├── SiteRefusalError     one site cannot or may not answer
    └── JobRefusalError      the answers do not make a result

The text travels to the data scientist: it names what was asked for and never anything read from data.
"""


class ModelError(Exception):
    """An expected end of the job. The text is for a person who may not see the data."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class SiteRefusalError(ModelError):
    """A site cannot or may not answer."""


class JobRefusalError(ModelError):
    """The sites' answers do not make a result."""
