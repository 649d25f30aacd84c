"""`cam`, with a network of which every number is known beforehand: it looks for red, or for blue, in squares of 32."""

import contextlib
import io
import json
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from fastai_tui.app import cam_view
from fastai_tui.app.cli.cam import _decoded
from fastai_tui.app.cli.main import run
from fastai_tui.app.graphics_asked import CELL
from fastai_tui.app.text import Look
from fastai_tui.engine import client
from fastai_tui.engine.data import store
from fastai_tui.engine.framing import Box
from fastai_tui.engine.interpret import looking
from fastai_tui.engine.interpret.standing import Standing
from fastai_tui.engine.looking import Seen
from fastai_tui.engine.models.heads import CamHead

SIZE = 224
DIGITS = "56789"
RED = (220, 30, 30)


def colours() -> Standing:
    """Its channels are the red of a square without half of its green and blue, and the same of blue."""
    head = CamHead(3, 2, kernel=1)
    with torch.no_grad():
        head.conv.weight[:] = torch.tensor([[1, -0.5, -0.5], [-0.5, -0.5, 1]])[:, :, None, None] * 20
        head.conv.bias.zero_()
    model = nn.Sequential(nn.AvgPool2d(2), nn.AvgPool2d(4), nn.AvgPool2d(4), head).eval()  # few addends: exact
    return Standing(model, "colours", ("red", "blue"), SIZE, (0.0,) * 3, (1.0,) * 3)


@pytest.fixture(autouse=True)
def one_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The lab's work in this process, its answer encoded and decoded as on its way."""

    def ask(request: str, **arguments: Any) -> Any:
        assert request == "cam"
        return msgspec.json.decode(msgspec.json.encode(looking.answer(**arguments)))

    monkeypatch.setattr(client, "ask", ask)
    monkeypatch.setattr(looking, "standing", lambda source: colours())
    yield
    looking._of_torchvision.cache_clear()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Twice as wide as high, grey, with a red patch in the right half of the square in the middle."""
    pixels = np.full((400, 800, 3), 100, np.uint8)
    pixels[100:200, 450:550] = RED
    path = tmp_path / "patch.png"
    Image.fromarray(pixels).save(path)
    return path


def outcome(*arguments: object) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as left:
        run(["cam", *map(str, arguments)])
    return int(left.value.code or 0), out.getvalue(), err.getvalue()


def document(*arguments: object) -> Any:
    code, out, err = outcome(*arguments, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def by_hand(box: tuple[int, int, int, int], pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The two channels (2, 7, 7) and the probabilities, cell by cell."""
    part = Image.fromarray(pixels).resize((SIZE, SIZE), Image.Resampling.BILINEAR, box=box)
    blocks = (np.asarray(part) / 255).reshape(7, 32, 7, 32, 3).mean((1, 3))
    red, green, blue = blocks[..., 0], blocks[..., 1], blocks[..., 2]
    channels = 20 * np.stack([red - green / 2 - blue / 2, blue - red / 2 - green / 2])
    exponents = np.exp(channels.mean((1, 2)))
    return channels, exponents / exponents.sum()


def test_the_map_is_the_formula_and_lies_on_what_is_red(photo: Path) -> None:
    found = document(photo)
    channels, likely = by_hand((200, 0, 600, 400), np.asarray(Image.open(photo)))
    expected = (likely[:, None, None] * np.maximum(channels, 0)).sum(0)
    assert (found["prediction"], found["kind"], found["network"]) == ("red", "cam", "colours")
    assert list(found["probabilities"]) == ["red", "blue"]
    assert list(found["probabilities"].values()) == pytest.approx(likely.tolist(), abs=1e-5)
    assert np.abs(np.array(found["map"]) - expected).max() < 1e-5
    assert found["seen"] == {"left": 200, "top": 0, "right": 600, "bottom": 400}
    assert found["field"] == found["seen"]  # its squares part what it saw among them
    assert (found["width"], found["height"], found["zoomed"], found["class"]) == (800, 400, None, None)
    x, y = found["peak"]
    assert 450 < x < 550
    assert 100 < y < 200
    box = found["hottest"]
    assert box["left"] < 500 < box["right"]
    assert box["top"] < 150 < box["bottom"]


def test_zooming_cuts_the_hottest_region_out_and_is_surer(photo: Path) -> None:
    found = document(photo, "--zoom")
    assert found["zoomed"]["seen"] == found["hottest"]
    assert found["zoomed"]["probabilities"]["red"] > found["probabilities"]["red"]
    box = tuple(found["hottest"][edge] for edge in ("left", "top", "right", "bottom"))
    _, likely = by_hand(box, np.asarray(Image.open(photo)))
    assert found["zoomed"]["probabilities"]["red"] == pytest.approx(likely[0], abs=1e-5)


def test_a_map_of_one_class_is_its_channel_alone(photo: Path) -> None:
    found = document(photo, "--class", "blue")
    assert found["class"] == "blue"
    assert found["prediction"] == "red"
    channels, _ = by_hand((200, 0, 600, 400), np.asarray(Image.open(photo)))
    assert np.abs(np.array(found["map"]) - np.maximum(channels[1], 0)).max() < 1e-5


def test_where_nothing_speaks_for_a_class_there_is_no_peak(tmp_path: Path) -> None:
    path = tmp_path / "grey.png"
    Image.new("RGB", (300, 300), (90, 90, 90)).save(path)
    found = document(path, "--zoom")
    assert (found["peak"], found["hottest"], found["zoomed"]) == (None, None, None)
    code, out, _ = outcome(path)
    assert code == 0
    assert "the same everywhere" in out


def test_places_are_those_of_the_photo_however_large_it_is(tmp_path: Path) -> None:
    pixels = np.full((3000, 6000, 3), 100, np.uint8)
    pixels[600:1200, 3600:4200] = RED
    path = tmp_path / "large.jpg"
    Image.fromarray(pixels).save(path)
    found = document(path)
    assert (found["width"], found["height"]) == (6000, 3000)
    assert found["seen"]["left"] == pytest.approx(1500, abs=3)
    assert 3600 < found["peak"][0] < 4200
    assert 600 < found["peak"][1] < 1200


def test_images_of_data_sets_and_the_embedded_cat() -> None:
    digit = document("mnist-sample:1502")
    assert (digit["label"], digit["width"], digit["height"]) == ("3", 28, 28)
    cat = document("chelsea")
    assert (cat["label"], cat["width"], cat["height"]) == (None, 451, 300)


def test_a_network_of_grey_pictures_is_given_grey_ones(monkeypatch: pytest.MonkeyPatch, photo: Path) -> None:
    head = CamHead(1, 2, kernel=1)
    model = nn.Sequential(nn.AvgPool2d(4), head).eval()
    grey = Standing(model, "grey", ("a", "b"), 28, (0.0,), (1.0,))
    monkeypatch.setattr(looking, "standing", lambda source: grey)
    found = document("mnist-sample:1502")
    blocks = store.image("mnist-sample:1502")[0].reshape(7, 4, 7, 4).mean((1, 3)) / 255
    weight, bias = (part.detach().numpy().reshape(2, 1, 1) for part in (head.conv.weight, head.conv.bias))
    likely = np.array([found["probabilities"][name] for name in ("a", "b")])
    expected = (likely[:, None, None] * np.maximum(weight * blocks + bias, 0)).sum(0)
    assert np.abs(np.array(found["map"]) - expected).max() < 1e-5
    assert np.array(document(photo)["map"]).shape == (7, 7)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["mnist-sample:99999"], 2, "0 to 4,999"),
        (["nothing.png"], 2, "does not exist"),
        (["chelsea", "--class", "green"], 2, "it knows red, blue"),
        (["chelsea", "--weights", "w.pth"], 2, "--arch"),
        (["chelsea", "--run", "last", "--arch", "resnet18"], 2, "one or the other"),
        (["chelsea", "--arch", "vit_b_16"], 2, "convolutional"),
        (["chelsea", "--arch", "resnet18"], 3, "--weights PATH"),
        (["chelsea", "--arch", "resnet18", "--weights", "nowhere.pth"], 3, "no weights at"),
        (["chelsea", "--graphics", "crayons"], 2, "auto, blocks, kitty, sixel, off"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    arguments: list[str], code: int, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    got, out, err = outcome(*arguments)
    assert (got, out) == (code, "")
    assert says in err
    assert err.count("\n") == 1
    assert "Traceback" not in err


def test_a_photo_that_is_not_there_is_refused_before_torch_has_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "ask", lambda *_, **__: pytest.fail("the lab was asked"))
    for name in ("nothing.png", "/"):
        assert outcome(name)[0] == 2


def test_broken_photos_are_named(tmp_path: Path) -> None:
    path = tmp_path / "half.png"
    noise = np.random.default_rng(0).integers(0, 256, (60, 60, 3)).astype(np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:3000])
    code, out, err = outcome(path)
    assert (code, out) == (2, "")
    assert "half.png" in err


def test_kitty_is_refused_where_it_would_be_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMUX", "/tmp/tmux,1,0")
    code, _, err = outcome("chelsea", "--graphics", "kitty")
    assert code == 2
    assert "tmux" in err


def test_to_a_pipe_go_plain_numbers(photo: Path) -> None:
    code, out, err = outcome(photo, "--zoom")
    assert (code, err) == (0, "")
    assert "\x1b" not in out
    grid = [line for line in out.splitlines() if re.fullmatch(r" *[\d.]+( +[\d.]+){6}", line)]
    expected = document(photo)["map"]
    assert len(grid) == 7
    assert (
        np.abs(np.array([line.split() for line in grid], float) - np.array(expected)).max() <= 0.0501
    )  # 14.9 has one decimal
    assert "Cut out and looked at again" in out


def test_a_picture_fits_the_terminal_and_shows_the_hot_place(photo: Path) -> None:
    found = _decoded(client.ask("cam", image=str(photo), zoom=True))
    for columns, rows in ((80, 24), (40, 12), (120, 40), (20, 6), (1, 1)):
        for depth in ("truecolor", "256", "16", "none"):
            drawn = cam_view.pictures(found, columns, rows, depth)  # type: ignore[arg-type]
            widths = [len(re.sub(r"\x1b\[[\d;]*m", "", line)) for line in drawn[:-1]]
            assert max(widths) <= columns
    plain = _decoded(client.ask("cam", image=str(photo)))
    lines = cam_view.pictures(plain, 79, 24, "none")[1:20]
    hot = [(row, column) for row, line in enumerate(lines) for column, c in enumerate(line) if c in DIGITS]
    rows_, columns_ = zip(*hot, strict=True)
    # 800 × 400 pixels in 76 × 19 cells: the patch is in rows 4.75 to 9.5 and columns 42.75 to 52.25
    assert np.mean(rows_) == pytest.approx(7, abs=1.5)
    assert np.mean(columns_) == pytest.approx(47.5, abs=2)


def test_terminals_with_pixels_get_the_photo_under_the_map(photo: Path) -> None:
    found = _decoded(client.ask("cam", image=str(photo), zoom=True))
    (wide, whole), (_, part) = cam_view.images(found, 80, 24, CELL)
    assert wide == 76
    assert whole.shape == (380, 760, 3)
    assert part.shape[0] == part.shape[1]
    hot, cold, unseen = (whole[int(y * 0.95), int(x * 0.95)].astype(int) for x, y in ((500, 150), (300, 350), (50, 50)))
    assert hot[0] - hot[2] > 80  # the hottest is yellow
    assert np.ptp(cold) < 8
    assert unseen.sum() < cold.sum()


def test_words_fold_to_the_terminal(photo: Path) -> None:
    found = _decoded(client.ask("cam", image=str(photo), zoom=True))
    for columns in (80, 40, 20):
        said = cam_view.words(found, columns, Look()) + cam_view.closing(found, columns, Look(), drawn=True)
        assert max(map(len, said)) <= columns


@pytest.mark.parametrize(
    ("largest", "written"),
    [(14.93, "14.9"), (0.8649, "0.865"), (321.4, "321"), (0.00321, "0.00321"), (2.7e-9, "2.7e-09")],
)
def test_numbers_have_three_digits_that_count(largest: float, written: str) -> None:
    seen = Seen(Box(0, 0, 1, 1), [1.0], [[0.0, largest]], [], None, None)
    assert cam_view.numbers(seen, 80, Look())[0].split()[1] == written


LARGE = """
import sys, resource
from fastai_tui.engine.data.photos import read_photo
from pathlib import Path
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
read_photo(Path(sys.argv[1]), most=2048)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.acceptance
def test_a_hundred_megapixels_take_bounded_memory(tmp_path: Path) -> None:
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0
    path = tmp_path / "huge.jpg"
    Image.new("RGB", (12500, 8000), RED).save(path)
    done = subprocess.run([sys.executable, "-c", LARGE, str(path)], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 700
    found = document(path)
    assert (found["width"], found["height"], found["prediction"]) == (12500, 8000, "red")
