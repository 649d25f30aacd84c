"""What it costs to keep the history: a network reads batch after batch, once with its state cut off from how it came
about, and once not. Everything is measured: layers are counted in autograd's graph, bytes as autograd saves them."""

import copy
import time
from weakref import WeakSet

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.nn.functional import cross_entropy

from fastai_tui.engine.data.streams import StreamLoader
from fastai_tui.engine.data.text import text
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.history_costs import Cost, Costs, History
from fastai_tui.engine.models.char_state import CharStatefulRnn
from fastai_tui.engine.threads import threads

STREAMS = 16
REPEATS, SLOW = 3, 0.05  # passes backwards, of which the quickest counts; after one of so many seconds comes no other
LOOK = 0.25  # seconds of measuring for one request
MOST = 256 * 2**20  # bytes of history, after which another batch is refused


class Side:
    """A network that cuts its history, or does not. Its weights stay as they are: those that the old batches were read
    with are needed as long as gradients go back to them."""

    def __init__(self, network: CharStatefulRnn, *, cut: bool) -> None:
        self.network = network.train()
        self.network.cut = cut
        self.saved: WeakSet[Saved] = WeakSet()

    def read(self, xb: Tensor, yb: Tensor) -> tuple[Cost, Tensor]:
        """One more batch: its cost, and the gradient of its loss."""
        with saved_tensors_hooks(self._save, lambda saved: saved.tensor):
            loss = cross_entropy(self.network(xb), yb)
        seconds, gradient = self._backward(loss)
        for _ in range(REPEATS - 1) if seconds < SLOW else ():
            seconds = min(seconds, self._backward(loss)[0])
        return Cost(layers(loss), self.memory(), seconds), gradient

    def _backward(self, loss: Tensor) -> tuple[float, Tensor]:
        begun = time.thread_time()  # what this thread computes: it is not slower for having to wait for other processes
        gradients = torch.autograd.grad(loss, list(self.network.parameters()), retain_graph=True)
        return time.thread_time() - begun, nn.utils.parameters_to_vector(gradients)

    def _save(self, tensor: Tensor) -> "Saved":
        self.saved.add(saved := Saved(tensor))
        return saved

    def memory(self) -> int:
        """Bytes that autograd holds now, the weights apart; what it has let go counts no more."""
        weights = {p.untyped_storage().data_ptr() for p in self.network.parameters()}
        storages = [saved.tensor.untyped_storage() for saved in self.saved]
        return sum({s.data_ptr(): s.nbytes() for s in storages if s.data_ptr() not in weights}.values())


class Saved:
    """A tensor as autograd's graph holds it: it is gone when the graph is. Without `detach` it would hold the graph."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor.detach()


def layers(loss: Tensor) -> int:
    """Hidden layers that the gradient goes through: the tanhs in the graph."""
    found, waiting = set(), [loss.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in found:
            found.add(node)
            waiting += [before for before, _ in node.next_functions]
    return sum(node.name().startswith("TanhBackward") for node in found)


class Measured:
    """Both sides, with the same weights, and what they have cost so far."""

    def __init__(self, data: str, bptt: int, hidden: int, seed: int) -> None:
        found = text(data)
        if len(found.train) < 2 * STREAMS:
            raise BadInput(f"{found.name} is too short for {STREAMS} streams: give a longer text.")
        self.loader = StreamLoader(torch.tensor(found.train), bs=STREAMS, bptt=bptt)
        self.name, self.batches, self.points = found.name, self.loader.batches(0), list[Costs]()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            network = CharStatefulRnn(len(found.vocabulary), hidden)
        Side(copy.deepcopy(network), cut=True).read(*next(self.loader.batches(0)))  # torch's first time is slower
        self.uncut, self.cut = Side(copy.deepcopy(network), cut=False), Side(network, cut=True)

    @property
    def full(self) -> bool:
        """Would another batch need too much, or is there none?"""
        return len(self.points) >= len(self.loader) or bool(self.points and self.points[-1].uncut.memory > MOST)

    def grow(self) -> None:
        """Read one more batch on both sides."""
        xb, yb = next(self.batches)
        (uncut, whole), (cut, short) = self.uncut.read(xb, yb), self.cut.read(xb, yb)
        self.points.append(Costs(uncut, cut, float((whole - short).norm() / whole.norm())))


_measured: dict[tuple[str, int, int, int], Measured] = {}  # at most one


def answer(batches: int, data: str = "pydocs", bptt: int = 8, hidden: int = 128, seed: int = 42) -> History:
    """The costs of the first `batches` batches, or of those of them that a moment is enough for. A lab request."""
    if bptt < 1 or hidden < 1:
        raise BadInput(f"bptt={bptt} and hidden={hidden} make no network: take at least 1 of each.")
    torch.set_num_threads(1)  # matrices as small as these are no work for two, and all of it is measured
    try:
        return _answer(batches, (data, bptt, hidden, seed))
    finally:
        torch.set_num_threads(threads())


def _answer(batches: int, key: tuple[str, int, int, int]) -> History:
    if key not in _measured:
        _measured.clear()
        _measured[key] = Measured(*key)
    now, until = _measured[key], time.monotonic() + LOOK
    while len(now.points) < batches and not now.full and time.monotonic() < until:
        now.grow()
    full = now.full and batches >= len(now.points)
    return History(now.points[:batches], full, now.name, STREAMS, len(now.loader))
