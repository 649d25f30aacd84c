"""How far back a character's influence reaches: the gradient of a prediction by position, the lab's part."""

import torch
from torch import Tensor
from torch.func import functional_call

from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.expectations import Influence
from fastai_tui.engine.interpret.surprise import encoded, log_probabilities
from fastai_tui.engine.interpret.text_model import TextModel, text_model
from fastai_tui.engine.sampling import LINE_END

MOST_PLACES = 64


def answer(source: str, text: str, places: list[int], likeliest: bool = False) -> Influence:
    """The influence of every earlier character on the predictions at some places of a text: the probability of the
    character that is there, or (`likeliest`, and after the text) of the likeliest one. A lab request.

    Raises `BadInput` for a text or places out of bounds, and what `text_model` raises.
    """
    model = text_model(source)
    tokens = encoded(model.vocabulary, text)
    if not 1 <= len(places) <= MOST_PLACES or not all(0 <= place <= len(tokens) for place in places):
        raise BadInput(f"Give 1 to {MOST_PLACES} places of the text, from 0 to {len(tokens):,}.")
    scores, embedded = predictions(model, tokens, places)
    best = scores.argmax(1).tolist()
    targets = [best[i] if likeliest or place == len(tokens) else tokens[place] for i, place in enumerate(places)]
    chosen = scores.gather(1, torch.tensor(targets)[:, None]).flatten()
    norms = torch.autograd.grad(chosen.sum(), embedded)[0].norm(dim=2)
    return Influence(
        places=places,
        norms=[by_distance(row, place, model.window) for row, place in zip(norms, places, strict=True)],
        targets=[model.vocabulary.decode([token]) for token in targets],
        chances=chosen.exp().tolist(),
        window=model.window,
        unknown=model.vocabulary.unknown(text),
        source=model.name,
        step=model.step,
        network=type(model.network).__name__,
    )


def predictions(model: TextModel, tokens: list[int], places: list[int]) -> tuple[Tensor, Tensor]:
    """The logarithms of all probabilities at each place (places, vocabulary), and the embeddings (places, length, emb)
    of what was read before it, which gradients can be taken by.

    Every place is a row of one batch, so that one pass back gives all gradients. The network is lent embeddings with a
    row for each position instead of each character; else two equal characters would share their gradient.
    """
    network, window = model.network.eval(), model.window  # which forgets what it has read
    given = [[*[LINE_END] * max(window, 1), *tokens[:place]] for place in places]
    longest = max(map(len, given))  # what is filled up behind a place has no say in it
    rows = [row[-window:] if window else row + [LINE_END] * (longest - len(row)) for row in given]
    read = torch.tensor(rows)
    embedded = network.get_parameter("embedding.weight").detach()[read].requires_grad_()
    positions = torch.arange(read.numel()).view_as(read)
    lent = {"embedding.weight": embedded.flatten(0, 1)}
    logits: Tensor = functional_call(network, lent, (positions,)).view(len(places), -1, len(model.vocabulary))
    last = torch.tensor([-1 if window else place for place in places])
    return log_probabilities(logits[torch.arange(len(places)), last]), embedded


def by_distance(norms: Tensor, place: int, window: int) -> list[float]:
    """The influence of the characters before a place, the nearest first; of those before the window, none."""
    end = window or place + 1
    known = min(place, window or place)
    return [*norms[end - known : end].flip(0).tolist(), *[0.0] * (place - known)]
