"""What the user's own code raised, and on which of its lines."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path

import torch

NOT_THEIRS = (Path(torch.__file__).parent, Path(__file__).parents[1])


def blamed(error: Exception, own: Callable[[Path], bool]) -> str:
    """`TypeError: what it says (file.py, line 12)`, the line the last one in a file that is their `own`."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if own(Path(frame.filename))]
    where = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    text = next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}{f': {text}' if text else ''}{where}"


def theirs(file: Path) -> bool:
    """Whether a file is neither torch's nor ours."""
    return not any(file.is_relative_to(root) for root in NOT_THEIRS)
