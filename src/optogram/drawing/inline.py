"""Pictures inside HTML, so that a page loads nothing from elsewhere."""

from __future__ import annotations

import base64
import html
import io

from PIL import Image


def data_uri(picture: Image.Image, kind: str = "PNG") -> str:
    """The whole file as an address: `PNG`, or `JPEG` for photographs."""
    stream = io.BytesIO()
    picture.save(stream, format=kind, **({"quality": 80} if kind == "JPEG" else {}))
    return f"data:image/{kind.lower()};base64,{base64.b64encode(stream.getvalue()).decode()}"


def lines(text: str) -> str:
    """Text as HTML, each of its lines on one of its own."""
    return html.escape(text).replace("\n", "<br>")
