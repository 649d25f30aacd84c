"""Gradient clipping, as a callback."""

from torch import nn

from fastai_tui.engine.callback import Callback


class ClipGradients(Callback):
    """Shortens the gradient, all parameters' taken together as one vector, to a norm of at most `most`.

    Source: Pascanu, Mikolov & Bengio (arXiv 1211.5063)."""

    learning = True  # a rate finder clips, too

    def __init__(self, most: float) -> None:
        self.most = most

    def before_fit(self) -> None:
        """Know the parameters."""
        self._params = list(self.learn.model.parameters())

    def before_step(self) -> None:
        """Shorten what is too long; frozen parameters have no gradient."""
        nn.utils.clip_grad_norm_(self._params, self.most)
