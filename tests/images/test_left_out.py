from __future__ import annotations

from optogram.images.left_out import LeftOut, sentence


def test_the_sentence_counts_names_and_says_where_all_are() -> None:
    three = [LeftOut("IMG_0012.jpg", "truncated"), LeftOut("notes.jpg", "not an image"), LeftOut("scan.tif", "3.1 gigapixels, limit 0.2")]
    assert sentence(three, 5000, listed_in="my-atlas/left-out.csv") == (
        "3 of 5,000 files were left out: IMG_0012.jpg (truncated), notes.jpg (not an image), scan.tif (3.1 gigapixels, limit 0.2). "
        "Listed in my-atlas/left-out.csv."
    )
    assert sentence(three[:1], 2) == "1 of 2 files was left out: IMG_0012.jpg (truncated)."
    assert sentence(three * 500, 5000, "rows").endswith("scan.tif (3.1 gigapixels, limit 0.2) and 1,497 more.")
