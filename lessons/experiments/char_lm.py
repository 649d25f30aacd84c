"""The experiment of the chapter `char-lm`: which character comes next."""

from collections.abc import Mapping

from torch import nn

from fastai_tui.engine.carrying import Carrying
from fastai_tui.engine.data.streams import TextData, stream_data, window_data
from fastai_tui.engine.data.text import TextSet, text
from fastai_tui.engine.device import choose
from fastai_tui.engine.job import Job
from fastai_tui.engine.metrics import accuracy, cross_entropy
from fastai_tui.engine.models import char_lm, char_state
from fastai_tui.engine.settings import Value
from fastai_tui.engine.training import JobLearner, assemble
from fastai_tui.lessons.experiments.text import LAYERED

NETWORKS: dict[str, type[nn.Module]] = {
    "three": char_lm.CharThree,
    "loop": char_lm.CharLoop,
    "concat": char_lm.CharLoopConcat,
    "rnn": char_lm.CharRnn,
    "seq": char_lm.CharSeqRnn,
    "stateful": char_state.CharStatefulRnn,
    "cell": char_state.CharCellRnn,
    "gru": char_state.CharGru,
    "gru-by-hand": char_state.CharGruByHand,
    "lstm": char_state.CharLstm,
    "lstm-by-hand": char_state.CharLstmByHand,
}


def build(job: Job) -> JobLearner:
    """`char-lm`: cross-entropy of the next character, in nats; metrics are means over characters."""
    found = text(job.data, min_freq=_whole(job.settings, "min_freq"))
    data = text_data(job, found)
    model = network(job.settings, len(found.vocabulary))
    learn = assemble(job, model, data, cross_entropy, {"accuracy": accuracy}, parts(model))
    learn.callbacks.append(carrying := Carrying(found.vocabulary))
    carrying.learn = learn  # a checkpoint is taken back before there are hooks
    return learn


def network(settings: Mapping[str, Value], vocabulary: int) -> nn.Module:
    """The network that the settings ask for, which knows so many tokens."""
    name, hidden, emb = str(settings["model"]), _whole(settings, "hidden"), _whole(settings, "emb")
    if name in LAYERED:
        dropout = float(settings["dropout"])  # type: ignore[arg-type]
        model = NETWORKS[name](vocabulary, hidden, emb, layers=_whole(settings, "n_layers"), dropout=dropout)
    else:
        model = NETWORKS[name](vocabulary, hidden, emb)
    if isinstance(model, char_state.Stateful):
        model.carry = settings["carry"] == "on"
    if settings["init"] == "identity":
        char_lm.begin_with_identity(model)
    return model


def parts(model: nn.Module) -> list[nn.Module]:
    """The layer groups: what characters mean, what is made of them, and what is said."""
    names = {name: module for name, module in model.named_children() if name not in ("embedding", "to_output")}
    return [model.get_submodule("embedding"), nn.ModuleList(names.values()), model.get_submodule("to_output")]


def text_data(job: Job, found: TextSet) -> TextData:
    """Streams for a network that carries its state. Windows for the others: every three characters for `three`, every
    eight (or `bptt`) for `seq`, and at every character for those that give one answer a window."""
    settings, device = job.settings, choose(job.device)
    name, bs, bptt = str(settings["model"]), _whole(settings, "bs"), _whole(settings, "bptt")
    if issubclass(NETWORKS[name], char_state.Stateful):
        return stream_data(found, bs=bs, bptt=bptt, seed=job.seed, device=device)
    size = window(settings)
    stride = size if name in ("three", "seq") else 1
    return window_data(found, size=size, stride=stride, bs=bs, seed=job.seed, device=device, every=name == "seq")


def window(settings: Mapping[str, Value]) -> int:
    """How many characters a network that begins anew with every window is given."""
    return 3 if settings["model"] == "three" else _whole(settings, "bptt")


def _whole(settings: Mapping[str, Value], name: str) -> int:
    return int(settings[name])  # type: ignore[arg-type]
