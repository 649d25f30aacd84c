"""A head that is given precomputed activations, in the place of a network that makes them of pictures each time."""

from torch import Tensor, nn

from fastai_tui.engine.models.heads import Head


class Precomputed(nn.Module):
    """The head of a pretrained network on what has been pooled before: (batch, features) → (batch, classes).

    Its weights have the names that they have in the whole network, and there are as many layer groups, of which the
    first two have nothing to learn here.
    """

    def __init__(self, head: Head) -> None:
        super().__init__()
        self.head = head
        self.parts: list[nn.Module] = [nn.ModuleList(), nn.ModuleList(), head]

    def forward(self, pooled: Tensor) -> Tensor:
        """What the head says of them."""
        return self.head.answer(pooled)
