"""Run as a program: builds the tests' small atlas in a folder, and kills itself when the file named is about to be put in its place.

`killed_build.py FOLDER MOMENT`: a substring of the path of the file whose renaming it does not survive.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    import torch

    torch.set_num_threads(1)
    from conftest import SETTINGS, pixels, small
    from optogram.atlas.build import build_atlas

    folder, moment = Path(sys.argv[1]), sys.argv[2]
    rename = Path.replace

    def deadly(path: Path, target: Path) -> Path:
        if moment in target.relative_to(folder).as_posix() if target.is_relative_to(folder) else False:
            os.kill(os.getpid(), signal.SIGKILL)
        return rename(path, target)

    Path.replace = deadly  # type: ignore[method-assign,assignment]
    build_atlas(small(), pixels(), folder, settings=SETTINGS, progress=False)
