"""A pane that asks the lab for one thing after the other, until it has all that it shows."""

from textual import work

from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.app.tui.panes.common.inside import InsidePane
from fastai_tui.engine.errors import FastaiTuiError


class AskingPane(Pane):
    """One question is on its way at a time, and what the next one is is seen when its answer has come: ten keys pressed
    meanwhile ask once. `trouble` is what stood in the way; until something is changed nothing is asked again."""

    trouble = ""
    _serving = False

    @property
    def missing(self) -> object:
        """What has to be asked for; nothing that counts as true once all is there."""
        raise NotImplementedError

    @property
    def ready(self) -> bool:
        """Can it be asked for?"""
        return self.is_attached

    async def ask_next(self) -> None:
        """Ask the lab for what is missing, and keep the answer, unless something else is wanted by then."""
        raise NotImplementedError

    def serve(self) -> None:
        """Ask, unless there is nothing to ask for, or it is being asked already."""
        if not self._serving and not self.trouble and self.ready and self.missing:
            self._serving = True
            self._ask()

    def serve_anew(self) -> None:
        """The same after a change: what stood in the way may do so no more."""
        if not self._serving:
            self.trouble = ""
        self.serve()

    def refused(self, sentence: str) -> None:
        self.trouble = sentence
        super().refused(sentence)
        self.refresh_bindings()
        self.changed()

    @work(exit_on_error=True, group="asking")
    async def _ask(self) -> None:
        try:
            while self.ready and self.missing:
                await self.ask_next()
        except FastaiTuiError as error:
            self.refused(str(error))
        finally:
            self._serving = False


class AskingInsidePane(AskingPane, InsidePane):
    """The same of a run's network, once there is something to see in it."""

    @property
    def ready(self) -> bool:
        return self.run is not None and self._looked is not None and self.is_attached
