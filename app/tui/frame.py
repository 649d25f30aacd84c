"""How the chapter screen divides the terminal, for every size. Pure."""

from dataclasses import dataclass
from typing import Literal

View = Literal["both", "page", "pane"]
SIDE_BY_SIDE, STACKED = 76, 34  # columns for two columns, lines for one above the other
NARROWEST_PAGE, WIDEST_PAGE, NARROWEST_PANE = 40, 64, 40


@dataclass(frozen=True)
class Frame:
    """What is shown where: heights of the lines around the middle, and the page's share of the middle."""

    arrangement: Literal["beside", "stacked", "page", "pane"]
    page: int = 0  # columns beside, lines when stacked
    knobs: int = 0
    status: int = 1
    keys: int = 1
    left_out: tuple[str, ...] = ()


def frame(width: int, height: int, view: View, *, knobs: bool, prose: int = 0, status: bool = True) -> Frame:
    """The best division for a size; `view` is what the learner asked to see, `prose` the columns that the option asks
    for the text (0: what suits), of which the pane leaves as many as it can do without. Where there is no `status` to
    tell, its line goes to the keys."""
    tall = height >= 16
    lines = 0 if not knobs else 2 if tall else 1
    below = (lines, int(tall and status), 2 if tall and not status else 1)
    gone = ("the status line",) if status and not tall else ()
    if width >= SIDE_BY_SIDE and view != "pane":
        wanted = prose + 2 if prose else min(width * 2 // 5, WIDEST_PAGE)
        page = min(max(wanted, NARROWEST_PAGE), max(width - NARROWEST_PANE, NARROWEST_PAGE))
        return Frame("beside", page, *below, gone)
    if width < SIDE_BY_SIDE and height >= STACKED and view == "both":
        return Frame("stacked", min(18, height // 3), *below, gone)
    one: Literal["page", "pane"] = "pane" if view == "pane" or width >= SIDE_BY_SIDE else "page"
    other = "the text (w)" if one == "pane" else "the pane (w)"
    return Frame(one, 0, *below, (other, *gone))


def widened(view: View) -> View:
    """The view after the key that widens: what is not seen now comes into view."""
    return "both" if view == "pane" else "pane"
