"""What the pane of class activation maps shows, as plain values and words. No numpy: a map is rows of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastai_tui.app.text import number, printable

if TYPE_CHECKING:
    from fastai_tui.app.tui.panes.common.typed import Typed
    from fastai_tui.engine.compared import Agreement, Canvas
    from fastai_tui.engine.localised import Localised
    from fastai_tui.engine.looking import Looked

WALKED = ("numbers", "overlay", "classes", "zoom")
VIEWS = (*WALKED, "gradcam", "clutter")
DIFFERENCE = "difference"
MOST_CLASSES = 6  # the likeliest, of which there are maps to choose
Rows = list[list[float]]


@dataclass(frozen=True)
class Shown:
    """Everything that is drawn."""

    view: str
    looked: Looked | None = None
    at: tuple[int, int] = (0, 0)
    which: int = 0  # among `maps`
    opacity: float = 0.7
    interpolation: str = "bilinear"
    cut: bool = False  # is the hottest region looked at again?
    agreement: Agreement | None = None
    canvas: Canvas | None = None
    localised: Localised | None = None
    waits: bool = False
    line: Typed | None = None
    hidden: frozenset[str] = frozenset()
    trouble: str = ""

    @property
    def found(self) -> Looked | None:
        """The photo that is looked at, whatever the view."""
        if self.view == "gradcam":
            return self.agreement.looked if self.agreement else None
        if self.view == "clutter":
            return self.canvas.looked if self.canvas else None
        return self.looked

    @property
    def best(self) -> int:
        """The likeliest class."""
        likely = self.found.first.probabilities if self.found else [0.0]
        return likely.index(max(likely))

    @property
    def ranked(self) -> list[int]:
        """The likeliest classes, the likeliest first."""
        likely = self.found.first.probabilities if self.found else []
        return sorted(range(len(likely)), key=lambda i: -likely[i])[:MOST_CLASSES]

    @property
    def maps(self) -> list[str]:
        """The maps to choose among: a class each, and the difference of the two likeliest."""
        if self.found is None:
            return []
        several = [DIFFERENCE] if len(self.ranked) > 1 else []
        return [*(self.found.classes[i] for i in self.ranked), *several]

    @property
    def map_shown(self) -> str:
        """The one that was chosen."""
        return self.maps[min(self.which, len(self.maps) - 1)] if self.maps else ""

    @property
    def map(self) -> Rows:
        """Its numbers: below nought is nothing, but for the difference."""
        assert self.found is not None
        if self.view != "classes":
            return self.found.first.map
        if self.map_shown != DIFFERENCE:
            return positive(self.found.first.channels[self.ranked[min(self.which, len(self.ranked) - 1)]])
        one, other = (positive(self.found.first.channels[i]) for i in self.ranked[:2])
        return [[a - b for a, b in zip(*rows, strict=True)] for rows in zip(one, other, strict=True)]

    @property
    def cell(self) -> tuple[int, int]:
        """The cursor's cell, within the map."""
        rows = self.map
        return min(self.at[0], len(rows) - 1), min(self.at[1], len(rows[0]) - 1)

    @property
    def value(self) -> float:
        row, column = self.cell
        return self.map[row][column]

    @property
    def peak(self) -> tuple[int, int]:
        """The cell where it is highest."""
        rows = self.map
        return max(((i, j) for i in range(len(rows)) for j in range(len(rows[0]))), key=lambda at: rows[at[0]][at[1]])

    @property
    def after(self) -> float | None:
        """The likeliest class's probability once the hottest region is looked at alone."""
        zoomed = self.found.zoomed if self.found else None
        return zoomed.probabilities[self.best] if zoomed else None

    @property
    def inside(self) -> bool | None:
        """Does the peak lie in the digit's box?"""
        if self.canvas is None or self.canvas.looked.first.peak is None:
            return None if self.canvas is None else False
        return self.canvas.box.has(*self.canvas.looked.first.peak)

    @property
    def covered(self) -> bool:
        """Would the map laid over the photo give away what is to be predicted?"""
        return bool({"peak", "inside"} & self.hidden)

    def said(self, name: str, words: str) -> str:
        """The words for a measurement, unless it has yet to be predicted."""
        return "?" if name in self.hidden else words


def positive(rows: Rows) -> Rows:
    """What is below nought is nothing."""
    return [[max(value, 0.0) for value in row] for row in rows]


def share(value: float) -> str:
    """A probability as a percentage, one that is nearly whole with more digits."""
    if value < 1 and f"{value:.2%}" == "100.00%":
        return "over 99.99%"
    return f"{value:.2%}" if value > 0.995 or value < 0.005 else f"{value:.1%}"


def title(shown: Shown) -> str:
    """The photo, and what it is taken for."""
    found = shown.found
    assert found is not None
    label = f" ({shown.said('digit', printable(found.label))})" if found.label else ""
    likely = found.first.probabilities[shown.best]
    taken = shown.said("prediction", printable(found.classes[shown.best]))
    return f"{printable(found.image, 60)}{label}: {taken} {shown.said('probability', share(likely))}"


def arithmetic(shown: Shown) -> list[str]:
    """How the cell at the cursor comes about: for every class its probability times what speaks for it."""
    found = shown.found
    assert found is not None
    row, column = shown.cell
    hides = "value" in shown.hidden
    terms = []
    for i in shown.ranked[:2]:
        value = found.first.channels[i][row][column]
        factor = "0" if value < 0 else shown.said("value", number(value, 3))
        terms.append(f"{shown.said('probability', number(found.first.probabilities[i], 3))}×{factor}")
    more = " + …" if len(found.classes) > 2 else ""
    result = "?" if hides else number(shown.value, 3)
    return [f"row {row + 1}, column {column + 1}:", f"{' + '.join(terms)}{more} = {result}"]


def lines(shown: Shown) -> list[str]:
    """What is said below the picture, the most important first."""
    found = shown.found
    assert found is not None
    if shown.view == "numbers":
        return arithmetic(shown)
    if shown.view == "zoom":
        return _zoomed(shown)
    if shown.view == "gradcam":
        return _agreeing(shown)
    if shown.view == "clutter":
        return _localised(shown)
    row, column = shown.peak
    place = f"row {row + 1}, column {column + 1}" if "peak" not in shown.hidden else "?"
    where = f"{len(shown.map)}×{len(shown.map[0])}, highest at {place}"
    if shown.view == "overlay":
        return [where, f"opacity {shown.opacity:.2f}, {shown.interpolation}"]
    if shown.map_shown != DIFFERENCE:
        return [f"the map of {printable(shown.map_shown)}", where]
    one, other = (printable(found.classes[i]) for i in shown.ranked[:2])
    return [f"orange: {one} more than {other}; blue: less", where]


def _zoomed(shown: Shown) -> list[str]:
    found = shown.found
    assert found is not None
    if found.zoomed is None:
        return ["The map is the same everywhere: nothing to cut out."]
    box = found.zoomed.box
    if not shown.cut:
        return ["space cuts the frame out and looks again", f"{box.width:.0f}×{box.height:.0f} pixels"]
    before = shown.said("probability", share(found.first.probabilities[shown.best]))
    after = shown.said("after", share(shown.after or 0.0)) if "gain" not in shown.hidden else "?"
    name = shown.said("prediction", printable(found.classes[shown.best]))
    return [f"{name}: {before} before, {after} after", f"{box.width:.0f}×{box.height:.0f} pixels cut out"]


def _agreeing(shown: Shown) -> list[str]:
    other = shown.agreement
    assert other is not None
    best = other.probabilities.index(max(other.probabilities))
    taken = shown.said("prediction", f"{printable(other.classes[best])} {share(other.probabilities[best])}")
    return [
        f"CAM and Grad-CAM agree: {shown.said('agreement', f'{other.agreement:.3f}')}",
        f"{other.network} by Grad-CAM: {taken}",
    ]


def _localised(shown: Shown) -> list[str]:
    inside = shown.said("inside", "in the digit's box" if shown.inside else "outside of the digit's box")
    first = [f"the peak lies {inside}"]
    if shown.after is not None and shown.found is not None:
        before = shown.said("probability", share(shown.found.first.probabilities[shown.best]))
        first.append(f"cut out: {before} → {shown.said('after', share(shown.after))}")
    every = shown.localised
    if every is None:
        return [*first, "space measures all canvases"]
    sure = f"{shown.said('sure_before', share(every.before))} → {shown.said('sure_after', share(every.after))}"
    return [
        first[0],
        f"of {every.total:,} found {shown.said('found', share(every.inside))}",
        f"sure {sure}",
        *first[1:],
    ]


def measures(shown: Shown) -> dict[str, Any]:
    """What is known of the photo, by the names that `lessons` declares."""
    found = shown.found
    assert found is not None
    (row, column), peak, likely = shown.cell, shown.peak, found.first.probabilities[shown.best]
    measured: dict[str, Any] = {
        "network": found.network,
        "kind": "grad-cam" if shown.agreement is not None else found.kind,
        "prediction": found.classes[shown.best],
        "probability": likely,
        "cursor": (row + 1, column + 1),
        "value": shown.value,
        "peak": (peak[0] + 1, peak[1] + 1),
        "highest": shown.map[peak[0]][peak[1]],
        "side": len(shown.map),
        "shown": shown.map_shown,
    }
    if shown.after is not None:
        measured |= {"after": shown.after, "gain": shown.after - likely}
    if shown.agreement is not None:
        measured |= {"agreement": shown.agreement.agreement, "network": shown.agreement.network}
    if shown.canvas is not None:
        measured |= {"canvas": shown.canvas.row, "digit": found.label or "", "inside": int(bool(shown.inside))}
    if (every := shown.localised) is not None:
        sure = {"sure_before": every.before, "sure_after": every.after}
        measured |= {"found": every.inside, "total": every.total, **sure}
    return measured


def sentence(shown: Shown) -> str:
    """The picture in words."""
    if shown.trouble:
        return shown.trouble
    if shown.found is None:
        return "The lab has the photo looked at. The first time it has to start PyTorch."
    words = ". ".join(line.rstrip(".:") for line in lines(shown))
    return f"{title(shown)}. {words[0].upper()}{words[1:]}."
