"""Try the drivers of one folder, in a process of its own: `python -m glassd.added.probe LIVE TRIED`.

What others wrote may do anything while it is imported, and stays imported: so this process looks, and ends. It prints
one line of JSON: what is wrong with the drivers and profiles that lie in the folder TRIED, taken in place of LIVE.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import metadata

from glassd_drivers import registry
from glassd_drivers.contracts import ROLES


def main() -> None:
    """Print the troubles."""
    live, tried = sys.argv[1:]
    sys.path[:] = [place for place in sys.path if os.path.realpath(place) != os.path.realpath(live)] + [tried]
    with os.fdopen(os.dup(1), "w") as answer:
        os.dup2(2, 1)  # what a driver prints while it is imported is no part of the answer
        answer.write(json.dumps(troubles(tried)))


def troubles(folder: str) -> list[str]:
    """Return a line for each driver and profile of `folder` that the registry refuses."""
    found = []
    for distribution in metadata.distributions(path=[folder]):
        for point in distribution.entry_points:
            role = next((role for role in ROLES if point.group == f"glassd.{role}"), None)
            try:
                if role is not None:
                    registry.load(role, point.name)
                elif point.group == "glassd.profiles":
                    registry.profile(point.name)
            except registry.RegistryError as error:
                found.append(str(error))
    return sorted(set(found))


if __name__ == "__main__":
    main()
