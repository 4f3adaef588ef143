"""
The grammar of subjects, widest token first.

    fedpact.cmd.<channel>.<context>.<verb>.<sender>
    fedpact.evt.<channel>.<context>.<entity>.<fact>.<route>
    fedpact.dir.<channel>.<gateway>.<spec>.<participant or job>
    fedpact.dir.<channel>.<gateway>.<proposal>._proposal
    fedpact.qry.<context>.<verb>
    fedpact.tel.<channel>.<kind>.<gateway>
    fedpact.dlq.<stream>.<consumer>

Permissions are written on these positions, so a token never holds a dot, a wildcard or white space.
"""

import re
from typing import Final

ROOT: Final = "fedpact"
MAIN: Final = "main"
"""The default channel."""
PROPOSAL: Final = "_proposal"
"""The last token of directives about proposals; no participant and no job is called so."""

_TOKEN = re.compile(r"^[a-z0-9_-]{1,64}$")


class SubjectError(ValueError):
    """A token that no subject may hold."""


def _join(*tokens: str) -> str:
    for token in tokens:
        if not _TOKEN.match(token):
            raise SubjectError(f"`{token}` is not a subject token")
    return ".".join((ROOT, *tokens))


def command(channel: str, context: str, verb: str, sender: str) -> str:
    return _join("cmd", channel, context, verb, sender)


def fact(channel: str, kind: str, route: str) -> str:
    """`kind` is a fact type: `<context>.<entity>.<fact>` (a version suffix becomes part of the last token)."""
    context, entity, name = kind.split(".", 2)
    return _join("evt", channel, context, entity, name.replace(".", "_"), route)


def directive(channel: str, gateway: str, spec: str, part: str) -> str:
    return _join("dir", channel, gateway, spec, part)


def query(context: str, verb: str) -> str:
    return _join("qry", context, verb)


def telemetry(channel: str, kind: str, gateway: str) -> str:
    return _join("tel", channel, kind, gateway)


def dead_letter(stream: str, consumer: str) -> str:
    return _join("dlq", stream, consumer)


def dead_letters(consumer: str) -> str:
    """Every dead letter of that consumer, or of all with `*`."""
    return f"{ROOT}.dlq.*.{consumer}"


def channel_of(subject: str) -> str:
    """The channel a command, fact, directive or telemetry subject belongs to."""
    return subject.split(".")[2]


def last_token(subject: str) -> str:
    """The token a NATS permission authenticates: sender, route or gateway."""
    return subject.rsplit(".", 1)[-1]
