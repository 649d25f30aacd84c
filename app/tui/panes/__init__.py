"""The panes: one kind a module, in folders by what they are about; their names are declared in `lessons/panes.py`."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastai_tui.app.tui.panes.common.base import Pane

# Kind → module:class, so that a chapter imports only the panes it opens.
KINDS: dict[str, str] = {
    "pixels": "convolution.pixels:PixelsPane",
    "window": "convolution.window:WindowPane",
    "map": "convolution.map:MapPane",
    "kernels": "convolution.kernels:KernelsPane",
    "batch": "convolution.batch:BatchPane",
    "geometry": "convolution.geometry:GeometryPane",
    "matrix": "convolution.matrix:MatrixPane",
    "receptive-field": "convolution.receptive:ReceptivePane",
    "colour": "convolution.colour:ColourPane",
    "network": "networks.network:NetworkPane",
    "train": "training.train:TrainPane",
    "learned": "networks.learned:LearnedPane",
    "mistakes": "networks.mistakes:MistakesPane",
    "compare": "training.compare:ComparePane",
    "doctor": "training.doctor:DoctorPane",
    "finder": "training.finder:FinderPane",
    "schedule": "training.schedule:SchedulePane",
    "snapshots": "training.snapshots:SnapshotsPane",
    "activations": "networks.activations:ActivationsPane",
    "batchnorm": "networks.batchnorm:BatchNormPane",
    "groups": "training.groups:GroupsPane",
    "descent": "training.descent:DescentPane",
    "momentum": "training.momentum:MomentumPane",
    "decay": "training.decay:DecayPane",
    "writing": "text.writing:WritingPane",
    "streams": "text.streams:StreamsPane",
    "history": "text.history:HistoryPane",
    "surprise": "text.surprise:SurprisePane",
    "influence": "text.influence:InfluencePane",
    "states": "text.states:StatesPane",
    "cell": "text.cell:CellPane",
    "refactor": "ladder.refactor:RefactorPane",
    "callbacks": "training.callbacks:CallbacksPane",
    "images": "images.images:ImagesPane",
    "augmentation": "images.augmentation:AugmentationPane",
    "pooling": "images.pooling:PoolingPane",
    "loading": "images.loading:LoadingPane",
    "tta": "images.tta:TtaPane",
    "evaluation": "networks.evaluation:EvaluationPane",
    "signals": "networks.signals:SignalsPane",
    "residuals": "networks.residuals:ResidualsPane",
    "ladder": "ladder.ladder:LadderPane",
    "road": "ladder.road:RoadPane",
    "ablation": "ladder.ablation:AblationPane",
    "photos": "photos.photos:PhotosPane",
    "features": "photos.features:FeaturesPane",
    "precompute": "photos.precompute:PrecomputePane",
    "logloss": "photos.logloss:LoglossPane",
    "extremes": "photos.extremes:ExtremesPane",
    "recipe": "photos.recipe:RecipePane",
    "cam": "photos.cam:CamPane",
    "hook": "photos.hook:HookPane",
}


def pane_class(kind: str) -> "type[Pane]":
    """The widget for a kind of pane."""
    module, _, name = KINDS[kind].partition(":")
    found: type[Pane] = getattr(import_module(f"fastai_tui.app.tui.panes.{module}"), name)
    return found
