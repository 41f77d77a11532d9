"""The answers of one board as a file for the next one: `glassd setup --save-answers`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassd.setup.latency import duration
from glassd.setup.yaml_lines import mapping_lines

if TYPE_CHECKING:
    from glassd.setup.answers import Answers

HEAD = """\
# Answers for `glassd setup --answers FILE`, as one board gave them. The key is never in here: name the file that holds
# it under model.key_file, or hand it over with --key-stdin.
"""


def recorded(answers: Answers) -> str:
    """Return the text of a file of answers that says the same; the key's own file is each board's affair."""
    said = answers.model_dump(mode="json", exclude_none=True, exclude={"model": {"key_file"}})
    if isinstance(answers.latency, float):
        said["latency"] = duration(answers.latency)
    return HEAD + "\n".join(mapping_lines(said, 0)) + "\n"
