"""What the lab tells of recurrent layers on a text: states and gates after each character, and one unit's work."""

import torch
from torch import Tensor, nn

from fastai_tui.engine.interpret.recurrent import KINDS, Reading, asked, begins, cells, read
from fastai_tui.engine.models.cells import GruCell, LstmCell, RnnCell
from fastai_tui.engine.recurrence import GATES, STEPS, Layer, Part, Term, View, Weighted, Work

MOST = 2_000_000  # values that are told at once, some 5 MB
TERMS = 40  # products of a sum that are told: as many as a tall pane shows
ROWS: dict[type[nn.Module], tuple[str, ...]] = {  # what the rows of a cell's matrices make, in their order
    RnnCell: ("state",),
    GruCell: ("reset", "update", "candidate"),
    LstmCell: ("input", "forget", "candidate", "output"),
}


def states(source: str, text: str, layer: int = 1) -> Layer:
    """What a layer's states and gates are after each character of `text`. A lab request.

    A layer that there is not is the nearest one. Raises `BadInput` for a network without recurrent layers, and what
    `asked` raises, which says what `source` may be.
    """
    model, tokens = asked(source, text)
    kept = cells(model.network)
    number = min(max(layer, 1), len(kept))
    views = read(model, tokens, number).views
    units = views["state"].shape[1]
    told = min(units, max(MOST // (len(tokens) * len(views)), 1))
    order = views["state"][:, :told].std(0, correction=0).argsort(descending=True, stable=True)
    return Layer(
        source=model.name,
        step=model.step,
        kind=KINDS[type(kept[0])],
        layer=number,
        layers=len(kept),
        units=units,
        told=told,
        length=len(tokens),
        begins=begins(model, len(tokens)),
        unknown=model.vocabulary.unknown(text),
        order=order.tolist(),
        views={name: _view(name, found, told) for name, found in views.items()},
    )


@torch.no_grad()
def cell(source: str, text: str, layer: int = 1, unit: int = 0, character: int = 0) -> Work:
    """The numbers with which one unit works at one character, both from 0; the nearest where there is none. A lab
    request; arguments and errors otherwise as for `states`."""
    model, tokens = asked(source, text)
    kept = cells(model.network)
    number = min(max(layer, 1), len(kept))
    found = read(model, tokens, number)
    u = min(max(unit, 0), found.before.shape[1] - 1)
    t = min(max(character, 0), len(tokens) - 1)
    remembered = found.views.get("cell")
    return Work(
        source=model.name,
        step=model.step,
        kind=KINDS[type(kept[0])],
        layer=number,
        layers=len(kept),
        units=found.before.shape[1],
        unit=u,
        character=t,
        begins=begins(model, len(tokens)),
        unknown=model.vocabulary.unknown(text),
        before=float(found.before[t, u]),
        value=float(found.views["state"][t, u]),
        cell_before=float(found.cells_before[t, u]),
        cell=float(remembered[t, u]) if remembered is not None else 0.0,
        parts=_parts(found, t, u),
        course=found.views["state"][:, u].tolist(),
    )


def _view(name: str, found: Tensor, told: int) -> View:
    """A view of the first units as integers, and its means over all."""
    largest = max(float(found.abs().max()), 1.0)  # of a cell state; nothing else goes beyond 1
    means = (found if name in GATES else found.abs()).double().mean(1)
    values = (found[:, :told].T.double() / largest * STEPS).round().short().contiguous()
    return View(largest, values.numpy().tobytes(), means.tolist())


def _parts(found: Reading, t: int, u: int) -> list[Part]:
    """The gates and the candidate of one unit, in the order of the matrices' rows; the plain cell has but its state."""
    made = []
    for i, name in enumerate(ROWS[type(found.cell)]):
        row = i * found.before.shape[1] + u
        from_input = _weighted(found.cell.from_input, row, found.inputs[t])
        from_hidden = _weighted(found.cell.from_hidden, row, found.before[t])
        share = float(found.views["reset"][t, u]) if isinstance(found.cell, GruCell) and name == "candidate" else 1.0
        total = from_input.total + share * from_hidden.total
        made.append(Part(name, from_input, from_hidden, total, float(found.views[name][t, u])))
    return made


def _weighted(linear: nn.Linear, row: int, vector: Tensor) -> Weighted:
    """One number of what a linear map makes of a vector, as a sum of products."""
    weights, bias = linear.weight[row].detach().double(), float(linear.bias[row].detach())
    products = weights * vector.double()
    top = products.abs().argsort(descending=True, stable=True)[:TERMS]
    terms = [Term(int(i), float(weights[i]), float(vector[i])) for i in top]
    total = float(products.sum())
    return Weighted(total + bias, bias, terms, total - float(products[top].sum()), len(products))
