"""What a lab would say of a network that was trained, by formula: the same on every machine and with every torch."""

from typing import Any

CHANNELS, SIZES = (1, 4, 8, 16, 32, 2), (28, 14, 7, 4, 2, 1)
LAYERS = range(1, 6)
Grid = list[list[float]]


def wave(*place: int) -> float:
    """A number between −1 and 1 that looks like chance."""
    mixed = 17
    for part in place:
        mixed = (mixed * 31 + part * 7919 + 104729) % 1_000_003
    return mixed / 500_001.5 - 1


def grid(size: int, *place: int) -> Grid:
    return [[round(wave(*place, row, column), 4) for column in range(size)] for row in range(size)]


def learned(run: str, layer: int = 1, when: str = "newest") -> dict[str, Any]:
    """The kernels of a layer."""
    layer = min(max(layer, 1), 5)
    out, into, first = CHANNELS[layer], CHANNELS[layer - 1], int(when == "first")
    return {
        "run": run,
        "step": 0 if first else 355,
        "layers": [
            {"name": f"conv{n}", "type": "Conv2d", "shape": [CHANNELS[n], CHANNELS[n - 1], 3, 3]} for n in LAYERS
        ],
        "layer": layer,
        "weights": [[grid(3, layer, o, i, first) for i in range(into)] for o in range(out)],
        "bias": [wave(layer, o) for o in range(out)],
        "scale": 1.0,
    }


def maps(run: str, pixels: Any, when: str = "newest") -> dict[str, Any]:
    """What each layer makes of a picture."""
    ink = sum(map(sum, pixels)) % 97

    def told(n: int) -> dict[str, Any]:
        before = [grid(SIZES[n], n, channel, ink) for channel in range(CHANNELS[n])]
        after = [[[max(v, 0.0) for v in row] for row in one] for one in before] if n < 5 else before
        about = {"name": f"conv{n}", "type": "Conv2d", "channels": CHANNELS[n], "height": SIZES[n], "width": SIZES[n]}
        return {**about, "before": before, "after": after, "activated": n < 5}

    sure = round(0.5 + 0.49 * abs(wave(ink)), 4)
    return {
        "run": run,
        "step": 0 if when == "first" else 355,
        "classes": ["3", "7"],
        "probabilities": [sure, round(1 - sure, 4)],
        "layers": [told(n) for n in LAYERS],
    }


def mistakes(run: str, most: int = 100, when: str = "newest") -> dict[str, Any]:
    """What it gets wrong."""
    from fastai_tui.engine.data.digits import digit

    def wrong(place: int, row: int) -> dict[str, Any]:
        pixels, label = digit(row)
        sure = round(0.95 - place * 0.06, 4)
        truth = int(label == 7)
        chances = [sure, round(1 - sure, 4)] if truth else [round(1 - sure, 4), sure]
        return {
            "index": place * 9,
            "reference": f"mnist-sample:{row}",
            "pixels": [list(line) for line in pixels],
            "truth": truth,
            "prediction": 1 - truth,
            "probability": sure,
            "probabilities": chances,
        }

    return {
        "run": run,
        "step": 355,
        "data": "mnist-sample",
        "classes": ["3", "7"],
        "total": 200,
        "wrong": 5,
        "confusion": [[97, 3], [2, 98]],
        "mistakes": [wrong(place, row) for place, row in enumerate((1510, 3505, 1733, 3700, 1999))][:most],
    }


def unhurried(answer: dict[str, Any]) -> dict[str, Any]:
    """The lab's answer about a batch, with times that are always the same."""
    if answer.get("times"):
        answer["times"] = {
            "batch": 0.0012,
            "one_by_one": 0.012,
            "python": 6.0,
            "faster_than_one_by_one": 10.0,
            "faster_than_python": 5000.0,
        }
    return answer


ANSWERS = {"learned": learned, "maps": maps, "mistakes": mistakes}
