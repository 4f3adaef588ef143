"""The reference of the SDK, from its code: every noun, its verbs with their arguments, and what they give."""

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence

from fedpact.client import errors
from fedpact.client.fedpact import Federation, Fedpact
from fedpact.client.jobs import Job
from fedpact.client.pacts import pact
from fedpact.client.specs import Activation, Spec
from fedpact.client.verbs import Series, Verb

HANDLES: Mapping[str, Sequence[tuple[str, type]]] = {
    "specs": (("spec", Spec), ("activation", Activation)),
    "jobs": (("job", Job),),
}
"""What a noun's verbs give that has verbs itself."""
PLAIN = {"get": "One of them, by its id.", "list": "One page of them."}
"""Verbs whose names say what they do."""
HEAD = """# The SDK

<!-- Made from the code by `./run asyncapi`. Do not edit. -->

`connect()` gives a `Fedpact`, `connect_async()` an `AsyncFedpact`. Both have the verbs below. Of the asynchronous one, an
answer is awaited, what is marked *each* is iterated over with `async for`, and `activated` is entered with `async with`.
[For data scientists](how-to/data-scientist.md) tells how they go together.
"""


def page() -> str:
    """The whole reference."""
    parts = [HEAD, section("pact", [line("pact", pact, "")]), *(noun(name, kind) for name, kind in nouns())]
    return "\n".join([*parts, f"## What can go wrong\n\n```\n{tree()}\n```\n"])


def nouns() -> Iterator[tuple[str, type]]:
    """Everything that has verbs, by the name it has in the examples."""
    yield "fp", Federation
    with Fedpact("http://127.0.0.1", "") as fp:
        for name, value in sorted(vars(fp).items(), key=lambda pair: pair[0] not in HANDLES):
            if name != "hub":
                yield f"fp.{name}", type(value)
                yield from HANDLES.get(name, ())


def noun(name: str, kind: type) -> str:
    return section(name, list(verbs(name, kind)))


def section(name: str, lines: list[str]) -> str:
    rows = "\n".join(lines)
    return f"## `{name}`\n\n| call | gives | |\n|---|---|---|\n{rows}\n"


def verbs(name: str, kind: type) -> Iterator[str]:
    for verb, member in vars(kind).items():
        if isinstance(member, Verb | Series):
            yield line(f"{name}.{verb}", member.flow, "*each* " if isinstance(member, Series) else "")
        elif inspect.isfunction(member) and not verb.startswith("_"):
            yield line(f"{name}.{verb}", member, "")


def line(called: str, member: object, each: str) -> str:
    """One call: how, what it gives, and what it means in one sentence."""
    signature = inspect.signature(member)  # type: ignore[arg-type]
    arguments = [argument for argument in signature.parameters.values() if argument.name != "self"]
    told = ", ".join(part for part in words(arguments))
    first = (inspect.getdoc(member) or PLAIN.get(called.rpartition(".")[2], "")).split("\n\n")[0]
    meaning = " ".join(first.split())
    return f"| `{called}({told})` | {each}`{given(signature.return_annotation)}` | {meaning.replace('|', '')} |"


def words(arguments: list[inspect.Parameter]) -> Iterator[str]:
    """Arguments as they are written in a call."""
    for number, argument in enumerate(arguments):
        if argument.kind is inspect.Parameter.VAR_POSITIONAL:
            yield f"*{argument.name}"
            continue
        first = number == 0 or arguments[number - 1].kind is not inspect.Parameter.KEYWORD_ONLY
        if argument.kind is inspect.Parameter.KEYWORD_ONLY and first:
            yield "*"
        yield argument.name if argument.default is inspect.Parameter.empty else f"{argument.name}={argument.default!r}"


def given(annotation: object) -> str:
    """What is given, without how it comes."""
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    text = re.sub(r"(?:[a-z_]+\.)+(?=[A-Za-z])", "", text).replace("~H", "H").replace("'", "")
    if found := re.search(r"Tell\[(\w+)\]", text):
        return found[1]
    if found := re.fullmatch(r"Generator\[.*?, (?:Reply|Response \| NoAnswer \| str \| bytes \| None), (.*)\]", text):
        text = found[1]
    found = re.fullmatch(r"Flow\[(.*)\]", text)
    return (found[1] if found else text).replace("[H]", "").replace("|", "or")


def tree() -> str:
    """The errors, as their module draws them."""
    text = inspect.getdoc(errors) or ""
    drawn = [line for line in text.splitlines() if re.match(r"\s*(FedpactError|[├└│])", line)]
    return inspect.cleandoc("\n".join(drawn))
