"""The panes of the chapters `transfer` and `cam`."""

from fastai_tui.lessons.pane import Pane

PHOTOS: dict[str, Pane] = {
    "photos": Pane(
        about="a set of photos: how large they are, how many of each class there are, and one of them",
        options={"data": "word", "view": "word", "size": "number", "class": "number"},
        knobs=("size",),
        measures={
            "data": "word",
            "here": "number",  # 1: the photos themselves are
            "photos": "number",
            "train": "number",
            "valid": "number",
            "classes": "number",
            "class": "number",  # at the cursor, from 0
            "label": "word",
            "count": "number",  # of that class, to train on
            "largest": "number",  # class,
            "smallest": "number",
            "ratio": "number",  # and how many times as large the one is
            "width": "number",  # medians
            "height": "number",
            "small": "number",  # the share whose shorter side has fewer than `size` pixels
            "kept": "number",  # the share of a photo that its middle square keeps, the median
            "square": "number",  # the share that is as wide as high
            "size": "number",
            "image": "number",  # the one that is shown
            "seen": "number",  # photos
            "view": "word",  # sizes, classes or one
            "views": "number",
            "classes_seen": "number",
            "held": "number",  # photos for validation
            "first_held": "number",  # the first row that a held-out fifth of so many has
            "own": "number",  # 1: a place that the learner typed
        },
    ),
    "features": Pane(
        about="one channel of a pretrained network as a feature: its values over 2,000 photos of two classes, cut once",
        options={"channel": "number", "pool": "word"},
        measures={
            "channel": "number",  # from 0
            "channels": "number",
            "seen": "number",  # channels looked at
            "threshold": "number",
            "accuracy": "number",  # of the photos to learn from, cut there
            "possible": "number",  # the same with this channel's best threshold
            "valid_accuracy": "number",  # of the other photos, cut at the same place
            "top": "number",  # the best accuracy set so far
            "above": "word",  # the class that is said above the threshold
            "cat": "number",  # the embedded cat's value
            "cat_answer": "word",
            "cat_right": "number",
            "pool": "word",  # average or maximum
            "photos": "number",
        },
    ),
    "precompute": Pane(
        about="what precomputed activations take and save: an epoch through the trunk, and one from the cache",
        options={"photos": "number", "bs": "number", "size": "number", "head": "word"},
        knobs=("photos", "bs", "size", "head"),
        measures={
            "done": "number",  # 1: what the knobs say has been measured
            "ratio": "number",  # an epoch through the trunk in epochs from the cache
            "numbers": "number",  # kept of each photo
            "megabytes": "number",  # kept of all
            "through": "number",  # seconds of an epoch
            "cached": "number",
            "copies": "number",  # of the cat, that went through the trunk
            "photos": "number",  # in an epoch
            "tried": "number",
            "heads": "number",  # different ones that were measured
            "head": "word",
            "size": "number",
            "bs": "number",
        },
    ),
    "logloss": Pane(
        about="what answers cost by log-loss: one among ten, a run's at a temperature, or always the same answer",
        options={"view": "word"},
        knobs=("probability", "temperature", "constant"),
        trains=True,
        measures={
            "view": "word",  # one, temperature or constant
            "views": "number",
            "probability": "number",  # that the tenth answer gives its truth,
            "one_loss": "number",  # what that costs, in nats,
            "mean_loss": "number",  # and what all ten cost,
            "share": "number",  # of which so many are right
            "temperature": "number",
            "run_loss": "number",  # of the newest run's validation photos at that temperature
            "run_accuracy": "number",
            "best_temperature": "number",
            "constant": "number",  # said of every photo, 70 of 100 being dogs,
            "constant_loss": "number",  # and what that costs
            "entropy": "number",  # the least that it can cost
        },
    ),
    "extremes": Pane(
        about="a run's most correct, most wrong and most uncertain validation photos, and what the wrong ones cost",
        options={"kind": "word", "class": "number"},
        trains=True,
        measures={
            "kind": "word",  # correct, wrong or uncertain
            "kinds": "number",
            "seen": "number",  # photos of that kind
            "row": "number",  # of the chosen photo, in the set
            "label": "word",  # the class that is listed, or all
            "truth": "word",
            "prediction": "word",
            "probability": "number",  # that the truth was given
            "one_loss": "number",
            "wrong": "number",  # photos of the whole set
            "total": "number",
            "wrong_share": "number",  # of the summed log-loss
            "pictures": "number",  # 1: the photos themselves are here
        },
    ),
    "recipe": Pane(
        about="a recipe of eight lines, ticked off as the learner's own runs and rate finders carry them out",
        trains=True,
        measures={
            "line": "number",  # at the cursor, from 1
            "visited": "number",  # lines
            "ticked": "number",  # lines, with these data
            "whole": "number",  # 1: all of them
            "running": "number",  # 1: a run or a finder goes on
            "data": "word",
            "stand_in": "number",  # 1: coloured digits in place of photos
            "own": "number",  # 1: a folder of the learner's
            "accuracy": "number",  # of the newest run on these data,
            "loss": "number",  # and its log-loss
            "best": "number",  # accuracy of all their runs, once all lines are ticked off
        },
    ),
    "cam": Pane(
        about="where in a photo a network sees what it names: the map's numbers, laid over it, class by class, cut out",
        options={
            "view": "word",  # numbers, overlay, classes, zoom, gradcam or clutter
            "image": "word",  # a path or a data set's NAME:INDEX; chelsea is the embedded cat
            "source": "word",  # catdog, or run: the newest of the step's [run]
            "class": "word",
            "opacity": "number",
            "interpolation": "word",
        },
        knobs=("opacity", "interpolation"),
        measures={
            "view": "word",
            "views": "number",
            "image": "word",
            "images": "number",  # that were looked at
            "own": "number",  # 1: another than the step's
            "network": "word",
            "kind": "word",  # cam or grad-cam
            "prediction": "word",
            "probability": "number",
            "cursor": "place",
            "visited": "number",  # cells
            "value": "number",  # the map's at the cursor
            "peak": "place",
            "highest": "number",
            "side": "number",  # of the map
            "shown": "word",  # the class whose map it is, or difference
            "shown_seen": "number",
            "opacity": "number",
            "interpolation": "word",  # nearest or bilinear
            "zoomed": "number",  # 1: the hottest region is cut out
            "after": "number",  # the probability when that is looked at alone,
            "gain": "number",  # and by how much it is higher
            "agreement": "number",  # the correlation of CAM and Grad-CAM
            "agreements": "number",  # photos of which that was measured
            "canvas": "number",  # its row
            "canvases": "number",
            "digit": "word",
            "inside": "number",  # 1: the peak lies in the digit's box
            "found": "number",  # of all canvases, the share of which that is so
            "total": "number",
            "sure_before": "number",  # the largest probability's mean over all canvases,
            "sure_after": "number",  # and when what is round the peak is looked at alone
        },
    ),
    "hook": Pane(
        about="a hook at a layer of a pretrained network: set it, call the network layer by layer, see what it holds",
        measures={
            "layer": "number",  # at the cursor, from 1
            "layers": "number",
            "name": "word",
            "hooked": "number",  # the layer with the hook, 0: none
            "step": "number",  # layers that this call has passed
            "calls": "number",  # that came to their end
            "fired": "number",
            "held": "word",  # the shape of what it holds
            "side": "number",
            "channels": "number",
            "removed": "number",  # 1: the hook was taken away after it had fired
            "hooks": "number",  # layers that had it
        },
    ),
}
