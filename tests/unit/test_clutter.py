"""`digit-clutter`: the network, where it looks, and that this is measured rightly."""

import dataclasses
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest
import torch

from fastai_tui.engine import heat
from fastai_tui.engine.data.digit_clutter import made
from fastai_tui.engine.data.image import ImageLoader, permutation
from fastai_tui.engine.data.photo_augment import PhotoAugment
from fastai_tui.engine.data.store import images
from fastai_tui.engine.device import prepare
from fastai_tui.engine.interpret import localise, summary
from fastai_tui.engine.interpret.cam import evidence
from fastai_tui.engine.models.clutter import ClutterNet
from fastai_tui.engine.runs.process import build
from fastai_tui.lessons.experiments import order

pytestmark = pytest.mark.usefixtures("one_thread")


def test_five_convolutions_whose_averages_are_the_scores() -> None:
    torch.manual_seed(0)
    model = ClutterNet().eval()
    assert sum(isinstance(module, torch.nn.Conv2d) for module in model.modules()) == 5
    xb = torch.randn(3, 1, 64, 64)
    with torch.no_grad():
        maps, preds = model.maps(xb), model(xb)
    assert tuple(maps.shape) == (3, 10, 8, 8)
    torch.testing.assert_close(preds, maps.mean((2, 3)).log_softmax(1))
    found = evidence(model, xb[:1])
    assert found.kind == "cam"
    torch.testing.assert_close(found.channels, maps[0])


def test_peaks_are_those_of_the_map() -> None:
    random = np.random.default_rng(0)
    maps = random.normal(size=(20, 10, 8, 8))
    likely = random.dirichlet(np.ones(10), 20)
    found = localise.peaks(torch.tensor(maps), torch.tensor(likely), (64, 128)).numpy()
    for channels, probabilities, (down, across) in zip(maps, likely, found, strict=True):
        x, y = heat.peak(heat.summed(channels, probabilities))
        assert (down, across) == pytest.approx((64 * y, 128 * x))


def middle(found: np.ndarray) -> tuple[float, float]:
    """The row and the column that the hottest cell of `ClutterNet`'s map is about: of three convolutions with a stride
    of 2, each begins on the picture's first pixel."""
    row, column = np.unravel_index(found.argmax(), found.shape)
    return 8 * int(row) + 0.5, 8 * int(column) + 0.5


def test_a_place_on_the_edge_belongs_to_the_box_that_begins_there() -> None:
    boxes = torch.tensor([[4.0, 8.0, 32.0, 36.0]]).expand(5, 4)
    places = torch.tensor([[4.0, 8.0], [31.9, 35.9], [32.0, 20.0], [20.0, 36.0], [3.9, 20.0]])
    assert localise.within(places, boxes).tolist() == [True, True, False, False, False]


def test_a_piece_is_cut_out_around_its_place() -> None:
    images = torch.arange(2 * 64 * 64).view(2, 1, 64, 64)
    found = localise.around(images, torch.tensor([[30.0, 40.0], [2.0, 63.0]]), 16)
    assert torch.equal(found[0], images[0, :, 22:38, 32:48])
    assert torch.equal(found[1], images[1, :, 0:16, 48:64])  # as far as the edges let it


def test_what_is_measured_after_an_epoch_is_the_share_of_peaks_in_boxes() -> None:
    prepare(torch.device("cpu"), 3)
    learn = build(order("digit-clutter", {"lr": 0.003}, device="cpu", seed=3, epochs=1))
    train, valid = learn.data.train, learn.data.valid
    assert isinstance(train, ImageLoader)
    assert isinstance(valid, ImageLoader)
    train.items, train.labels = 1280, train.labels[:1280]
    valid.items, valid.labels = 100, valid.labels[:100]
    (measured,) = (c for c in learn.callbacks if isinstance(c, localise.Localisation))
    boxes = made()[1].boxes
    assert measured.boxes.tolist() == boxes.tolist()
    measured.boxes = measured.boxes[:100]
    learn.fit(1)
    hits = 0
    for row in range(100):
        found = evidence(learn.model, valid.normalise(torch.tensor(made()[1].images[row])[None, None]))
        y, x = middle(heat.summed(found.channels.numpy(), found.probabilities.numpy()))
        top, left, bottom, right = boxes[row].tolist()
        hits += top <= y < bottom and left <= x < right
    assert learn.results["inside"] == pytest.approx(hits / 100)
    assert hits > 30  # a network that does not look anywhere finds one in five


def test_its_summary_has_three_layer_groups() -> None:
    found = summary.answer(msgspec.to_builtins(order("digit-clutter", {})))
    assert (found.input, found.groups) == ([1, 64, 64], 3)
    assert found.parameters == found.trainable


def test_a_run_s_measures_are_those_of_its_canvases(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a network that finds bright pixels: by hand, and by what is told."""
    torch.manual_seed(0)
    prepare(torch.device("cpu"), 3)
    learn = build(order("digit-clutter", {}, device="cpu", seed=3, epochs=1))
    model, valid = learn.model, learn.data.valid
    assert isinstance(model, ClutterNet)
    assert isinstance(valid, ImageLoader)
    valid.items, valid.labels = 60, valid.labels[:60]
    canvases = made()[1]
    few = dataclasses.replace(canvases, boxes=canvases.boxes[:60])
    monkeypatch.setattr(localise, "made", lambda: (None, few))
    monkeypatch.setattr(
        localise, "load", lambda run: SimpleNamespace(run=SimpleNamespace(id=run), step=7, learn=learn, valid=valid)
    )
    told = localise.answer("mine")
    model.eval()
    hits, right, sure, cut = [], [], [], []
    with torch.no_grad():
        for row in range(60):
            xb = valid.normalise(torch.tensor(canvases.images[row])[None, None])
            likely, maps = model(xb).exp()[0], model.maps(xb)[0]
            y, x = middle(heat.summed(maps.numpy(), likely.numpy()))
            top, left, bottom, right_edge = canvases.boxes[row].tolist()
            hits.append(top <= y < bottom and left <= x < right_edge)
            right.append(int(likely.argmax()) == canvases.labels[row])
            sure.append(float(likely.max()))
            corner = [min(max(round(at - 20), 0), 24) for at in (y, x)]
            piece = xb[:, :, corner[0] : corner[0] + 40, corner[1] : corner[1] + 40]
            cut.append(float(model(piece).exp().max()))
    assert (told.run, told.step, told.total, told.side) == ("mine", 7, 60, 40)
    assert told.inside == pytest.approx(np.mean(hits))
    assert told.accuracy == pytest.approx(np.mean(right))
    assert told.outside == [row for row in range(60) if not hits[row]]
    assert told.before == pytest.approx(np.mean(sure), rel=1e-5)
    assert told.after == pytest.approx(np.mean(cut), rel=1e-5)


def test_canvases_are_turned_and_enlarged_but_never_flipped() -> None:
    usual = PhotoAugment("side-on", 64, 8.0, 1.05, light=0.0, contrast=0.0)
    learn = build(order("digit-clutter", {"rotate": 8, "zoom": 1.05}, device="cpu"))
    assert isinstance(learn.data.train, ImageLoader)
    varied = learn.data.train.augment
    assert isinstance(varied, PhotoAugment)
    rows = np.arange(200)
    ours, theirs = (each.draws(rows, 200, 1, 0) for each in (varied, usual))
    assert not ours.turn.any()
    assert theirs.turn.any()
    for name in ("angle", "zoom", "at", "light", "contrast"):
        assert torch.equal(getattr(ours, name), getattr(theirs, name))
    assert float(ours.angle.abs().max()) > 7
    pixels = torch.tensor(made()[0].images[:4])[:, None]
    still = dataclasses.replace(ours[:4], angle=torch.zeros(4), zoom=torch.ones(4))
    torch.testing.assert_close(varied(pixels, still), pixels.float(), atol=1e-2, rtol=0)
    plain = build(order("digit-clutter", {}, device="cpu"))
    assert isinstance(plain.data.train, ImageLoader)
    assert plain.data.train.augment is None


def test_every_epoch_has_canvases_of_its_own_which_the_seed_and_the_epoch_tell() -> None:
    def seen(epoch: int, seed: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
        chosen = {"rotate": 0, "zoom": 1}
        loader = build(order("digit-clutter", chosen, device="cpu", seed=seed)).data.train
        for earlier in range(0, epoch, 2):  # whatever was drawn before
            next(loader.batches(earlier))
        return next(loader.batches(epoch))

    first, labels = seen(0)
    loader = build(order("digit-clutter", {}, device="cpu", seed=1)).data.train
    assert isinstance(loader, ImageLoader)
    rows = permutation(loader.items, 1, 0)[:64]
    assert torch.equal(first, loader.normalise(torch.tensor(made()[0].images[rows])[:, None]))
    assert labels.tolist() == made()[0].labels[rows].tolist()
    third, again = seen(3), seen(3)
    assert torch.equal(third[0], again[0])
    assert torch.equal(third[1], again[1])
    assert not torch.equal(third[0], seen(3, seed=2)[0])
    same = build(order("digit-clutter", {"canvases": "same"}, device="cpu", seed=1)).data.train
    assert type(same) is ImageLoader


@pytest.mark.parametrize("each", [1, 2])
def test_an_epoch_has_each_digit_as_often_as_is_asked(each: int) -> None:
    loader = build(order("digit-clutter", {"each": each}, device="cpu")).data.train
    assert isinstance(loader, ImageLoader)
    own = np.bincount(images("mnist-sample").train_labels, minlength=10)
    for epoch in (0, 1):
        next(loader.batches(epoch))
        assert np.array_equal(np.bincount(loader.labels.numpy(), minlength=10), each * own)
