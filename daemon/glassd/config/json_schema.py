"""The file as it is written, as a JSON Schema (draft 2020-12) for editors: drivers included, a stranger's too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from glassd.config.descriptions import Described
from glassd.config.devices import SECTIONS, role_keys
from glassd.config.schema import Config
from glassd_drivers import registry

if TYPE_CHECKING:
    from glassd.config.section import Section
    from glassd_drivers.contracts import Role

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the schema. A driver that cannot be loaded is left out, as if it were not installed."""
    schema = Config.model_json_schema(schema_generator=Described)
    defs = schema["$defs"]
    defs.pop("DriverConfig", None)
    for role, section in SECTIONS.values():
        defs[section.__name__] = _device(defs[section.__name__], role, section, defs)
    defs["DisplayDevice"]["properties"]["profile"] = _profile(defs["DisplayDevice"]["properties"]["profile"])
    _forget_titles(schema)
    _allow_null(schema)
    return {"$schema": DIALECT, "title": "glassd", **schema}


def json_schema_text() -> str:
    """Return the schema as the text of a file."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _device(own: dict[str, Any], role: Role, section: type[Section], defs: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a device: its role's keys, and beside each name of a driver that driver's keys."""
    shared = {key: own["properties"][key] for key in role_keys(section) if key != "driver"}
    names, variants = [], []
    for name in registry.names(role):
        try:
            template = f"#/$defs/{role}.{name}.{{model}}"
            config = registry.load(role, name).Config
            options = config.model_json_schema(ref_template=template, schema_generator=Described)
        except Exception:  # noqa: BLE001, S112  a stranger's driver may fail in any way; `glassd drivers` tells how
            continue
        defs.update({f"{role}.{name}.{key}": value for key, value in options.pop("$defs", {}).items()})
        names.append(name)
        properties = {"driver": {"const": name}, **options.get("properties", {}), **shared}
        variant = {"properties": properties, "required": options.get("required", []), "additionalProperties": False}
        if "description" in options:
            variant["description"] = options["description"]
        variants.append({"if": {"properties": {"driver": {"const": name}}, "required": ["driver"]}, "then": variant})
    driver = {"enum": names, "description": f"Which driver plays the role: {', '.join(names)}."}
    return {
        "type": "object",
        "description": own.get("description", ""),
        "properties": {"driver": driver, **shared},
        "required": ["driver"],
        "allOf": variants,
    }


def _profile(own: dict[str, Any]) -> dict[str, Any]:
    return {"enum": registry.profile_names(), "description": own.get("description", "")}


def _allow_null(schema: Any) -> None:
    """Let every key be null that need not be there: that takes away what lies under it."""
    if isinstance(schema, dict):
        properties, needed = schema.get("properties", {}), (*schema.get("required", ()), "driver")
        for key, own in properties.items():
            if key not in needed and set(own) != {"const"}:
                properties[key] = _or_null(own)
        if isinstance(own := schema.get("additionalProperties"), dict):
            schema["additionalProperties"] = _or_null(own)
        for value in schema.values():
            _allow_null(value)
    elif isinstance(schema, list):
        for value in schema:
            _allow_null(value)


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    if {"type": "null"} in schema.get("anyOf", ()):
        return schema
    described = {"description": schema["description"]} if "description" in schema else {}
    rest = {key: value for key, value in schema.items() if key != "description"}
    return {**described, "anyOf": [rest, {"type": "null"}]}


def _forget_titles(schema: Any) -> None:
    """Drop the titles that pydantic makes of names, and the defaults that are not as a file would hold them."""
    if isinstance(schema, dict):
        if isinstance(schema.get("title"), str):
            del schema["title"]
        if "$ref" in schema or (isinstance(schema.get("pattern"), str) and not isinstance(schema.get("default"), str)):
            schema.pop("default", None)
        for key, value in schema.items():
            _forget_titles(value if key != "properties" else {})
            if key == "properties":
                for inner in value.values():
                    _forget_titles(inner)
    elif isinstance(schema, list):
        for value in schema:
            _forget_titles(value)
