"""A network whose layers are in a plain list: it can be looked at, and says why it cannot be trained."""

import msgspec
import pytest
import torch
from torch import nn

from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.finder import find_rate
from fastai_tui.engine.interpret import summary
from fastai_tui.engine.models.cifar10 import LinearNet, UnlistedNet
from fastai_tui.engine.runs import process
from fastai_tui.lessons.experiments import order
from tests.runs import new_run

SETTINGS = {"model": "unlisted", "preset": "quick"}


def test_it_computes_as_the_linear_one_does_and_owns_nothing() -> None:
    listed, unlisted = LinearNet(), UnlistedNet()
    unlisted.layers = list(listed.layers)
    xb = torch.randn(4, 3, 32, 32)
    assert torch.equal(unlisted(xb), listed(xb))
    assert len(list(unlisted.parameters())) == len(unlisted.state_dict()) == 0
    assert sum(p.numel() for p in listed.parameters()) == 3 * 32 * 32 * 40 + 40 + 40 * 10 + 10


def test_its_summary_has_no_parameters() -> None:
    told = summary.answer(msgspec.to_builtins(order("cifar10", SETTINGS, data="colour-digits", device="cpu")))
    assert (told.parameters, told.groups, [layer.output for layer in told.layers]) == (0, 1, [[10]])


@pytest.mark.parametrize("opt", ["sgd", "adam"])
def test_training_and_finding_a_rate_say_why_not(opt: str) -> None:
    learn = process.build(order("cifar10", SETTINGS | {"opt": opt}, data="colour-digits", device="cpu"))
    for attempt in (lambda: learn.fit(1), lambda: find_rate(learn)):
        with pytest.raises(BadInput) as refused:
            attempt()
        assert str(refused.value).startswith("UnlistedNet has nothing to train: no parameters are found in it.")
        assert nn.ModuleList.__name__ in str(refused.value)


def test_a_run_of_it_fails_with_that_sentence() -> None:
    run = new_run("cifar10", data="colour-digits", **SETTINGS)
    assert process.main(run.path) == 1
    state = run.state()
    assert state.phase == "failed"
    assert "put them into an nn.ModuleList" in run.log()[-1].message
