"""Early stopping, as a callback."""

from typing import Any

from fastai_tui.engine.callback import Callback, CancelFit


class EarlyStop(Callback):
    """Ends training after `patience` epochs without a better validation loss.

    It counts before a checkpoint is written (so that a resume knows), and leaves when the next epoch would begin.
    """

    order = 55
    leads = True

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.best, self.best_epoch, self.waited = float("inf"), 0, 0

    def state(self) -> dict[str, Any]:
        """The best validation loss, its epoch, and the epochs since."""
        return {"best": self.best, "best_epoch": self.best_epoch, "waited": self.waited}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on counting."""
        self.best, self.best_epoch, self.waited = state["best"], state["best_epoch"], state["waited"]

    def before_epoch(self) -> None:
        """Leave if it has been long enough."""
        if self.waited >= self.patience:
            raise CancelFit

    def after_epoch(self) -> None:
        """Count."""
        self.waited += 1
        if self.learn.valid_loss < self.best:
            self.best, self.best_epoch, self.waited = self.learn.valid_loss, self.learn.epoch, 0

    @property
    def sentence(self) -> str:
        """Why training has ended."""
        epochs = "1 epoch" if self.waited == 1 else f"{self.waited} epochs"
        return (
            f"It ended early, after epoch {self.learn.epoch} of {self.learn.epochs}: for {epochs} the validation loss "
            f"has not been below epoch {self.best_epoch + 1}'s, {self.best:.3g} (patience={self.patience})."
        )
