"""Where an epoch's time goes, as plain values, free of torch; `interpret.loading` measures it."""

import msgspec

LOADERS = ("resident", "files")


class Spent(msgspec.Struct, frozen=True):
    """Seconds of `batches` batches: waiting for them to be loaded, and computing with them."""

    waiting: float = 0.0
    computing: float = 0.0
    batches: int = 0

    @property
    def whole(self) -> float:
        """Seconds altogether."""
        return self.waiting + self.computing

    @property
    def share(self) -> float:
        """The part of it that is waiting, 0 to 1."""
        return self.waiting / self.whole if self.whole else 0.0


class Loading(msgspec.Struct, frozen=True):
    """Both loaders on the same batches, as far as they have been measured: of `data`, `of` batches of `bs` images, an
    epoch of the whole set having `epoch` of them. `done`: there will be no more."""

    resident: Spent
    files: Spent
    data: str
    bs: int
    of: int
    epoch: int
    device: str
    done: bool

    @property
    def ratio(self) -> float:
        """How many times as long an epoch from files takes."""
        return self.files.whole / self.resident.whole if self.resident.whole else 1.0
