"""Which networks can read a text: the embedded one, and of each model the newest run that has trained."""

from pathlib import Path

from fastai_tui.app.tui.panes.text.networks import Network, networks
from fastai_tui.engine.job import Job
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore
from tests.tui.course import over_at_once


def begun(store: RunStore, model: str, experiment: str = "char-lm") -> Run:
    return store.create(
        Job(experiment=experiment, builder="nowhere:build", settings={"model": model}, epochs=1), "", []
    )


def test_without_runs_there_is_the_embedded_one(tmp_path: Path) -> None:
    assert networks(RunStore(tmp_path)) == (Network("pydocs", "lstm"),)


def test_of_each_model_the_newest_that_has_trained_the_oldest_first(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    over_at_once(begun(store, "rnn"))
    gru = over_at_once(begun(store, "gru"))
    newest = over_at_once(begun(store, "rnn"))
    begun(store, "rnn")  # which has not trained yet
    over_at_once(begun(store, "cnn", experiment="mnist"))
    damaged = over_at_once(begun(store, "lstm"))
    (damaged.path / "run.json").write_bytes(b"{")
    assert networks(store) == (Network("pydocs", "lstm"), Network(gru.id, "gru"), Network(newest.id, "rnn"))
