"""The middle of the chapter screen: the page and the pane, side by side, one above the other, or one alone."""

from textual.containers import Container
from textual.widget import Widget

from fastai_tui.app.tui.frame import Frame


class Middle(Container):
    """Gives its two children their places."""

    def __init__(self) -> None:
        super().__init__(id="middle")

    def divide(self, now: Frame, page: Widget, pane: Widget) -> None:
        """Divide the room as `now` says."""
        page.display, pane.display = now.arrangement != "pane", now.arrangement != "page"
        page.styles.width = now.page if now.arrangement == "beside" else "100%"
        page.styles.height = now.page if now.arrangement == "stacked" else "100%"
        self.styles.layout = "vertical" if now.arrangement == "stacked" else "horizontal"
