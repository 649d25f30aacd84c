"""The panes that play an idea through: rolling downhill, momentum, weight decay, batch norm."""

from fastai_tui.lessons.pane import Pane

IDEAS: dict[str, Pane] = {
    "descent": Pane(
        about="gradient descent on a curve: the point, its slope, and the step that the rate makes of it",
        options={"curve": "word", "start": "number"},
        knobs=("rate",),
        measures={
            "steps": "number",
            "loss": "number",
            "rate": "number",
            "arrived": "number",  # 1: at a minimum, and staying there
            "left": "number",  # 1: leapt out of sight
            "curve": "word",  # bowl, dips or narrow
            "place": "number",
            "slope": "number",
            "bound": "number",  # 2 / curvature at the nearest minimum
        },
    ),
    "momentum": Pane(
        about="a ball with momentum on a landscape with a shallow dip before a deep one",
        options={"start": "number"},
        knobs=("momentum", "rate", "noise"),
        measures={
            "steps": "number",
            "found": "number",  # 1: it stays in the deep dip
            "escaped": "number",  # 1: it has come over the hump behind the shallow dip
            "left": "number",  # 1: it flew out of sight
            "overshoots": "number",  # how often it ran past the bottom of a dip
            "speed": "number",  # how far the last step went
            "place": "number",
            "distance": "number",  # from the deep dip's bottom
            "momentum": "number",
            "rate": "number",
            "noise": "number",
        },
    ),
    "decay": Pane(
        about="weight decay, coupled and decoupled, on a weight that the data want and one that they do not",
        options={"steps": "number"},
        knobs=("wd", "rate", "opt", "mode"),
        measures={
            "steps": "number",
            "large": "number",  # the two weights, as the chosen mode has them
            "small": "number",
            "mode": "word",  # coupled or decoupled
            "opt": "word",  # sgd or adam
            "wd": "number",
            "rate": "number",
            "apart": "number",  # between where coupled and decoupled decay have led
        },
    ),
    "batchnorm": Pane(
        about="batch norm with the numbers of a real batch at each stage, in training and in evaluation",
        options={"layer": "number", "view": "word"},
        knobs=("gamma", "beta", "shift", "eps"),
        measures={
            "stage": "number",  # 1 raw, 2 minus the mean, 3 divided by the deviation, 4 times gamma plus beta
            "stages": "number",  # how many of them the cursor was at
            "layer": "number",
            "channel": "number",
            "visited": "number",  # channels looked at
            "view": "word",  # numbers, histograms or averages
            "mode": "word",  # train or eval
            "batches": "number",  # fed in training mode
            "passed": "number",  # in either mode
            "evaluated": "number",  # in evaluation
            "source": "word",  # fresh, or run: the run's network
            "mean": "number",  # of the batch's numbers at the chosen stage
            "std": "number",
            "raw_mean": "number",
            "raw_std": "number",
            "out_mean": "number",
            "out_std": "number",
            "gamma": "number",
            "beta": "number",
            "shift": "number",
            "gap": "number",  # between the running mean and the batch's
            "undone": "number",  # 1 when gamma and beta give the raw mean and deviation back
        },
        trains=True,
    ),
}
