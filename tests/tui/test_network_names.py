"""The network pane and layers whose names are long: they stay apart from the numbers beside them."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fastai_tui.app.tui.panes.networks.network import NetworkPane
from fastai_tui.engine.interpret import summary
from fastai_tui.lessons import schema
from tests.tui.host import Host, SilentLab, play, scene


@pytest.mark.parametrize(("model", "names"), [("deep", ["first", "0.0.conv"]), ("unlisted", ["Unliste…"])])
@pytest.mark.parametrize("width", [40, 38, 78])
def test_long_names_stay_apart_from_what_is_beside_them(model: str, names: list[str], width: int) -> None:
    def answer(job: Any) -> Any:
        return msgspec.to_builtins(summary.answer(msgspec.to_builtins(job)))

    async def shown() -> tuple[str, dict[str, Any]]:
        run = schema.Run(experiment="cifar10", data="colour-digits", set={"model": model})
        pane = NetworkPane(scene("network", run=run, lab=SilentLab({"summary": answer})))
        app = Host(pane)
        async with app.run_test(size=(width, 18)) as pilot:
            await app.workers.wait_for_complete()
            await pilot.pause()
            return pane.sheet.text, dict(pane.measured())

    text, measured = asyncio.run(shown())
    rows = [line.split() for line in text.splitlines()[2:]]
    assert [row[0] for row in rows[: len(names)]] == names
    assert measured["parameters"] == (0 if model == "unlisted" else 462_570)
    assert rows[0][1] == ("10" if model == "unlisted" else "10×32×32")


def answered(job: Any) -> Any:
    """What the lab says of a small network on a trunk: two layers of the trunk, one of the head."""
    layers = [
        ("trunk.conv1", "Conv2d", [64, 112, 112], 9408, 118_013_952, [7, 7], [2, 2], 0),
        ("trunk.layer4.0.downsample.0", "Conv2d", [512, 7, 7], 131_072, 6_422_528, [483, 483], [32, 32], 1),
        ("head.layers.2", "Linear", [512], 524_800, 524_288, None, None, 2),
    ]
    keys = ("name", "type", "output", "parameters", "multiplications", "receptive_field", "stride", "group")
    told = [dict(zip(keys, layer, strict=True)) for layer in layers]
    sums = {"parameters": 21_813_570, "multiplications": 3_667_514_368, "groups": 3, "frozen": 2}
    return {"input": [3, 224, 224], "layers": told} | sums


@pytest.mark.parametrize("width", [38, 40, 78])
def test_a_trunk_is_shown_without_its_weights_or_photos(width: int, home: Path) -> None:
    run = schema.Run(experiment="dogscats", epochs=3, set={"weights": "none", "precompute": "off", "model": "resnet34"})
    lab = SilentLab({"summary": answered})
    pane = NetworkPane(scene("network", run=run, lab=lab))
    text = play(pane, "down", "space", size=(width, 18))
    rows = [line.split() for line in text.splitlines()[2:6]]
    assert rows[0][:4] == ["1", "trunk.conv1", "64×112×112", "9,408"]
    assert rows[1][:4] == ["2", "layer4.0.d.0", "512×7×7", "131,072"]
    assert rows[2][:4] == ["3", "head.layers.2", "512", "524,800"]
    assert rows[3][:3] == ["total", "512", "21,813,570"]
    assert ("3,667,514,368" in text) == (width == 78)
    assert "trunk.layer4.0.downsample.0 (Conv2d)" in text
    assert "layer group 2 of 3 (late): frozen" in " ".join(text.split())
    asked = lab.asked[0][1]["job"].settings
    assert (asked["model"], asked["weights"], asked["precompute"]) == ("resnet34", "none", "off")
