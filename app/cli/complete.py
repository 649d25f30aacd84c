"""What the shell completes: experiments, settings, runs. Cheap, and silent where something is wrong."""

from fastai_tui.engine.errors import FastaiTuiError


def experiments(incomplete: str) -> list[str]:
    """The experiments whose names begin so."""
    from fastai_tui.lessons.experiments import EXPERIMENTS

    return [name for name in EXPERIMENTS if name.startswith(incomplete)]


def runs(incomplete: str) -> list[str]:
    """The runs whose ids or names begin so, the newest first."""
    from fastai_tui.engine.runs.store import RunStore

    try:
        found = RunStore().runs()
    except FastaiTuiError:
        return []
    names = ["last", *(name for run in reversed(found) for name in (run.id, run.spec.name) if name)]
    return [name for name in dict.fromkeys(names) if name.startswith(incomplete)]


def writers(incomplete: str) -> list[str]:
    """The embedded model and the runs whose names begin so."""
    return [*(["pydocs"] if "pydocs".startswith(incomplete) else []), *runs(incomplete)]


def lookers(incomplete: str) -> list[str]:
    """The embedded network that knows cats and dogs, and the runs whose names begin so."""
    return [*(["catdog"] if "catdog".startswith(incomplete) else []), *runs(incomplete)]
