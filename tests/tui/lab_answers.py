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


def moved(run: str) -> dict[str, Any]:
    """How far the layers of ten digits' network have moved: the first group was frozen."""

    def told(n: int, kind: str) -> dict[str, Any]:
        group = 0 if n == 1 else 2 if n == 5 else 1
        norm, frozen = kind == "norm", group == 0
        return {
            "name": f"{kind}{n}",
            "type": "BatchNorm2d" if norm else "Conv2d",
            "group": group,
            "frozen": frozen,
            "change": 0.0 if frozen else round(abs(wave(n, group)) * (0.05 if norm else 0.9) + 0.01, 6),
            "keeps_statistics": frozen,
            "statistics_change": (0.0 if frozen else round(abs(wave(n)) + 0.1, 6)) if norm else None,
        }

    layers = [told(n, kind) for n in LAYERS for kind in ("conv", "norm")]
    return {"run": run, "step": 118, "freeze": 1, "layers": layers}


def batch_norm(job: Any = None, run: str = "", layer: int = 1, start: int = 0, stop: int = 1) -> dict[str, Any]:
    """Batches as the first layers of ten digits' network might see them: most numbers are nought."""
    channels, size = (8, 16, 32, 64, 10)[layer - 1], SIZES[layer]
    rows = range(channels)
    count = 512 * size * size
    names = [*(f"relu{n}" for n in range(1, 5)), "conv5"]
    return {
        "run": run,
        "step": 118 if run else 0,
        "layer": layer,
        "layers": [{"name": name, "norm": "", "shape": [8, size, size]} for name in names],
        "start": start,
        "means": [[round(0.3 + 0.2 * wave(c, 1) + 0.01 * wave(c, b), 6) for c in rows] for b in range(start, stop)],
        "variances": [[round(0.3 + 0.2 * wave(c, 2) + 0.01 * wave(b, c), 6) for c in rows] for b in range(start, stop)],
        "counts": [count] * (stop - start),
        "gamma": [1.0] * channels,
        "beta": [0.0] * channels,
        "running_mean": [0.0] * channels,
        "running_var": [1.0] * channels,
        "eps": 1e-5,
        "momentum": 0.1,
        "low": [0.0] * channels,
        "high": [round(2.5 + wave(c, 3), 4) for c in rows],
        "histogram": [[count // 2 if i == 0 else (80 - i) * 9 for i in range(80)] for _ in rows],
        "numbers": [[round((2.5 + wave(c, 3)) * i / 7, 4) for i in range(8)] for c in rows],
        "where": [[[i * 61 % 512, i % size, i * 5 % size] for i in range(8)] for _ in rows],
    }


ANSWERS = {"learned": learned, "maps": maps, "mistakes": mistakes, "moved": moved, "batch_norm": batch_norm}
