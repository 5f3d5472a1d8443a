"""Writes the viewer's TypeScript types from the manifest's models, so that Python and the viewer cannot differ.

`python scripts/viewer_types.py` writes web/src/schema.ts; with `--check` it fails where that would change.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from optogram.atlas.schema import SCHEMA_VERSION, Manifest

TARGET = Path(__file__).parents[1] / "web" / "src" / "schema.ts"
PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


def typescript() -> str:
    """The module's text."""
    schema = Manifest.model_json_schema(mode="serialization")
    models = {**schema.pop("$defs"), "Manifest": schema}
    parts = ["// Made from src/optogram/atlas/schema.py by scripts/viewer_types.py; do not edit.", f"export const SCHEMA_VERSION = {SCHEMA_VERSION}"]
    parts += [_interface(name, models[name]) for name in sorted(models)]
    return "\n\n".join(parts) + "\n"


def _interface(name: str, model: dict[str, Any]) -> str:
    note = f"/** {' '.join(model['description'].split())} */\n" if model.get("description") else ""
    fields = "\n".join(f"  {field}: {_type(kind)}" for field, kind in model["properties"].items())
    return f"{note}export interface {name} {{\n{fields}\n}}"


def _type(kind: dict[str, Any]) -> str:
    if "$ref" in kind:
        return str(kind["$ref"]).rpartition("/")[2]
    if "enum" in kind:
        return " | ".join(repr(value) if "'" not in value else f'"{value}"' for value in kind["enum"])
    if "anyOf" in kind:
        return " | ".join(dict.fromkeys(_type(one) for one in kind["anyOf"]))
    if "prefixItems" in kind:
        return f"[{', '.join(_type(one) for one in kind['prefixItems'])}]"
    if kind.get("type") == "array":
        inner = _type(kind["items"])
        return f"({inner})[]" if " | " in inner else f"{inner}[]"
    if kind.get("type") == "object":
        return f"Record<string, {_type(kind['additionalProperties'])}>"
    return PLAIN[kind["type"]]


if __name__ == "__main__":
    text = typescript()
    if "--check" in sys.argv:
        sys.exit(0 if TARGET.read_text() == text else f"{TARGET} is not what the schema says; run python scripts/viewer_types.py")
    TARGET.write_text(text)
