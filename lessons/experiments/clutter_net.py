"""The experiment `digit-clutter` of the chapter `cam`: which digit it is, and whether the network looks at it."""

from fastai_tui.engine.data.catalogue import DIGIT_CLUTTER
from fastai_tui.engine.data.digit_clutter import made
from fastai_tui.engine.data.image import image_data
from fastai_tui.engine.data.store import images
from fastai_tui.engine.device import choose
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.interpret.localise import Localisation
from fastai_tui.engine.job import Job
from fastai_tui.engine.metrics import accuracy, cross_entropy
from fastai_tui.engine.models.clutter import SMALLEST, ClutterNet
from fastai_tui.engine.training import JobLearner, assemble


def build(job: Job) -> JobLearner:
    """`digit-clutter`: cross-entropy of the digit; the metric `inside` is the share of validation canvases on which the
    map's peak lies in the digit's place."""
    found = images(job.data)
    shape = found.train_images.shape[1:]
    if min(shape[-2:]) < SMALLEST:
        raise BadInput(
            f"{found.name} has images of {shape[-2]}×{shape[-1]}; {job.experiment} takes {SMALLEST}×{SMALLEST} or "
            "more, as digit-clutter has."
        )
    model = ClutterNet(len(found.classes), shape[0] if len(shape) == 3 else 1)
    data = image_data(
        found,
        bs=int(job.settings["bs"]),  # type: ignore[arg-type]
        seed=job.seed,
        device=choose(job.device),
        loader=str(job.settings["loader"]),
    )
    learn = assemble(job, model, data, cross_entropy, {"accuracy": accuracy}, model.parts)
    if job.data == DIGIT_CLUTTER.name:
        learn.callbacks.append(Localisation(made()[1].boxes))
    return learn
