"""What training on text has to keep besides weights: the state that goes on from batch to batch, and the vocabulary."""

from typing import Any

from torch import Tensor

from fastai_tui.engine.callback import Callback
from fastai_tui.engine.data.vocabulary import Vocabulary
from fastai_tui.engine.errors import RunFailed
from fastai_tui.engine.models.cells import State
from fastai_tui.engine.models.char_state import Stateful


class Carrying(Callback):
    """Lets a network that carries a state begin every epoch with an empty one, and has the state and the vocabulary
    stored with every checkpoint: so a run goes on in the middle of a text, and its weights can be read without it."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary

    def before_epoch(self) -> None:
        """An epoch begins where the text does; one that goes on after a resume has its state."""
        if isinstance(self.learn.model, Stateful) and self.learn.batch == 0:
            self.learn.model.reset_state()

    def state(self) -> dict[str, Any]:
        """The vocabulary, and the state if there is one (a tensor, or a pair of them)."""
        model = self.learn.model
        return {"vocabulary": list(self.vocabulary.itos), "memory": getattr(model, "memory", None)}

    def restore(self, state: dict[str, Any]) -> None:
        """Take the state back. Raises `RunFailed` if the text has another vocabulary than when the run began."""
        if tuple(state["vocabulary"]) != self.vocabulary.itos:
            raise RunFailed("The text has changed since the run began: its vocabulary is another one; train again.")
        if isinstance(self.learn.model, Stateful) and state["memory"] is not None:
            self.learn.model.memory = _moved(state["memory"], self.learn.device)


def _moved(state: State, device: Any) -> State:
    return state.to(device) if isinstance(state, Tensor) else (state[0].to(device), state[1].to(device))
