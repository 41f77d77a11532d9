"""What the options of a section mean: the docstrings under its fields.

They are read from the source when somebody wants to see them. Pydantic's own `use_attribute_docstrings` reads them as
the classes are made, which took a tenth of the daemon's start.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import core_schema


def descriptions(section: type[BaseModel]) -> dict[str, str]:
    """Return the description of each field that has one: what its `Field` says, else the docstring under it."""
    found: dict[str, str] = {}
    for base in reversed(section.__mro__):
        if issubclass(base, BaseModel) and base is not BaseModel:
            found.update(_docstrings(base))
    fields = section.model_fields.items()
    return {name: text for name, field in fields if (text := field.description or found.get(name, ""))}


class Described(GenerateJsonSchema):
    """Makes JSON Schemas that hold the descriptions, for `model_json_schema(schema_generator=...)`."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Return the schema of a model."""
        section: type[BaseModel] = schema["cls"]
        made = super().model_schema(schema)
        properties: dict[str, Any] = made.get("properties", {})
        for name, text in descriptions(section).items():
            if (own := properties.get(section.model_fields[name].alias or name)) is not None:
                own["description"] = text
        return made


def _docstrings(section: type[BaseModel]) -> dict[str, str]:
    try:
        source = textwrap.dedent(inspect.getsource(section))
    except (OSError, TypeError):  # a stranger's, made without a file
        return {}
    [definition] = ast.parse(source).body
    assert isinstance(definition, ast.ClassDef), "it is the source of a class"
    return {
        field.target.id: inspect.cleandoc(below.value.value)
        for field, below in itertools.pairwise(definition.body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str)
    }
