"""
The bill of materials of an image, as CycloneDX JSON on standard output: `python inventory.py NAME`.

Runs inside the image that is being built, with the standard library alone, and tells what is really there: every
installed Python distribution with what it needs, and every package of the operating system below it. The same image
gives the same bytes, so there is neither a serial number nor a time in it.
"""

import json
import platform
import re
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path

Json = dict[str, object]
DPKG = Path("/var/lib/dpkg/status")
OS_RELEASE = Path("/etc/os-release")


def bill(name: str) -> Json:
    """The whole document about the image of the distribution `name`."""
    found = sorted(metadata.distributions(), key=lambda one: normal(one.metadata["Name"]))
    root = next(one for one in found if normal(one.metadata["Name"]) == normal(name))
    refs = {normal(one.metadata["Name"]): ref(one) for one in found}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": python_component(root) | {"type": "application"}},
        "components": [interpreter(), *(python_component(one) for one in found if one is not root), *debian(DPKG)],
        "dependencies": [{"ref": ref(one), "dependsOn": needs(one, refs)} for one in found],
    }


def python_component(one: metadata.Distribution) -> Json:
    """An installed distribution. A licence is told as its author told it, for classifiers are vague."""
    told = one.metadata.json.get("license_expression") or one.metadata.json.get("license") or ""
    short = str(told).strip().splitlines()[0] if told else ""
    licence: Json = {"licenses": [{"license": {"name": short}}]} if short else {}
    return {"type": "library", "bom-ref": ref(one), "purl": ref(one), **naming(one)} | licence


def naming(one: metadata.Distribution) -> Json:
    return {"name": normal(one.metadata["Name"]), "version": one.version}


def interpreter() -> Json:
    version = platform.python_version()
    cpe = f"cpe:2.3:a:python:python:{version}:*:*:*:*:*:*:*"
    return {"type": "platform", "bom-ref": "python", "name": "python", "version": version, "cpe": cpe}


def needs(one: metadata.Distribution, refs: Mapping[str, str]) -> list[str]:
    """Those of what it declares that are installed: extras and markers that do not apply are not."""
    declared = {normal(re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0]) for line in one.requires or ()}
    return sorted(refs[name] for name in declared if name in refs)


def debian(status: Path) -> Iterator[Json]:
    """The operating system's packages, from its own list; none where there is no such list."""
    distribution = release(OS_RELEASE)
    for stanza in status.read_text(errors="replace").split("\n\n") if status.exists() else ():
        fields = dict(re.findall(r"^(Package|Version|Architecture|Status): (.*)$", stanza, re.MULTILINE))
        if fields.get("Status", "").endswith(" installed"):
            name, version = fields["Package"], fields["Version"]
            purl = f"pkg:deb/debian/{name}@{version.replace('+', '%2B').replace(':', '%3A')}"
            purl += f"?arch={fields['Architecture']}" + (f"&distro={distribution}" if distribution else "")
            yield {"type": "library", "bom-ref": purl, "purl": purl, "name": name, "version": version}


def release(path: Path) -> str:
    """Such as `debian-12`; nothing where the system does not say."""
    if not path.exists():
        return ""
    fields = dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
    return "-".join(fields.get(key, "").strip('"') for key in ("ID", "VERSION_ID")).strip("-")


def ref(one: metadata.Distribution) -> str:
    return f"pkg:pypi/{normal(one.metadata['Name'])}@{one.version}"


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(bill(sys.argv[1]), indent=1, sort_keys=True) + "\n")
