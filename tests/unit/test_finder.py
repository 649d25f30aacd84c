"""The rate finder: it finds what a plain loop finds, and nothing that comes after it can tell that it has been."""

import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from fastai_tui.engine import finder, kept, lab
from fastai_tui.engine.callback import Callback
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.finder import Finder, find_rate
from fastai_tui.engine.interpret.stats import ActivationStats
from fastai_tui.engine.job import Job
from fastai_tui.engine.kept import digests
from fastai_tui.engine.recorder import Recorder
from fastai_tui.engine.runs.checkpoints import Checkpointer
from fastai_tui.engine.runs.steps import StepReader
from fastai_tui.engine.runs.writer import RunWriter
from fastai_tui.engine.settings import Value
from fastai_tui.engine.sweep import Piece, Sweep, piece
from fastai_tui.engine.training import JobLearner
from fastai_tui.lessons.experiments import order
from tests.unit.networks import data, learner, network

EPOCHS = 3
BRIEF = Sweep(start=1e-4, end=1.0, batches=12)


class Keep(Callback):
    """Every batch's loss, and random numbers of the kinds that training may draw."""

    order = 40

    def __init__(self) -> None:
        self.seen: list[tuple[float, ...]] = []

    def after_batch(self) -> None:
        draws = (random.random(), float(np.random.standard_normal()), torch.rand(()).item())
        self.seen.append((self.learn.loss.item(), *self.learn.lr, self.learn.momentum, *draws))


class FindAt(Callback):
    """Looks for a rate in the middle of training, at a hook and a step."""

    def __init__(self, hook: str, step: int, *, order: int = 30) -> None:
        self.step, self.order, self.found = step, order, list[finder.Found]()
        setattr(self, hook, self.find)

    def find(self) -> None:
        if self.learn.step == self.step and not self.found:
            self.found.append(find_rate(self.learn, Sweep(start=1e-3, end=50.0, batches=9)))


def seed() -> None:
    random.seed(5)
    np.random.seed(5)
    torch.manual_seed(5)


def trained(prepare: Callable[[JobLearner], object], **chosen: Any) -> tuple[list[tuple[float, ...]], JobLearner]:
    """What every batch of a training sees after `prepare` has had the Learner, and the Learner at the end."""
    learn, keep = learner(dropout=0.4, **chosen), Keep()
    learn.callbacks.append(keep)
    seed()
    prepare(learn)
    learn.fit(EPOCHS)
    return keep.seen, learn


def same(one: JobLearner, other: JobLearner) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one.model.state_dict().values(), other.model.state_dict().values(),
                                                 strict=True))  # fmt: skip


@pytest.mark.parametrize("opt", ["adam", "sgd"])
@pytest.mark.parametrize("groups", [False, True])
def test_a_finder_before_fit_leaves_all_that_follows_as_it_would_have_been(opt: str, groups: bool) -> None:
    lr: Value = [0.002, 0.02] if groups else 0.02
    expected, without = trained(lambda learn: None, opt=opt, groups=groups, lr=lr)
    seen, after = trained(lambda learn: find_rate(learn, BRIEF), opt=opt, groups=groups, lr=lr)
    assert seen == expected  # floats that are equal, not nearly so
    assert same(without, after)


@pytest.mark.parametrize("opt", ["adam", "sgd"])
@pytest.mark.parametrize(
    ("hook", "step"), [("before_batch", 0), ("before_step", 7), ("after_batch", 8), ("before_epoch", 5)]
)
def test_a_finder_in_the_middle_of_fit_leaves_all_that_follows_as_it_would_have_been(
    opt: str, hook: str, step: int
) -> None:
    expected, without = trained(lambda learn: None, opt=opt)
    find = FindAt(hook, step)
    seen, after = trained(lambda learn: learn.callbacks.append(find), opt=opt)
    assert len(find.found) == 1
    assert seen == expected
    assert same(without, after)


def tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


class Looking(FindAt):
    """Compares all files before and after it."""

    def __init__(self, home: Path, step: int, order: int) -> None:
        super().__init__("after_batch", step, order=order)
        self.home, self.files = home, list[set[str]]()

    def find(self) -> None:
        before = tree(self.home)
        super().find()
        self.files += [before, tree(self.home)]


@pytest.mark.parametrize("order", [30, 55, 65])  # before and after what records, and what saves
def test_recorder_activations_and_checkpoints_see_nothing_of_it_and_no_file_is_left(home: Path, order: int) -> None:
    def run(name: str, find: Looking | None) -> tuple[bytes, bytes]:
        folder = home / name
        (folder / "checkpoints").mkdir(parents=True)
        learn = learner(dropout=0.4)
        stats = ActivationStats(learn.model)
        writer = RunWriter(folder, 1, len(stats.names))
        recorder = Recorder(writer, stats, every=0.0)
        learn.callbacks += [recorder, Checkpointer(writer, recorder), *([find] if find else [])]
        writer.rewind(0)
        seed()
        learn.fit(EPOCHS)
        rows = StepReader(folder / "steps", 1).read()
        told = np.stack([rows["loss"], rows["smooth_loss"], rows["momentum"], rows["lr"][:, 0]])
        return told.tobytes(), (folder / "activations").read_bytes()

    find = Looking(home, 7, order)
    assert run("with", find) == run("without", None)
    assert find.files[0] == find.files[1]


def test_it_says_by_hashes_that_nothing_has_changed_and_what_would_have() -> None:
    learn = learner(dropout=0.4)
    seed()
    found = find_rate(learn, BRIEF)
    assert found.before == found.after == digests(learn)
    assert {len(digest) for digest in found.before.values()} == {64}
    differ = {name for name, digest in found.left.items() if digest != found.before[name]}
    assert differ == {"weights", "buffers", "optimiser", "random numbers", "the next batch", "the rest"}


def test_the_hashes_know_a_single_bit_of_each_part() -> None:
    learn = learner()
    learn.fit(1)
    before = digests(learn)
    with torch.no_grad():
        weight = learn.model[0].weight
        weight[0, 0] = torch.nextafter(weight[0, 0], torch.tensor(9.0))
    now = digests(learn)
    assert {name for name in now if now[name] != before[name]} == {"weights"}
    learn.model[1].running_mean[0] += 1
    learn.opt.param_groups[0]["weight_decay"] = 0.5
    torch.rand(1)
    learn.batch = 2
    learn.model[0].weight.grad = torch.zeros_like(weight)
    learn.model.train()
    changed = digests(learn)
    assert {name for name in now if now[name] == changed[name]} == {"weights"}


def test_a_crash_in_the_middle_puts_everything_back() -> None:
    learn = learner(dropout=0.4)
    before, calls = digests(learn), [0]

    def watch(found: finder.Found) -> None:
        calls[0] += 1
        if calls[0] == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        find_rate(learn, BRIEF, watch)
    assert digests(learn) == before


def test_copies_that_find_no_room_leave_everything_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(state: object) -> object:
        raise MemoryError

    learn = learner()
    learn.fit(1)
    before = digests(learn)
    monkeypatch.setattr(kept.copy, "deepcopy", no_room)
    with pytest.raises(MemoryError):
        find_rate(learn, BRIEF)
    monkeypatch.undo()
    assert digests(learn) == before


def test_rates_losses_and_smoothing_are_a_plain_loop_s() -> None:
    sweep = Sweep(start=1e-4, end=2.0, batches=14, stop=0)
    found = find_rate(learner(wd=0.0), sweep)
    model, loader = network(), data().train
    opt = torch.optim.AdamW(model.parameters(), lr=0.0, betas=(0.9, 0.99), eps=1e-5, weight_decay=0.0)
    losses, smooth, mean = [], [], 0.0
    batches = [batch for epoch in range(3) for batch in loader.batches(epoch)]
    for i, (xb, yb) in enumerate(batches[:14]):
        opt.param_groups[0]["lr"] = 1e-4 * (2.0 / 1e-4) ** (i / 14)
        loss = F.cross_entropy(model(xb), yb)
        loss.backward()
        opt.step()
        opt.zero_grad()
        losses.append(loss.item())
        mean = 0.98 * mean + 0.02 * loss.item()
        smooth.append(mean / (1 - 0.98 ** (i + 1)))
    assert found.rates == pytest.approx([1e-4 * 20_000 ** (i / 14) for i in range(14)])
    assert found.losses == pytest.approx(losses, rel=1e-4)
    assert found.smooth == pytest.approx(smooth, rel=1e-4)
    assert not found.stopped_early


def test_groups_keep_their_proportions() -> None:
    seen: list[list[float]] = []

    class Spy(Callback):
        learning = True

        def before_step(self) -> None:
            seen.append([group["lr"] for group in self.learn.opt.param_groups])

    learn = learner(groups=True, lr=[0.001, 0.02])
    learn.callbacks.append(Spy())
    found = find_rate(learn, BRIEF)
    for rate, told in zip(found.rates, seen, strict=True):
        first = [group["group"] == 0 for group in learn.opt.param_groups]
        assert told == pytest.approx([rate / 20 if early else rate for early in first])


def test_a_callback_that_belongs_to_learning_takes_part_and_is_put_back() -> None:
    class Counting(Callback):
        learning = True
        steps = 0

        def before_step(self) -> None:
            self.steps += 1
            torch.nn.utils.clip_grad_norm_(self.learn.model.parameters(), 1e-3)

    counting, learn = Counting(), learner(opt="sgd")
    learn.callbacks.append(counting)
    clipped = find_rate(learn, BRIEF)
    assert counting.steps == 0
    assert not np.allclose(clipped.losses[6:], find_rate(learner(opt="sgd"), BRIEF).losses[6:])


def test_it_stops_early_where_the_smoothed_loss_is_four_times_its_best() -> None:
    found = find_rate(learner(opt="sgd"), Sweep(start=1e-2, end=1e5, batches=100))
    assert found.stopped_early
    assert len(found.rates) < 100
    last = found.smooth[-1]
    assert not math.isfinite(last) or last > 4 * min(found.smooth)
    assert all(loss <= 4 * min(found.smooth[: i + 1]) for i, loss in enumerate(found.smooth[:-1]))


def test_it_stops_where_the_loss_is_no_number_even_if_told_never_to() -> None:
    class Broken(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer, self.calls = nn.Linear(6, 3), 0

        def forward(self, xb: torch.Tensor) -> torch.Tensor:
            self.calls += 1
            return self.layer(xb) * (math.nan if self.calls > 8 else 1)

    learn = learner()
    learn.model = Broken()
    learn.opt = torch.optim.AdamW([{"params": list(learn.model.parameters()), "group": 0}])
    found = find_rate(learn, Sweep(batches=30, stop=0))
    assert len(found.rates) == 9
    assert found.stopped_early
    assert learn.model.calls == 0  # what a module holds besides weights is put back too


def test_a_module_s_own_tensors_are_put_back_even_if_they_are_changed_in_place() -> None:
    class Remembering(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(6, 3)
            self.state, self.pair = torch.zeros(3), [torch.ones(3), torch.ones(3)]

        def forward(self, xb: torch.Tensor) -> torch.Tensor:
            out = self.layer(xb) + self.state
            self.state += 1
            self.pair[0].add_(1)
            self.pair = [self.pair[0], out.detach().mean(0)]
            return out

    learn = learner()
    learn.model = model = Remembering()
    learn.opt = torch.optim.AdamW([{"params": list(model.parameters()), "group": 0}])
    find_rate(learn, BRIEF)
    assert model.state.tolist() == [0, 0, 0]
    assert [part.tolist() for part in model.pair] == [[1, 1, 1], [1, 1, 1]]


@pytest.mark.parametrize(
    "given",
    [
        {"start": 0.0}, {"start": -1.0}, {"start": 10.0, "end": 1.0}, {"end": math.inf}, {"start": math.nan},
        {"batches": 5}, {"batches": 10**9}, {"stop": 1.0}, {"stop": -4.0},
    ],
)  # fmt: skip
def test_a_sweep_that_makes_no_sense_is_refused_in_a_sentence(given: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match=r"\.$"):
        find_rate(learner(), Sweep(**given))


def test_by_pieces_is_the_same_as_at_once_whatever_is_drawn_in_between() -> None:
    at_once = find_rate(seeded(), BRIEF)
    one = Finder(seeded(), BRIEF)
    while not one.done:
        state = torch.get_rng_state()
        one.advance(0.0)
        assert torch.equal(state, torch.get_rng_state())
        torch.rand(7)
    assert one.close().losses == at_once.losses


def seeded() -> JobLearner:
    learn = learner(dropout=0.4)
    seed()
    return learn


# The lab's request


def asked(name: str, **arguments: Any) -> Any:
    """What the lab process answers, as it travels."""
    line = msgspec.json.encode({"request": name, "arguments": msgspec.to_builtins(arguments)})
    reply = msgspec.json.decode(lab.reply(line), type=lab.Reply)
    assert reply.error is None, reply.error
    return reply.answer


def job(**chosen: object) -> Job:
    return order("mnist-3v7", {"activations": "on", **chosen}, data="mnist-sample", device="cpu")


def pieces(job: Job, sweep: Sweep, *, forget_after: int = -1) -> list[Piece]:
    """All pieces; after one of them, the lab is started again."""
    found, after = list[Piece](), 0
    while not found or not found[-1].done:
        found.append(piece(asked("find_rate", job=job, sweep=sweep, after=after)))
        assert found[-1].first == after
        after += len(found[-1].lrs)
        if len(found) == forget_after:
            asked("leave_rate")
            assert not finder._held
    return found


def curve(found: list[Piece]) -> list[float | None]:
    return [loss for one in found for loss in one.losses]


def test_the_lab_tells_it_in_pieces_and_a_lab_that_was_lost_does_them_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finder, "LOOK", 0.02)
    whole = pieces(job(), Sweep(batches=40))
    assert len(whole) > 2
    assert curve(pieces(job(), Sweep(batches=40), forget_after=2)) == curve(whole)
    last = whole[-1]
    assert last.after == last.before
    assert [one.name for one in last.suggestions] == ["minimum", "steep", "valley", "slide"]
    assert finder._held[0].finder is None  # the network is gone, what was found is not
    assert all(not one.after and not one.suggestions for one in whole[:-1])


def test_two_finders_do_not_disturb_each_other() -> None:
    first = asked("find_rate", job=job(), sweep=Sweep(batches=20), after=0)
    asked("find_rate", job=job(model="linear"), sweep=Sweep(batches=20), after=0)
    again = asked("find_rate", job=job(), sweep=Sweep(batches=20), after=0)
    both = min(len(first["losses"]), len(again["losses"]))
    assert first["losses"][:both] == again["losses"][:both]
    asked("leave_rate")
