"""Makes `weights/pydocs.safetensors`: a small LSTM that has learned the embedded text, by this project's own command.

`python assets/build_pydocs_model.py [EPOCHS]`: three minutes on two cores of 2026. The weights are stored in
half precision, with what is needed to use them (builder, settings, vocabulary) and how they came about as metadata.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from safetensors.torch import save_file

NAME = "pydocs.safetensors"
FOLDER = Path(__file__).parent / "weights"
EPOCHS = 6
SETTINGS = {
    "model": "lstm",
    "preset": "quick",
    "hidden": 224,
    "n_layers": 1,
    "dropout": 0,
    "bs": 32,
    "bptt": 48,
    "lr": 0.008,
    "schedule": "1cycle",
    "clip": 1,
}


def command(epochs: int) -> list[str]:
    """The command that trains it."""
    settings = [part for name, value in SETTINGS.items() for part in ("--set", f"{name}={value}")]
    return ["fastai-tui", "train", "char-lm", "--data", "pydocs", "--epochs", str(epochs), "--device", "cpu", *settings]


def main(epochs: int) -> None:
    """Train in a folder that is thrown away, and keep the weights."""
    with tempfile.TemporaryDirectory() as home:
        here = Path(sys.executable).with_name("fastai-tui")
        subprocess.run([here, *command(epochs)[1:]], check=True, env=os.environ | {"FASTAI_TUI_HOME": home})
        (run,) = (Path(home) / "runs").glob("*-char-lm")
        keep(run, FOLDER / NAME, " ".join(command(epochs)))


def keep(run: Path, path: Path, how: str) -> None:
    """Write the last weights in a run's folder, with their recipe."""
    job = json.loads((run / "run.json").read_text())["job"]
    log = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    started, last = log[0], [event for event in log if event["type"] == "epoch"][-1]
    state = torch.load(max((run / "checkpoints").glob("*.pt")), weights_only=True)
    recipe = {
        "builder": job["builder"],
        "settings": job["settings"],
        "vocabulary": state["callbacks"]["Carrying"]["vocabulary"],
    }
    told = {
        "recipe": json.dumps(recipe),
        "command": how,
        "valid_loss": f"{last['valid_loss']:.4f}",
        "versions": json.dumps(started["versions"]),
    }
    path.parent.mkdir(exist_ok=True)
    save_file({name: t.half().contiguous() for name, t in state["model"].items()}, path, told)
    path.chmod(0o644)
    print(f"{path}: {path.stat().st_size:,} bytes, validation loss {told['valid_loss']}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else EPOCHS)
