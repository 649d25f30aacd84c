"""The kinds of pane that a step can have: what each can be told to begin with, its knobs, and what it measures.

The screens draw them; here stands only what a chapter may rely on, so that it can be checked without any of them.
"""

from fastai_tui.lessons.pane import MeasureKind, Pane
from fastai_tui.lessons.panes_of_digits import DIGITS
from fastai_tui.lessons.panes_of_ideas import IDEAS
from fastai_tui.lessons.panes_of_images import IMAGES
from fastai_tui.lessons.panes_of_photos import PHOTOS
from fastai_tui.lessons.panes_of_runs import RUNS
from fastai_tui.lessons.panes_of_text import TEXT

# What the newest run that was started in the step has come to. "runs" and "failed" count those that ended so, and
# "variants" the different settings that those had which have finished.
RUN_MEASURES: dict[str, MeasureKind] = {
    "accuracy": "number",
    "train_loss": "number",
    "valid_loss": "number",
    "loss": "number",
    "smooth_loss": "number",
    "epochs": "number",
    "steps": "number",
    "runs": "number",
    "failed": "number",
    "variants": "number",
    "changes": "number",  # how often live settings were changed while it trained,
    "pauses": "number",  # it was paused,
    "resumes": "number",  # and gone on with after it had ended
}

PANES: dict[str, Pane] = {**DIGITS, **RUNS, **IDEAS, **TEXT, **IMAGES, **PHOTOS}
