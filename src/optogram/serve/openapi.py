"""The live bench's interface as OpenAPI 3.1, made from the bodies that are read and the answers that are given."""

from __future__ import annotations

from typing import Any

from optogram.serve.asked import ASKED
from optogram.serve.photographs import MOST_BYTES, MOST_PIXELS

JSON = "application/json"
EVENTS = (
    "Server-sent events. `waiting` (with `ahead`), `running`, `progress` (stage, done, total), `frame` (step, steps, picture as a data URL), "
    "and one last `done` (result), `failed` (error) or `cancelled`. A listener who comes late is first told how things stand."
)
JOB: dict[str, Any] = {
    "type": "object",
    "required": ["id", "kind", "event"],
    "properties": {
        "id": {"type": "string"},
        "kind": {"enum": ["look", "attribute", "synthesize"]},
        "event": {"enum": ["waiting", "running", "done", "failed", "cancelled"]},
        "ahead": {"type": "integer", "description": "jobs before this one"},
        "stage": {"type": "string"},
        "done": {"type": "integer"},
        "total": {"type": "integer"},
        "result": {"type": ["object", "null"]},
        "error": {"type": ["string", "null"]},
    },
}
ERROR: dict[str, Any] = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
PHOTOGRAPH: dict[str, Any] = {
    "type": "object",
    "required": ["id", "height", "width"],
    "properties": {"id": {"type": "string"}, "height": {"type": "integer"}, "width": {"type": "integer"}},
}


def openapi(version: str) -> dict[str, Any]:
    """The document that GET /api/openapi.json answers."""
    bodies = ASKED.json_schema(ref_template="#/components/schemas/{model}")
    schemas = {**bodies.pop("$defs"), "Asked": bodies, "Job": JOB, "Photograph": PHOTOGRAPH, "Error": ERROR}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "optogram live bench",
            "version": version,
            "description": "One network beside its atlas. All computing goes through one queue.",
        },
        "paths": _paths(),
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _paths() -> dict[str, Any]:
    job = {"name": "job", "in": "path", "required": True, "schema": {"type": "string"}}
    photograph = {"name": "photograph", "in": "path", "required": True, "schema": {"type": "string"}}
    upload = {"content": {"image/*": {"schema": {"type": "string", "format": "binary", "maxLength": MOST_BYTES}}}, "required": True}
    return {
        "/api/bench": {"get": _operation("What may be asked here: methods, canvases, presets, limits.", {"type": "object"})},
        "/api/openapi.json": {"get": _operation("This document.", {"type": "object"})},
        "/api/photographs": {
            "post": _operation(
                f"A photograph's file, at most {MOST_BYTES // 10**6} MB and {MOST_PIXELS // 10**6} megapixels; kept in memory only.",
                _ref("Photograph"),
                {"400": "no photograph", "408": "sent too slowly", "413": "too large"},
                code="201",
                requestBody=upload,
            )
        },
        "/api/photographs/{photograph}": {
            "get": _operation("The photograph as the network sees it.", None, {"404": "forgotten"}, media="image/webp", parameters=[photograph])
        },
        "/api/jobs": {
            "post": _operation(
                "Asks for something; it is put into the queue.",
                _ref("Job"),
                {"400": "what cannot be asked", "404": "no such photograph", "503": "too many wait: Retry-After says when to ask again"},
                code="202",
                requestBody={"content": {JSON: {"schema": _ref("Asked")}}, "required": True},
            )
        },
        "/api/jobs/{job}": {
            "get": _operation("How a job stands.", _ref("Job"), {"404": "forgotten"}, parameters=[job]),
            "delete": _operation("Ends a job: at once if it waits, else at its next step.", _ref("Job"), {"404": "forgotten"}, parameters=[job]),
        },
        "/api/jobs/{job}/events": {"get": _operation(EVENTS, None, {"404": "forgotten"}, media="text/event-stream", parameters=[job])},
        "/api/jobs/{job}/keep": {
            "post": _operation(
                "Puts the answer into the atlas's folder.", {"type": "object"}, {"400": "nothing to keep", "404": "forgotten"}, parameters=[job]
            )
        },
    }


def _operation(summary: str, schema: Any, errors: dict[str, str] | None = None, code: str = "200", media: str = JSON, **more: Any) -> dict[str, Any]:
    content: dict[str, Any] = {media: {} if schema is None else {"schema": schema}}
    answers = {code: {"description": "as asked", "content": content}}
    everywhere = {"401": "no token where one is needed", "403": "another site's page, or another host's name"}
    for number, reason in {**(errors or {}), **everywhere}.items():
        answers[number] = {"description": reason, "content": {JSON: {"schema": _ref("Error")}}}
    return {"summary": summary, "responses": answers, **more}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
