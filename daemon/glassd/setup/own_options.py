"""The questions that a third party's driver needs answered: those of its options that have no default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glassd.config.compose import scalar_value
from glassd.config.descriptions import descriptions
from glassd.setup.console import clipped
from glassd_drivers import registry

if TYPE_CHECKING:
    from glassd.setup.console import Console
    from glassd.setup.texts import Texts
    from glassd_drivers.registry import Description

QUESTION_CELLS = 60
"""How wide the description of an option may be, beside what is typed."""


def option_answers(driver: Description, console: Console, texts: Texts) -> dict[str, Any]:
    """Return the config's section for a driver, each option that has no default asked by its name.

    What is answered is checked with the whole config, as each of its options is.
    """
    section: dict[str, Any] = {"driver": driver.name}
    config = registry.load(driver.role, driver.name).Config
    described = descriptions(config)
    for name, field in config.model_fields.items():
        if field.is_required():
            description = described.get(name, "").partition("\n")[0].rstrip(".")
            about = clipped(f"{name} ({description})", QUESTION_CELLS) if description else name
            while not (answer := console.ask(about, texts)):
                pass
            section[field.alias or name] = scalar_value(answer)
    return section
