"""What the pane of class activation maps asks the lab."""

from typing import Any

from fastai_tui.engine.compared import Agreement, Canvas
from fastai_tui.engine.localised import Localised
from fastai_tui.engine.looking import Looked

Asked = tuple[str, str, str, int]  # the request, the network, the photo, the canvas
ANSWERS: dict[str, Any] = {"cam": Looked, "cam_agreement": Agreement, "cam_canvas": Canvas, "localised": Localised}


def arguments(asked: Asked) -> dict[str, Any]:
    """What the lab's request is called with."""
    request, of, image, row = asked
    if request == "cam":
        return {"image": image, "source": of, "zoom": True}
    if request == "cam_agreement":
        return {"image": image, "source": of}
    return {"run": of, "row": row} if request == "cam_canvas" else {"run": of}
