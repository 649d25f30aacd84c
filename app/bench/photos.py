"""Photos: how much sooner a head learns from precomputed activations, and whether decoding uses all cores."""

import hashlib
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fastai_tui.app.bench.place import Place
from fastai_tui.app.bench.result import Measurement, in_turn, measured, ratios
from fastai_tui.app.bench.training import by_command, named
from fastai_tui.engine.threads import cores

SOONER = 50.0  # times
BUSY = 0.8  # of what threads get that only compute, at the least
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
    """Processor time that decoding gets in a second ÷ what as many threads get that only compute, in turns, so that
    other busy processes fall on both alike; and how often each photo is decoded for that."""
    seconds, reads, pairs = list[float](), list[float](), list[tuple[float, float]]()
    for number in range(1 if place.quick else 3):
        target = place.home / f"decoded-{number}"
        target.mkdir()
        spent, wall, read = _decode(_photos(place), target)
        pairs.append((spent / wall, _computing(wall)))
        reads.append(read / COUNT)
        seconds.append(wall)
    about = f"processor time a second: decoding photos ÷ {cores()} threads that only compute"
    rates = [COUNT / wall for wall in seconds]
    return [
        measured("decoding_cores", about, ratios(pairs), limit=BUSY, at_least=True, cores=pairs, photos_a_second=rates),
        measured("decoding_once", "how often a photo is read to be decoded", reads, limit=1.0),
    ]


def _decode(photos: Path, target: Path) -> tuple[float, float, int]:
    """Decode all photos into a folder: seconds of all cores, seconds, and how many photos were read."""
    from fastai_tui.engine.data import decoding as decoder
    from fastai_tui.engine.data import sources

    read = list[int]()

    class Counted(sources.Folder):
        """Notes what is read."""

        def contents(self, wanted: Mapping[str, int]) -> Iterator[tuple[int, Path | bytes]]:
            for number, content in super().contents(wanted):
                read.append(number)
                yield number, content

    found = Counted(photos)
    listing = sources.listing(found)
    begun, used = time.perf_counter(), time.process_time()
    decoder.decode_all(found, listing, target, 256)
    return time.process_time() - used, time.perf_counter() - begun, len(read)


def _computing(seconds: float) -> float:
    """Processor time a second that a thread for each core gets, if it does nothing but compute."""
    begun, used, block = time.perf_counter(), time.process_time(), bytes(2**20)

    def compute(number: int) -> None:
        while time.perf_counter() < begun + seconds:
            hashlib.sha256(block)  # other threads run meanwhile

    with ThreadPoolExecutor(cores()) as threads:
        list(threads.map(compute, range(cores())))
    return (time.process_time() - used) / (time.perf_counter() - begun)


def recipe(place: Place, device: str) -> list[Measurement]:
    """Seconds of the lesson's whole recipe on the embedded network: the head, the head with augmentation, all layers at
    three rates, and the mean of several views."""
    photos, begun = _photos(place), time.perf_counter()
    for preset in ({"preset": "head"}, {"preset": "augmented"}, {"preset": "unfrozen", "tta": "random"}):
        by_command(place, "dogscats", photos, 0, preset | {"begin": "newest"}, device=device)
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
