"""How the terminal is divided."""

import pytest

from fastai_tui.app.tui.frame import Frame, frame, widened


@pytest.mark.parametrize(
    ("size", "view", "knobs", "expected"),
    [
        ((80, 24), "both", True, Frame("beside", 40, 2, 1)),
        ((80, 24), "both", False, Frame("beside", 40, 0, 1)),
        ((120, 40), "both", True, Frame("beside", 48, 2, 1)),
        ((200, 60), "both", True, Frame("beside", 64, 2, 1)),
        ((80, 24), "pane", True, Frame("pane", 0, 2, 1, left_out=("the text (w)",))),
        ((60, 50), "both", True, Frame("stacked", 16, 2, 1)),
        ((40, 12), "both", True, Frame("page", 0, 1, 0, left_out=("the pane (w)", "the status line"))),
        ((40, 12), "pane", True, Frame("pane", 0, 1, 0, left_out=("the text (w)", "the status line"))),
    ],
)
def test_every_size_is_divided_for_what_fits(size: tuple[int, int], view: str, knobs: bool, expected: Frame) -> None:
    assert frame(*size, view, knobs=knobs) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (40, 12), (60, 50)])
@pytest.mark.parametrize("knobs", [True, False])
def test_where_there_is_no_status_its_line_goes_to_the_keys(size: tuple[int, int], knobs: bool) -> None:
    told, silent = frame(*size, "both", knobs=knobs), frame(*size, "both", knobs=knobs, status=False)
    assert silent.status == 0
    assert silent.keys == told.keys + told.status
    assert "the status line" not in silent.left_out


def test_widening_goes_there_and_back() -> None:
    assert widened("both") == "pane"
    assert widened(widened("both")) == "both"
