"""Training told hook by hook: the loop's own order, the schedule's own rates, and nothing disturbed by the watching."""

import inspect
from collections import Counter
from pathlib import Path

import msgspec
import pytest
import torch

from fastai_tui.engine import learner as loop
from fastai_tui.engine import schedules
from fastai_tui.engine.annealing import CosineAnnealing, by_callbacks, text_callbacks
from fastai_tui.engine.callback import Callback
from fastai_tui.engine.carrying import Carrying
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.interpret import loop_trace
from fastai_tui.engine.learner import Learner
from fastai_tui.engine.loop_trace import HOOKS, Trace
from fastai_tui.engine.models.char_state import CharStatefulRnn
from fastai_tui.engine.runs.writer import RunWriter


@pytest.fixture(scope="module")
def trace() -> Trace:
    return loop_trace.answer(1, 2, 4)


def network(seed: int = 5) -> CharStatefulRnn:
    torch.manual_seed(seed)
    return CharStatefulRnn(len(loop_trace.small_data(2).vocabulary), 12, 6)


class Rates(Callback):
    """Writes down what the optimiser was told for every batch."""

    def __init__(self) -> None:
        self.seen: list[float] = []

    def before_step(self) -> None:
        self.seen.append(self.learn.opt.param_groups[0]["lr"])


@pytest.mark.parametrize(("cycle_len", "mult", "cycles"), [(1, 2, 3), (2, 1, 3), (1, 3, 2), (1, 1, 1)])
def test_the_callback_anneals_as_the_schedule_does(cycle_len: int, mult: int, cycles: int) -> None:
    """Its rates are those of `fit_cycles`, and so are the weights that come of them."""
    data = loop_trace.small_data(3)
    ours, theirs, rates = network(), network(), Rates()
    epochs = schedules.cycle_epochs(cycles, cycle_len, mult)
    annealing = CosineAnnealing(0.02, cycle_len, mult)
    by_callbacks(ours, data, annealing, [Carrying(data.vocabulary), rates]).fit(epochs)
    want = schedules.restarts(0.02, cycles=cycles, cycle_len=cycle_len, cycle_mult=mult)
    total = epochs * len(data.train)
    assert rates.seen == pytest.approx([want(i / total) for i in range(total)], abs=1e-12)
    other = by_callbacks(theirs, data, CosineAnnealing(0.02), [])
    other.callbacks = [Carrying(data.vocabulary)]
    other.fit_cycles(0.02, cycles, cycle_len=cycle_len, cycle_mult=mult)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)
    assert (annealing.cycle, annealing.done) == (cycles, 0)


def test_annealing_goes_on_in_the_middle_of_a_cycle() -> None:
    data, whole, parted = loop_trace.small_data(4), Rates(), Rates()
    by_callbacks(network(), data, CosineAnnealing(0.1, 1, 2), [whole]).fit(3)
    first = by_callbacks(network(), data, CosineAnnealing(0.1, 1, 2), [parted])
    first.fit(2)
    again = CosineAnnealing(0.1, 1, 2)
    again.restore(first.callbacks[0].state())
    rest = by_callbacks(network(), data, again, [parted])
    rest.epoch, rest.step = 2, 8
    rest.fit(3)
    assert parted.seen == whole.seen


def test_layer_groups_are_annealed_each_from_its_own_top() -> None:
    data = loop_trace.small_data(2)
    learn = by_callbacks(network(), data, CosineAnnealing([0.5]), [])
    learn.fit(1)
    assert learn.lr == [0.25]


def test_hooks_come_in_the_order_of_the_loop(trace: Trace) -> None:
    """As a plain loop would call them that was written down by hand."""
    batch = ["before_batch", "before_step", "after_batch", "cleanup_batch"]
    epoch = ["before_epoch", *batch * 4, "after_epoch", "cleanup_epoch"]
    assert [call.hook for call in trace.calls] == ["before_fit", *epoch * 7, "after_fit", "cleanup_fit"]
    assert set(HOOKS) == {call.hook for call in trace.calls}
    assert trace.ends == [1, 3, 7]


def test_each_call_names_the_line_of_the_loop_that_it_came_from(trace: Trace) -> None:
    lines = Path(loop.__file__).read_text(encoding="utf-8").split("\n")
    for call in trace.calls:
        part = call.hook.partition("_")[2]
        wanted = 'self.hooks("before_step")' if part == "step" else f'self.hooks.around("{part}"'
        assert wanted in lines[call.line - 1]
    shown = [inspect.getsourcelines(getattr(Learner, name)) for name in ("fit", "_train", "_learn_from_batch")]
    inside = {first + i for source, first in shown for i in range(len(source))}
    assert {call.line for call in trace.calls} <= inside


def test_watching_changes_nothing() -> None:
    """The losses are those of the same training with nobody there."""
    data = loop_trace.small_data(4)
    trace = loop_trace.answer(1, 2, 4)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(loop_trace.SEED)
        model = CharStatefulRnn(len(data.vocabulary), loop_trace.HIDDEN, loop_trace.EMBEDDING)
    seen: list[float] = []

    class Losses(Callback):
        def before_step(self) -> None:
            seen.append(float(self.learn.loss.detach()))

    others = [Carrying(data.vocabulary), Losses()]
    learn = by_callbacks(model, data, CosineAnnealing(loop_trace.TOP, 1, 2), others)
    learn.fit(7)
    assert [call.loss for call in trace.calls if call.loss is not None] == seen
    assert [call.valid_loss for call in trace.calls if call.hook == "after_epoch"][-1] == learn.valid_loss


def test_random_numbers_of_others_stay_where_they_are() -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    loop_trace.answer(1, 1, 2)
    assert torch.equal(before, torch.get_rng_state())


def test_what_callbacks_do_is_told(trace: Trace) -> None:
    acts = [(call, act) for call in trace.calls for act in call.acts]
    counted = Counter((act.callback, act.what) for _, act in acts)
    assert counted == {
        ("CosineAnnealing", "rate"): 28,
        ("CosineAnnealing", "count"): 25,
        ("CosineAnnealing", "cycle"): 3,
        ("Carrying", "state"): 7,
        ("CycleEnds", "nothing"): 1 + 4,
        ("CycleEnds", "file"): 3,
    }
    assert [(call.epoch, act.name) for call, act in acts if act.what == "file"] == [
        (end, f"cycles/cycle-{n:03d}.safetensors") for n, end in enumerate((1, 3, 7), 1)
    ]
    assert [call.saved for call in trace.calls if call.hook == "cleanup_epoch"] == [1, 1, 2, 2, 2, 2, 3]
    assert {call.state for call in trace.calls if call.hook == "before_step"} == {"cut"}
    rates = [act.after for _, act in acts if act.what == "rate"]
    want = schedules.restarts(loop_trace.TOP, cycles=3, cycle_len=1, cycle_mult=2)
    assert rates == pytest.approx([want(i / 28) for i in range(28)], abs=1e-12)


def test_the_callbacks_are_listed_with_the_hooks_that_they_have(trace: Trace) -> None:
    assert {one.name: one.hooks for one in trace.callbacks} == {
        "CosineAnnealing": ["before_batch", "after_batch"],
        "Carrying": ["before_epoch"],
        "CycleEnds": ["before_fit", "after_epoch"],
    }
    from fastai_tui.lessons.sources import source

    for one in trace.callbacks:
        assert source(one.code).startswith(f"class {one.name}(Callback)")


def test_the_answer_crosses_as_plain_values(trace: Trace) -> None:
    assert msgspec.json.decode(msgspec.json.encode(trace), type=Trace) == trace


@pytest.mark.parametrize("asked", [(0, 1, 4), (1, 4, 4), (1, 1, 1), (1, 1, 13), (5, 1, 4)])
def test_numbers_out_of_bounds_are_refused(asked: tuple[int, int, int]) -> None:
    with pytest.raises(BadInput, match="out of bounds"):
        loop_trace.answer(*asked)


def test_long_cycles_are_fewer() -> None:
    found = loop_trace.answer(4, 3, 12)
    assert found.ends == [4, 16]
    assert found.batches == 12


def test_weights_are_kept_at_the_end_of_every_cycle(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    data, annealing = loop_trace.small_data(2), CosineAnnealing(0.02, 1, 2)
    writer = RunWriter(tmp_path, 1, 0)
    learn = by_callbacks(network(), data, annealing, text_callbacks(data, annealing, 2, writer))
    learn.fit(3)
    files = sorted((tmp_path / "cycles").glob("*.safetensors"))
    assert [file.name for file in files] == ["cycle-001.safetensors", "cycle-002.safetensors"]
    last = load_file(files[-1])
    assert all(torch.equal(last[name], p) for name, p in learn.model.state_dict().items())
