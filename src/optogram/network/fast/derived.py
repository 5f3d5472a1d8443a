"""What is worked out from weights once and kept until they change."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

from torch import Tensor

Found = TypeVar("Found")


class Derived:
    """Kept with the module whose weights they are; not copied along with it."""

    def __init__(self) -> None:
        self.found: dict[Hashable, tuple[Sequence[Tensor | None], Sequence[int], Any]] = {}

    def of(self, name: Hashable, weights: Sequence[Tensor | None], make: Callable[[], Found]) -> Found:
        """What `make` gives; made anew when one of `weights` is another tensor, or has been written into."""
        versions = [0 if weight is None or weight.is_inference() else weight._version for weight in weights]
        kept = self.found.get(name)
        if kept is None or kept[1] != versions or any(one is not other for one, other in zip(kept[0], weights, strict=True)):
            kept = self.found[name] = weights, versions, make()
        return kept[2]

    def __deepcopy__(self, memo: dict[int, Any]) -> Derived:
        return Derived()

    def __reduce__(self) -> Any:
        return Derived, ()
