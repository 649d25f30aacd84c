"""Makes `weights/catdog.safetensors`: a head that tells dogs from cats and says where, by this project's own command.

    python assets/build_catdog.py PHOTOS

PHOTOS is a folder or an archive of photos with `train/<class>/*` and `valid/<class>/*`. Two minutes on two cores of
2026. The head's weights are stored in half precision, with what is needed to use them (the settings and the classes)
and how they came about as metadata; the trunk on which it stands is `mobilenet_v2-trunk.safetensors`.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from safetensors.torch import save_file

NAME = "catdog.safetensors"
FOLDER = Path(__file__).parent / "weights"
EPOCHS = 5
SETTINGS = {"model": "embedded", "head": "cam", "opt": "adam", "schedule": "1cycle", "lr": 0.001, "wd": 0.01}


def command(photos: str) -> list[str]:
    """The command that trains it."""
    settings = [part for name, value in SETTINGS.items() for part in ("--set", f"{name}={value}")]
    return ["fastai-tui", "train", "dogscats", "--data", photos, "--epochs", str(EPOCHS), "--device", "cpu", *settings]


def main(photos: str) -> None:
    """Train in a folder that is thrown away, and keep the head."""
    with tempfile.TemporaryDirectory() as home:
        here = Path(sys.executable).with_name("fastai-tui")
        subprocess.run([here, *command(photos)[1:]], check=True, env=os.environ | {"FASTAI_TUI_HOME": home})
        (run,) = (Path(home) / "runs").glob("*-dogscats")
        keep(run, FOLDER / NAME, " ".join(command("PHOTOS")))


def keep(run: Path, path: Path, how: str) -> None:
    """Write the last weights of the head in a run's folder, with their recipe."""
    job = json.loads((run / "run.json").read_text())["job"]
    log = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    started = next(event for event in log if event["type"] == "run_started")
    last = [event for event in log if event["type"] == "epoch"][-1]
    state = torch.load(max((run / "checkpoints").glob("*.pt")), weights_only=True)
    head = {name: t.half().contiguous() for name, t in state["model"].items() if name.startswith("head.")}
    told = {
        "recipe": json.dumps({"settings": job["settings"], "classes": started["data"]["classes"]}),
        "command": how,
        "valid_loss": f"{last['valid_loss']:.4f}",
        "accuracy": f"{last['metrics']['accuracy']:.4f}",
        "versions": json.dumps(started["versions"]),
    }
    path.parent.mkdir(exist_ok=True)
    save_file(head, path, told)
    path.chmod(0o644)
    print(f"{path}: {path.stat().st_size:,} bytes, accuracy {told['accuracy']}, log-loss {told['valid_loss']}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
