"""Photos: how much sooner a head learns from precomputed activations, and whether decoding uses all cores."""

import os
import time
from pathlib import Path

from fastai_tui.app.bench.place import Place
from fastai_tui.app.bench.result import Measurement, in_turn, measured, ratios
from fastai_tui.app.bench.training import by_command, named

SOONER = 50.0  # times
BUSY = 0.8  # of all cores, at the least
COUNT, SIDE = 240, 500  # photos, and pixels of their shorter side
RECIPE = {"model": "embedded", "size": "224", "bs": "64", "augment": "none", "activations": "off"}


def head_epoch(place: Place, device: str = "cpu") -> list[Measurement]:
    """An epoch of the head through the trunk ÷ one from precomputed activations: what the run says of its own epochs,
    the first of them, in which memory is warmed up, left out where there are more."""
    photos, epochs = _photos(place), 2 if place.quick else 4

    def seconds(precompute: str) -> float:
        recipe = RECIPE | {"precompute": precompute, "freeze": "2"}
        count = epochs if precompute == "on" else 1
        return min(by_command(place, "dogscats", photos, count, recipe, device=device).epochs)

    pairs = in_turn(1 if place.quick else 3, lambda: seconds("off"), lambda: seconds("on"))
    about = "an epoch of the head through the trunk ÷ one from precomputed activations"
    return [
        measured(named("head_epoch", device), about, ratios(pairs), limit=SOONER, at_least=True, seconds_each=pairs)
    ]


def decoding(place: Place) -> list[Measurement]:
    """The share of all cores that decoding keeps busy, and how often each photo is decoded."""
    from fastai_tui.engine.data import decoding as decoder
    from fastai_tui.engine.data import sources
    from fastai_tui.engine.threads import cores

    photos, shares, rates = _photos(place), list[float](), list[float]()
    found = sources.source(photos)
    listing = sources.listing(found)
    for number in range(1 if place.quick else 3):
        target = place.home / f"decoded-{number}"
        target.mkdir()
        begun, used = time.perf_counter(), sum(os.times()[:2])
        decoder.decode_all(found, listing, target, 256)
        wall = time.perf_counter() - begun
        shares.append((sum(os.times()[:2]) - used) / wall / cores())
        rates.append(COUNT / wall)
    return [
        measured(
            "decoding_cores",
            f"share of {cores()} cores that decoding photos keeps busy",
            shares,
            unit="share",
            limit=BUSY,
            at_least=True,
            photos_a_second=rates,
        )
    ]


def recipe(place: Place, device: str) -> list[Measurement]:
    """Seconds of the lesson's whole recipe on the embedded network: the head, the head with augmentation, all layers at
    three rates, and the mean of several views."""
    from fastai_tui.engine.runs.store import RunStore

    photos, begun = _photos(place), time.perf_counter()
    for preset in ({"preset": "head"}, {"preset": "augmented"}, {"preset": "unfrozen", "tta": "random"}):
        runs = RunStore(place.home / "runs").runs()
        begin = {"begin": runs[-1].id} if preset["preset"] != "head" else {}
        by_command(place, "dogscats", photos, 0, preset | begin, device=device)
    seconds = time.perf_counter() - begun
    return [measured(named("recipe", device), f"the whole recipe on {COUNT} photos", [seconds], unit="s")]


def _photos(place: Place) -> Path:
    """Photos of noise and shapes as JPEGs, of a usual size: made here, for none may be shipped."""
    import numpy as np
    from PIL import Image

    folder = place.home / "photos"
    if folder.exists():
        return folder
    random = np.random.default_rng(0)
    for part, count in (("train", COUNT * 4 // 5), ("valid", COUNT // 5)):
        for number in range(count):
            kind = "cats" if number % 2 else "dogs"
            (folder / part / kind).mkdir(parents=True, exist_ok=True)
            small = random.integers(0, 256, (30, 40, 3), dtype=np.uint8)
            image = Image.fromarray(small).resize((SIDE * 4 // 3, SIDE), Image.Resampling.BICUBIC)
            image.save(folder / part / kind / f"{number}.jpg", quality=90)
    return folder
