"""
Writes what is made from code: message schemas, the AsyncAPI and OpenAPI documents, the state diagrams, the
SDK's reference, and examples of this version's messages for versions to come.

With `--check` it writes nothing and fails when a committed file is not what the code says.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from fedpact.contracts import asyncapi, catalog

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "contracts" / "schemas"


def schemas() -> Iterator[tuple[Path, str]]:
    for kind, message in catalog.messages().items():
        yield SCHEMAS / f"{kind}.json", text(asyncapi.schema(message))


def documents() -> Iterator[tuple[Path, str]]:
    yield from schemas()
    yield ROOT / "docs" / "asyncapi.json", text(asyncapi.document("0.1.0"))
    from fedpact.portal.entrypoints import openapi  # noqa: PLC0415 - only this one needs the portal

    yield ROOT / "docs" / "openapi.json", openapi.text()
    from diagrams import pages  # noqa: PLC0415 - imports every state machine

    yield from pages(ROOT / "docs")
    import sdk_reference  # noqa: PLC0415 - only this one needs the client

    yield ROOT / "docs" / "sdk.md", sdk_reference.page()
    import recording  # noqa: PLC0415 - as above

    yield recording.set_of_today()


def text(value: object) -> str:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> int:
    check = "--check" in sys.argv
    stale = []
    for path, content in documents():
        if not path.exists() or path.read_text() != content:
            stale.append(path.relative_to(ROOT))
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content)
    known = {path for path, _ in schemas()}
    forgotten = [p.relative_to(ROOT) for p in SCHEMAS.glob("*.json") if p not in known]
    if not check:
        for path in forgotten:
            (ROOT / path).unlink()
        print(f"{len(stale)} written, {len(forgotten)} removed")
        return 0
    for path in [*stale, *forgotten]:
        print(f"not current: {path} (run `./run asyncapi`)")
    return bool(stale or forgotten)


if __name__ == "__main__":
    sys.exit(main())
