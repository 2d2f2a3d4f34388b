"""What is shipped, by name, version and licence: python -m tests.supply licences|sbom, or `make` with one of them."""

import argparse
import json
import re
import sys
import uuid
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

LOCK, PAGE, SBOM = Path("requirements-kinds.txt"), Path("docs/LICENCES.md"), Path("var/sbom.cdx.json")
PINNED = re.compile(r"^([a-z0-9-]+)==([^\s\\]+)(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
HASH = re.compile(r"sha256:([0-9a-f]{64})")
# What packages say in words, as SPDX names it.
MEANT = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache 2.0 License": "Apache-2.0",
    "Apache License": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "Apache-2.0 license": "Apache-2.0",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "SIL OFL 1.1": "OFL-1.1",
    "The MIT License (MIT)": "MIT",
}
# What packages leave open, read in the licence that they ship.
READ = {
    "django-q2": "MIT",
    "jinja2": "BSD-3-Clause",
    "pocketsphinx": "BSD-2-Clause",
    "python-dateutil": "Apache-2.0 AND BSD-3-Clause",
    "scipy": "BSD-3-Clause",
    "segno": "BSD-3-Clause",
    "sqlparse": "BSD-3-Clause",
}
# With these, whoever ships the whole may do so under any licence of their own, as long as the notices go with it.
FREE = frozenset(
    {
        *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "MIT-CMU"),
        *("OFL-1.1", "PSF-2.0", "Unlicense", "Zlib"),
    }
)
# These ask for something more, and what that is.
ASKING = {
    "LGPL-3.0-only": "may be replaced by whoever uses it: ship it as the package it is, with its licence",
    "MPL-2.0": "changes to its own files are published; used as it is, nothing more",
}
HEAD = """# Licences

What an installation consists of, as it is locked in `requirements-kinds.txt` (the site, and what all kinds need). Made
by `make licences`; a test fails where a package is new, has no licence that is known, or has one that asks for more
than a notice and is not told of here.

Longhaul itself is under the MIT licence. Whoever only runs it owes nobody anything. Whoever hands it on, as an image
or in a box, hands all of these on too.

## What asks for more than a notice

"""
FILM = """\
* **FFmpeg and its encoders, in the wheel of `av`.** PyAV's own code is BSD-3-Clause, but its wheels bring an FFmpeg
  that was built with **x264 and x265, which are under the GPL (version 2 or later)**. So the wheel as a whole is under
  the GPL. To use it on your own machines, also for pay, asks nothing. To hand it on, in an image that others get, means
  to hand on what links with it under terms that fit the GPL, and to offer FFmpeg's and the encoders' sources:
  Longhaul's MIT fits; a closed program built around it in one image would not. Who needs that builds PyAV against an
  FFmpeg without them (`--no-binary av`) and does without H.264 and HEVC by software. Beside the copyright there are
  patents on H.264, HEVC and AAC, which a licence of software does not settle.
* **What compilers and mathematics bring**, in the wheels of `numpy` and `scipy`: OpenBLAS (BSD-3-Clause), and GCC's
  runtime libraries (GPL with the exception that lets them be shipped with anything).
"""
MIDDLE = """
## All of them

| package | version | licence |
|---|---|---|
"""


@dataclass(frozen=True, kw_only=True)
class Part:
    name: str
    version: str
    hashes: tuple[str, ...]

    @property
    def licence(self) -> str:
        """As SPDX has it; empty where nobody knows."""
        return READ.get(self.name) or _licence_of(self.name)

    @property
    def licences(self) -> set[str]:
        return set(re.split(r" (?:AND|OR) ", self.licence.strip("()"))) - {""}


def parts(lock: Path = LOCK) -> list[Part]:
    found = PINNED.findall(lock.read_text())
    return [Part(name=name, version=version, hashes=tuple(HASH.findall(rest))) for name, version, rest in found]


def _licence_of(name: str) -> str:
    try:
        told = metadata(name)
    except PackageNotFoundError:
        return ""
    said = told.get("License-Expression") or (told.get("License") or "").split("\n")[0].strip()
    classed = [each.split(" :: ")[-1] for each in told.get_all("Classifier") or [] if each.startswith("License")]
    known = FREE | set(ASKING)
    for each in (said, *classed):
        meant = MEANT.get(each, each)
        if set(re.split(r" (?:AND|OR) ", meant)) <= known:
            return meant
    return ""


def page() -> str:
    found = parts()
    asking = [
        f"* **{', '.join(f'`{part.name}`' for part in found if licence in part.licences)}** ({licence}): {asks}.\n"
        for licence, asks in ASKING.items()
        if any(licence in part.licences for part in found)
    ]
    lines = [f"| `{part.name}` | {part.version} | {_shown(part)} |\n" for part in found]
    return HEAD + FILM + "".join(asking) + MIDDLE + "".join(lines)


def _shown(part: Part) -> str:
    return f"{part.licence}; its wheel: GPL-2.0-or-later, see above" if part.name == "av" else part.licence or "unknown"


def sbom() -> dict[str, object]:
    """CycloneDX, as tools that look for known vulnerabilities read it. The same lock gives the same document."""
    lock = LOCK.read_text()
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, lock)}",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "name": "longhaul", "licenses": [{"license": {"id": "MIT"}}]},
        },
        "components": [_component(part) for part in parts()],
    }


def _component(part: Part) -> dict[str, object]:
    purl = f"pkg:pypi/{part.name}@{part.version}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": part.name,
        "version": part.version,
        "purl": purl,
        "licenses": [{"expression": part.licence}] if part.licence else [],
        "externalReferences": [
            {"type": "distribution", "url": purl, "hashes": [{"alg": "SHA-256", "content": each}]}
            for each in part.hashes
        ],
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.supply", description=__doc__)
    parser.add_argument("what", choices=("licences", "sbom"))
    if parser.parse_args().what == "licences":
        PAGE.write_text(page())
        print(f"{PAGE} tells of {len(parts())} packages.")
    else:
        SBOM.parent.mkdir(exist_ok=True)
        SBOM.write_text(json.dumps(sbom(), indent=1) + "\n")
        print(f"{SBOM} holds {len(parts())} components.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
