"""
How values look: templates, and the filters they use.

Everything is escaped; no template marks anything as safe, so what an organization, a dataset or a payload is called
stays text.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from fedpact.portal.domain.phases import status_in
from fedpact.portal.entrypoints.pages.assets import Assets

TEMPLATES = Path(__file__).parent / "templates"
KILO = 1000
STATUS_WORDS: Mapping[str, str] = {
    "active.running": "running",
    "active.running_idle": "running idle",
    "updating.creating": "creating",
    "updating.awaiting_resources": "awaiting resources",
    "updating.deleting": "deleting",
    "inactive.awaiting_approval": "awaiting approval",
    "inactive.awaiting_activation": "awaiting activation",
    "inactive.shutdown": "shutdown",
    "inactive.rejected": "rejected",
    "inactive.revoked": "revoked",
    "failed.failed": "failed",
    "failed.invalid": "invalid",
}


class Look:
    """The templates."""

    def __init__(self, assets: Assets) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {
            "moment": moment,
            "size": size,
            "pretty": pretty,
            "status_word": status_word,
            "status_tone": status_tone,
            "lasting": lasting,
            "told": told,
            "status_in": status_in,
        }
        self._templates.globals["static"] = assets.place

    def text(self, template: str, context: Mapping[str, object]) -> str:
        """The template with its values."""
        return self._templates.get_template(template).render(context)


def told(reason: str) -> Markup:
    """A reason as a sentence; what stands in backticks in it as code."""
    text = reason[:1].upper() + reason[1:]
    pieces = (text if not text or text.endswith((".", "!", "?")) else text + ".").split("`")
    code = Markup("<code>{}</code>")
    return Markup("").join(code.format(one) if n % 2 else escape(one) for n, one in enumerate(pieces))


def moment(time: datetime) -> str:
    """A moment, for who has no script: the script writes it in the reader's own zone."""
    return time.astimezone(UTC).strftime("%d %b %Y, %H:%M:%S UTC")


def lasting(seconds: float) -> str:
    """How long something took."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def size(count: int) -> str:
    """Bytes as people say them."""
    value, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < KILO or unit == "TB":
            break
        value /= KILO
    return f"{value:.0f} {unit}" if value >= 10 or unit == "B" else f"{value:.1f} {unit}"  # noqa: PLR2004 - two digits


def pretty(value: object) -> str:
    """JSON as people read it."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def status_word(status: str) -> str:
    """The subcategory of a status, in words."""
    return STATUS_WORDS.get(status) or status.rpartition(".")[2].replace("_", " ")


def status_tone(status: str) -> str:
    """Which of the tones (good, busy, quiet, bad) a spec's or a job's status has."""
    if status in {"inactive.rejected", "inactive.revoked"}:
        return "bad"
    match status.partition(".")[0]:
        case "active" | "completed" | "approved":
            return "good"
        case "updating" | "running" | "provisioning" | "submitted" | "created" | "pending":
            return "busy"
        case "failed" | "rejected":
            return "bad"
        case _:
            return "quiet"
