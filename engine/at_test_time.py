"""Test-time augmentation at the end of training, as a callback."""

from collections.abc import Callable, Sequence

from fastai_tui.engine.callback import Callback
from fastai_tui.engine.data.image import ImageLoader
from fastai_tui.engine.tta import View, crop_views, flip_views, look, score

VIEWS: dict[str, Callable[[], Sequence[View]]] = {"flip": flip_views, "crops": crop_views}  # that need no numbers


class TestTimeAugmentation(Callback):
    """After the last epoch, gives its results two more: `tta_accuracy` and `tta_loss` (in nats) of the mean
    probabilities over several views of each validation image."""

    __test__ = False  # the name is the field's, not pytest's
    order = 45  # before what records
    leads = True

    def __init__(self, views: Sequence[View]) -> None:
        self.views = views

    def after_epoch(self) -> None:
        """Look at every image in all views, if no other epoch comes."""
        learn = self.learn
        if learn.epoch + 1 < learn.epochs:
            return
        assert isinstance(learn.data.valid, ImageLoader)
        seen = look(learn.predict, learn.data.valid, self.views)
        accuracy, loss = score(seen.average, seen.truth)
        learn.results = {**learn.results, "tta_accuracy": accuracy, "tta_loss": loss}
