"""Seventeen photographs that scikit-image and scikit-learn carry in their wheels, each cut into a half to learn from and a half to test on.

Nothing is downloaded: the files lie inside the installed packages. Each photograph is split into its left half, which
`scripts/train_photonet.py` trains on, and its right half, which is held out, with a gap of 16 pixels between them (two
JPEG blocks), so that no pixel and no compression block is seen on both sides. Crops are squares of 80 to 160 pixels,
reduced to 64, that show something: crops of empty sky or black cannot be told apart by anybody and are drawn again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from optogram.errors import MissingExtraError, SettingError

if TYPE_CHECKING:
    from optogram.images.photos import Photos

Half = Literal["train", "held_out"]

FILES: dict[str, tuple[str, str]] = {
    "astronaut": ("skimage", "data/astronaut.png"),
    "brick": ("skimage", "data/brick.png"),
    "camera": ("skimage", "data/camera.png"),
    "chelsea": ("skimage", "data/chelsea.png"),
    "china": ("sklearn", "datasets/images/china.jpg"),
    "coffee": ("skimage", "data/coffee.png"),
    "coins": ("skimage", "data/coins.png"),
    "flower": ("sklearn", "datasets/images/flower.jpg"),
    "grass": ("skimage", "data/grass.png"),
    "gravel": ("skimage", "data/gravel.png"),
    "hubble": ("skimage", "data/hubble_deep_field.jpg"),
    "ihc": ("skimage", "data/ihc.png"),
    "moon": ("skimage", "data/moon.png"),
    "motorcycle": ("skimage", "data/motorcycle_left.png"),
    "page": ("skimage", "data/page.png"),
    "retina": ("skimage", "data/retina.jpg"),
    "rocket": ("skimage", "data/rocket.jpg"),
}
"""Each photograph's name, and the package and path it lies at."""

NAMES = tuple(FILES)
SIZE = 64
"""Side of a crop as the network sees it, in pixels."""
SIDES = (80.0, 160.0)
"""Least and greatest side of a crop in the photograph, in its pixels: always reduced, so that no camera's or JPEG's grid is left to learn."""
GAP = 16
LARGEST = 768
"""Longer photographs are reduced to this, so that a crop of each shows more than one vessel or star."""
CONTRAST = 6.0
"""Least standard deviation of a crop's luminance, of 255."""
TRIES = 200


@dataclass(frozen=True, slots=True)
class Square:
    """Where a crop lies in its half: corner and side, in pixels, not whole."""

    top: float
    left: float
    side: float


def carried(package: str, path: str) -> Path:
    """A file that lies in a package, which need not be imported for it; `MissingExtraError` where it is not installed."""
    spec = find_spec(package)
    file = Path(next(iter(spec.submodule_search_locations or [""]))) / path if spec else None
    if file is None or not file.is_file():
        raise MissingExtraError("the demo's pictures come with scikit-image and scikit-learn: pip install 'optogram[demo]'")
    return file


@cache
def photograph(name: str) -> UInt8[np.ndarray, "height width 3"]:
    """One photograph, RGB (gray ones three times over), its longer side at most 768 pixels.

    Raises `MissingExtraError` where the package that carries it is not installed.
    """
    if name not in FILES:
        raise SettingError(f'the photographs are {", ".join(NAMES)}; got "{name}"')
    with Image.open(carried(*FILES[name])) as image:
        picture = image.convert("RGB")
    picture.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)
    array = np.asarray(picture)
    array.flags.writeable = False
    return array


@cache
def half(name: str, part: Half) -> Image.Image:
    """The left half of a photograph (`train`) or its right half (`held_out`), without the gap between them."""
    whole = photograph(name)
    middle = whole.shape[1] // 2
    return Image.fromarray(whole[:, : middle - GAP // 2] if part == "train" else whole[:, middle + GAP // 2 :])


def crop(picture: Image.Image, square: Square) -> Image.Image:
    """The square cut out and resized to 64 by 64 (bilinear, antialiased)."""
    return picture.resize((SIZE, SIZE), Image.Resampling.BILINEAR, (square.left, square.top, square.left + square.side, square.top + square.side))


def draw_square(height: int, width: int, random: np.random.Generator) -> Square:
    """A square uniform over places and over the logarithm of its side, wholly inside a picture of that size."""
    least, greatest = SIDES
    side = least * (min(greatest, height, width) / least) ** random.random()
    return Square(random.random() * (height - side), random.random() * (width - side), side)


def draw_crop(name: str, part: Half, random: np.random.Generator) -> UInt8[np.ndarray, "64 64 3"]:
    """A random crop of one half of a photograph that shows something (luminance spread of at least 6 of 255)."""
    picture = half(name, part)
    for _ in range(TRIES):
        cut = crop(picture, draw_square(picture.height, picture.width, random))
        if np.asarray(cut.convert("L")).std() >= CONTRAST:
            return np.asarray(cut)
    raise SettingError(f"no crop of {name} shows anything: {TRIES} were drawn, all with a luminance spread below {CONTRAST:g}")


def draw_crops(part: Half, count: int, seed: int) -> tuple[UInt8[np.ndarray, "crop 64 64 3"], list[str]]:
    """`count` crops, as many of each photograph as of any other (to within one), and the photograph each is from.

    Each photograph has its own generator, so that the crops of one do not depend on the others, and a longer draw
    begins with the shorter one's crops.
    """
    if count < 1:
        raise SettingError(f"count is at least 1; got {count}")
    randoms = [np.random.default_rng([seed, 0 if part == "train" else 1, index]) for index in range(len(NAMES))]
    sources = [index % len(NAMES) for index in range(count)]
    crops = np.stack([draw_crop(NAMES[source], part, randoms[source]) for source in sources])
    return crops, [NAMES[source] for source in sources]


def held_out_crops(count: int = 1700, seed: int = 0) -> Photos:
    """Crops of the held-out halves as photographs to look at the demo network with: `china#0017`, labelled and grouped by photograph.

    100 of each of the seventeen by default, in the order of their names. The groups keep the crops of one photograph, which overlap,
    in one fold. About a second on one core, and 12 kB of memory a crop.
    """
    from optogram.images.photos import Photos
    from optogram.images.source import Source, bytewise

    crops, sources = draw_crops("held_out", count, seed)
    named = {f"{source}#{index // len(NAMES):04d}": index for index, source in enumerate(sources)}
    identities = tuple(sorted(named, key=bytewise))
    pixels = crops[[named[identity] for identity in identities]]
    groups = [identity.partition("#")[0] for identity in identities]
    return Photos(Source("photographs in wheels", identities, pixels.__getitem__, groups.__getitem__, noun="crops"), groups=groups)
