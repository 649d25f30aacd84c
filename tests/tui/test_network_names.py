"""The network pane and layers whose names are long: they stay apart from the numbers beside them."""

import asyncio
from typing import Any

import msgspec
import pytest

from fastai_tui.app.tui.panes.network import NetworkPane
from fastai_tui.engine.interpret import summary
from fastai_tui.lessons import schema
from tests.tui.host import Host, SilentLab, scene


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
