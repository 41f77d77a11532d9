"""The licences of what glassd ships with: every run-time dependency, found transitively, must be permissive and listed.

Read from the installed packages' own metadata. Ready tools either list a whole environment, test tools included, or
ask a package index; the walk from glassd's own requirements is the point here, and it is short.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.licenses import canonicalize_license_expression
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PERMISSIVE = frozenset(
    {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "HPND", "ISC", "MIT", "MIT-0", "MIT-CMU"}
    | {"PSF-2.0", "Python-2.0", "Unlicense", "Zlib"}
)
"""SPDX identifiers. Weak copyleft (MPL, LGPL) is not in it: nothing that we depend on needs it as a whole package."""

BUNDLED_COPYLEFT = re.compile(r"lib(x264|x265|xvid|postproc|readline|fftw)", re.IGNORECASE)
"""GPL libraries that a wheel of OpenCV or numpy could bring along, and does not; THIRD_PARTY.md has the LGPL ones."""

LISTED_IN = Path("THIRD_PARTY.md")

_LOOSE_WORDS = {  # what metadata says that is no SPDX expression
    "apache 2.0": "Apache-2.0",
    "apache-2.0": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "mit": "MIT",
    "license :: osi approved :: apache software license": "Apache-2.0",
    "license :: osi approved :: bsd license": "BSD-3-Clause",
    "license :: osi approved :: mit license": "MIT",
    "license :: osi approved :: python software foundation license": "PSF-2.0",
}


def main() -> int:
    """Print the table; return 1 with one line for each dependency that is not permissive or not listed."""
    listed = set(re.findall(r"^\| (\S+) \|", LISTED_IN.read_text(encoding="utf-8"), re.MULTILINE))
    problems: list[str] = []
    for package in run_time_packages("glassd"):
        name = canonicalize_name(package.name)
        licence = licence_of(package)
        print(f"{name:20} {licence or '(unknown)'}")
        if not is_permissive(licence):
            problems.append(f"{name}: {licence or 'no licence that we can read'} is not on the list of permissive ones")
        if name not in listed:
            problems.append(f"{name}: {LISTED_IN} has no row for it")
        problems += [
            f"{name}: brings {file.name}, which is under the GPL"
            for file in package.files or ()
            if BUNDLED_COPYLEFT.match(file.name)
        ]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def run_time_packages(root: str) -> list[Distribution]:
    """Return what `root` needs on this system, without extras, transitively, by name; `root` itself is not among it."""
    found: dict[str, Distribution] = {}
    waiting = [root]
    while waiting:
        for text in distribution(waiting.pop()).requires or ():
            requirement = Requirement(text)
            name = canonicalize_name(requirement.name)
            if name in found or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
                continue
            found[name] = distribution(name)
            waiting.append(name)
    return [found[name] for name in sorted(found)]


def licence_of(package: Distribution) -> str:
    """Return the SPDX expression of a package, or an empty text where its metadata names none that we know."""
    metadata = package.metadata
    for expression in metadata.get_all("License-Expression") or ():
        return canonicalize_license_expression(expression)
    named = [*(metadata.get_all("License") or ()), *(metadata.get_all("Classifier") or ())]
    return next((spdx for text in named if (spdx := _LOOSE_WORDS.get(text.strip().lower()))), "")


def is_permissive(expression: str) -> bool:
    """Say whether all that an SPDX expression asks for is permissive; of alternatives, one is enough."""
    if "(" in expression:
        return False  # none of ours needs it: read it yourself
    choices = expression.split(" OR ")
    return any(all(part in PERMISSIVE for part in choice.split(" AND ")) for choice in choices)


if __name__ == "__main__":
    sys.exit(main())
