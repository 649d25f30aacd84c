"""The panes: one kind a module, found by the name that `lessons/panes.py` declares."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastai_tui.app.tui.panes.base import Pane

# Kind → module:class, so that a chapter imports only the panes it opens.
KINDS: dict[str, str] = {
    "pixels": "pixels:PixelsPane",
    "window": "window:WindowPane",
    "map": "map:MapPane",
    "kernels": "kernels:KernelsPane",
    "batch": "batch:BatchPane",
    "geometry": "geometry:GeometryPane",
    "matrix": "matrix:MatrixPane",
    "receptive-field": "receptive:ReceptivePane",
    "colour": "colour:ColourPane",
    "network": "network:NetworkPane",
    "train": "train:TrainPane",
    "learned": "learned:LearnedPane",
    "mistakes": "mistakes:MistakesPane",
    "compare": "compare:ComparePane",
    "doctor": "doctor:DoctorPane",
    "finder": "finder:FinderPane",
    "schedule": "schedule:SchedulePane",
    "snapshots": "snapshots:SnapshotsPane",
    "activations": "activations:ActivationsPane",
    "batchnorm": "batchnorm:BatchNormPane",
    "groups": "groups:GroupsPane",
    "descent": "descent:DescentPane",
    "momentum": "momentum:MomentumPane",
    "decay": "decay:DecayPane",
    "writing": "writing:WritingPane",
    "streams": "streams:StreamsPane",
    "history": "history:HistoryPane",
    "surprise": "surprise:SurprisePane",
    "influence": "influence:InfluencePane",
    "states": "states:StatesPane",
    "cell": "cell:CellPane",
    "refactor": "refactor:RefactorPane",
    "callbacks": "callbacks:CallbacksPane",
    "images": "images:ImagesPane",
    "augmentation": "augmentation:AugmentationPane",
    "pooling": "pooling:PoolingPane",
    "loading": "loading:LoadingPane",
    "tta": "tta:TtaPane",
    "evaluation": "evaluation:EvaluationPane",
    "signals": "signals:SignalsPane",
    "residuals": "residuals:ResidualsPane",
    "ladder": "ladder:LadderPane",
    "road": "road:RoadPane",
    "ablation": "ablation:AblationPane",
    "photos": "photos:PhotosPane",
    "features": "features:FeaturesPane",
    "precompute": "precompute:PrecomputePane",
    "logloss": "logloss:LoglossPane",
    "extremes": "extremes:ExtremesPane",
    "recipe": "recipe:RecipePane",
    "cam": "cam:CamPane",
    "hook": "hook:HookPane",
}


def pane_class(kind: str) -> "type[Pane]":
    """The widget for a kind of pane."""
    module, _, name = KINDS[kind].partition(":")
    found: type[Pane] = getattr(import_module(f"fastai_tui.app.tui.panes.{module}"), name)
    return found
