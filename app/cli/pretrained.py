"""The settings of a command, with the pretrained weights that they need: fetched before anything else begins."""

from fastai_tui.app.cli.transfer import reporter
from fastai_tui.engine.errors import BadInput, Interrupted


def given(experiment: str, sets: list[str], weights: str, *, as_json: bool) -> dict[str, str]:
    """The settings of `KEY=VALUE` arguments and of `--weights`. Where they ask for a pretrained network whose weights
    are not on this machine, those are fetched, and told of. Raises `BadInput`, and as `get_weights`."""
    from fastai_tui.engine.settings import pairs

    settings = pairs(sets)
    if weights:
        if "weights" in settings:
            raise BadInput("weights are given twice, as a setting and with --weights; give them once.")
        settings["weights"] = weights
    if name := wanted(experiment, settings):
        fetch(name, as_json=as_json)
    return settings


def wanted(experiment: str, settings: dict[str, str]) -> str:
    """The pretrained network whose weights are asked for and are not here; "" for none."""
    from fastai_tui.engine.backbones import BACKBONES
    from fastai_tui.engine.data.weights import here
    from fastai_tui.lessons.experiments import EXPERIMENTS

    schema = EXPERIMENTS[experiment].schema if experiment in EXPERIMENTS else None
    if schema is None or not any(setting.name == "weights" for setting in schema.settings):
        return ""
    name = settings.get("model", "")
    return name if name in BACKBONES and not settings.get("weights") and not here(name) else ""


def fetch(name: str, *, as_json: bool) -> None:
    """Fetch the weights of a network, and show how far they are. Raises as `get_weights`, and `Interrupted`."""
    from fastai_tui.engine.data.weights import get_weights

    try:
        get_weights(name, reporter(as_json=as_json))
    except KeyboardInterrupt:
        raise Interrupted(f"Interrupted: what has arrived of {name}'s weights is kept, for the next time.") from None
