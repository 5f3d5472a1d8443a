"""An atlas, or some of its units, as one HTML file that opens from disk with the network off."""

from __future__ import annotations

import base64
import html
import json
import re
import tempfile
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from optogram.atlas.excerpt import excerpt
from optogram.atlas.folder import write_atomically

if TYPE_CHECKING:
    from optogram.atlas.open import Atlas

MOST_BYTES = 50_000_000
"""Above this a browser takes long to open the file: it is written all the same, with a warning."""


def single_file(atlas: Atlas, path: str | Path, units: Sequence[str] = (), network: str | None = None) -> Path:
    """Writes the pages of these units (see `excerpt`) with the viewer and all data inside; about .3 MB a unit at most."""
    target = Path(path)
    content = page(atlas, units, network)
    if len(content) > MOST_BYTES:
        import warnings

        warnings.warn(f"{target} has {len(content) / 1e6:.0f} MB, and a browser will be slow to open it: name fewer units", stacklevel=2)
    write_atomically(target, content)
    return target


def page(atlas: Atlas, units: Sequence[str] = (), network: str | None = None, base: str = "") -> bytes:
    """The file's content; `base` is the address that links are relative to where that is not the file's own."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        excerpt(atlas, root, units, network)
        inside = {file.relative_to(root).as_posix(): _base64(file.read_bytes()) for file in sorted(root.rglob("*")) if file.is_file()}
    viewer = files("optogram") / "viewer"
    text = (viewer / "index.html").read_text()
    # One script: a page from disk can fetch no other.
    script = (viewer / "single" / "viewer.js").read_text().replace("</script", "<\\/script")
    style = (viewer / "single" / "viewer.css").read_text()
    # What is embedded may hold backslashes: it is put in as it is, not as a pattern.
    data = json.dumps(inside)  # base64 and paths: neither can end the element
    text = re.sub(r"<script[^>]*></script>", "", text)
    text = re.sub(r"<link rel=\"stylesheet\"[^>]*>", lambda _: f"<style>{style}</style>", text)
    text = text.replace("<head>", f'<head><base href="{html.escape(base)}">' if base else "<head>")
    body = f'<script type="application/json" id="files">{data}</script>\n<script type="module">{script}</script>\n</body>'
    return text.replace("</body>", body).encode()


def frame(atlas: Atlas, units: Sequence[str] = (), network: str | None = None, height: int = 720) -> str:
    """The same as an element of a notebook: a frame that holds everything, and asks nothing of any server."""
    inner = html.escape(page(atlas, units, network, base="about:srcdoc").decode(), quote=True)
    style = f"width: 100%; height: {height}px; border: 1px solid #d9d5ce"
    return f'<iframe title="Atlas of {html.escape(atlas.manifest.title)}" style="{style}" srcdoc="{inner}"></iframe>'


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
