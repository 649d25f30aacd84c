"""What an epoch of training a head costs, through the trunk and from what was precomputed: plain values, free of torch;
`interpret.precompute_costs` measures them."""

import msgspec

NUMBER = 4  # bytes


class Costs(msgspec.Struct, frozen=True):
    """Seconds that `through_photos` photos have taken through the trunk and the head, and `cached_photos` of what was
    precomputed through the head alone, trained in batches of `bs`; `numbers` are kept of each photo of `size` pixels a
    side. `done`: there will be no more."""

    through: float
    through_photos: int
    cached: float
    cached_photos: int
    numbers: int
    head: str
    size: int
    bs: int
    device: str
    done: bool

    @property
    def ratio(self) -> float:
        """How many times as long an epoch through the trunk takes."""
        return self.epoch(1) / self.epoch_cached(1) if self.cached and self.through_photos else 1.0

    def epoch(self, photos: int) -> float:
        """Seconds of an epoch through the trunk."""
        return self.through / self.through_photos * photos if self.through_photos else 0.0

    def epoch_cached(self, photos: int) -> float:
        """Seconds of one from the cache."""
        return self.cached / self.cached_photos * photos if self.cached_photos else 0.0


def megabytes(photos: int, numbers: int) -> float:
    """What is kept of so many photos, in millions of bytes."""
    return photos * numbers * NUMBER / 1e6
