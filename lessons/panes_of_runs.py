"""The panes around runs: training, steering, and looking inside."""

from fastai_tui.lessons.pane import Pane

RUNS: dict[str, Pane] = {
    "network": Pane(
        about="a network layer by layer: shapes, parameters, multiplications",
        measures={
            "layer": "number",
            "visited": "number",
            "parameters": "number",
            "multiplications": "number",
            "model": "word",
        },
        trains=True,
    ),
    "train": Pane(
        about="a run: loss, rate and accuracy, live",
        options={
            "view": "word",  # all, loss, accuracy, rate, table, or texts for a network that writes
            "warnings": "word",  # shown, or kept back for the learner to find out
        },
        trains=True,
    ),
    "learned": Pane(
        about="the kernels that a run has learned, and the maps they make of a digit, or of an image of the run's own",
        options={"picture": "picture", "image": "number", "layer": "number"},
        knobs=("layer",),
        measures={
            "layer": "number",
            "channel": "number",
            "seen": "number",
            "view": "word",  # newest, or first: before training
            "picture": "word",
            "drawn": "number",
            "label": "number",  # the picture's digit, or class; a drawing has none
            "truth": "word",  # of a run's own image: its class,
            "image": "number",  # and which it is
            "side": "number",  # pixels across a kernel, with a run's own image
            "prediction": "word",  # the network's answer
            "sure": "number",  # the probability of the network's answer
        },
        trains=True,
    ),
    "mistakes": Pane(
        about="the pictures that a run gets wrong, the most confident mistakes first",
        measures={
            "seen": "number",
            "view": "word",  # one, all or matrix
            "wrong": "number",
            "total": "number",
            "truth": "word",  # what the chosen picture is,
            "prediction": "word",  # and what it was taken for
            "mixed": "number",  # of pictures that are no grey digits: how many the most frequent confusion has,
            "mixed_truth": "word",  # what those are,
            "mixed_prediction": "word",  # and what they are taken for
        },
        trains=True,
    ),
    "activations": Pane(
        about="mean, deviation, near-zero share and the colourful dimension of every layer of a run, batch by batch",
        options={"layer": "number", "view": "word"},
        knobs=("layer",),
        measures={
            "layer": "number",
            "layers": "number",  # how many are recorded
            "view": "word",  # colours, stats or one
            "batch": "number",  # the first of those that are told about, and there, of the chosen layer:
            "mean": "number",
            "std": "number",
            "near_zero": "number",
            "visited": "number",  # layers looked at
            "pointed": "number",  # batches pointed at
            "beside": "number",  # 1 with a second run
            "zoomed": "number",  # how many times
        },
        trains=True,
    ),
    "compare": Pane(
        about="several runs overlaid",
        measures={
            "overlaid": "number",
            "gap": "number",  # the largest difference between their losses of a batch, once all have ended; 0: none
        },
        trains=True,
    ),
    "doctor": Pane(
        about="what ails a run: the learner says it, then the run's reading with its evidence, and a remedy to train",
        measures={
            "read": "number",  # runs that the learner has judged
            "right": "number",  # of those, as their readings do
            "verdict": "word",  # of the chosen run, once it is judged
            "cured": "number",  # 1 once a run that does what a reading proposed is healthy
        },
        trains=True,
    ),
    "schedule": Pane(
        about="a schedule's rate and momentum, drawn before the run and filled while it trains",
        options={"view": "word"},
        measures={
            "top": "number",  # the highest rate that is planned,
            "peak": "number",  # and the batch it is at
            "total": "number",  # batches
            "cycles": "number",
            "planned_epochs": "number",
            "batch": "number",  # the one pointed at,
            "rate": "number",  # with its rate
            "momentum": "number",
        },
        trains=True,
    ),
    "snapshots": Pane(
        about="the weights that a run keeps as it goes, how good each is, and their ensemble",
        measures={
            "kept": "number",  # files with weights
            "cycle_ends": "number",  # of them, those from the ends of cycles
            "seen": "number",  # files whose numbers were looked at
            "accuracy": "number",  # of the chosen one
            "ensemble": "number",  # the accuracy of their averaged probabilities
            "best": "number",  # the best accuracy among the averaged ones
            "gain": "number",  # how much more the ensemble has
        },
        trains=True,
    ),
    "groups": Pane(
        about="the layer groups: which are frozen, each one's rate, and how far a run has moved every layer",
        options={"layer": "number", "view": "word"},
        measures={
            "layer": "number",
            "visited": "number",  # layers looked at
            "view": "word",  # layers or moved
            "group": "number",
            "groups": "number",
            "frozen": "number",  # groups
            "parameters": "number",
            "trainable": "number",  # parameters
            "bn": "word",  # the running statistics: moving, fixed, mixed, or none
            "rates": "word",
            "moved": "number",  # the largest relative change that the run has made in a layer,
            "moved_free": "number",  # in one that was not frozen,
            "moved_frozen": "number",  # in one that was,
            "statistics": "number",  # and of running statistics that were to stay
            "were_frozen": "number",  # groups that the run has trained with none of their layers
        },
        trains=True,
    ),
    "finder": Pane(
        about="the learning rate finder, live, all suggestions on one curve, and the proof that it leaves no trace",
        options={"view": "word"},
        knobs=("start", "end", "batches", "stop"),
        measures={
            "done": "number",  # 1 once there is a whole curve
            "runs": "number",  # finders that came to their end here
            "points": "number",
            "stopped": "number",  # 1: it ended early
            "minimum": "number",  # the four suggested rates
            "steep": "number",
            "valley": "number",
            "slide": "number",
            "best_loss": "number",  # the lowest smoothed loss,
            "best_rate": "number",  # and where it is
            "last_rate": "number",  # the highest that was tried,
            "end": "number",  # and the one that it was to rise to,
            "stop": "number",  # unless the loss became so many times its lowest; 0: whatever it became
            "restored": "number",  # 0 while it is shown what it would be without putting everything back
            "same": "number",  # 1: all hashes are what they were before
            "differ": "number",  # how many are not
            "view": "word",  # curve or proof
            "marked": "word",  # the suggestion that the cursor is on, or none
            "rate": "number",  # at the cursor
            "loss": "number",
            "rung": "word",  # with a knob `model`: the network in front,
            "rungs": "number",  # how many have a curve,
            "early": "number",  # how many of those ended early,
            "fastest": "word",  # the network whose valley is at the highest rate,
            "farthest": "word",  # and the one whose curve went to the highest rate
        },
        trains=True,
    ),
}
