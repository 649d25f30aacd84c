"""The panes of the chapter `cifar10`."""

from fastai_tui.lessons.pane import Pane

IMAGES: dict[str, Pane] = {
    "images": Pane(
        about="the images of a set, class by class, its channels' means and deviations, a pixel as a network gets it",
        options={"data": "word", "class": "number", "view": "word", "at": "cell", "channel": "number"},
        measures={
            "image": "number",  # its row among the training images
            "label": "word",  # frog, or 7
            "class": "number",  # from 0
            "seen": "number",  # images that were the chosen one
            "classes_seen": "number",
            "cursor": "place",
            "visited": "number",  # pixels
            "channel": "number",  # 0 red, 1 green, 2 blue
            "channels_seen": "number",
            "mean": "number",  # of the channel, over all training images, 0 to 1
            "std": "number",
            "value": "number",  # at the cursor, 0 to 255
            "normalised": "number",
            "view": "word",  # classes, one or channels
            "views": "number",
            "data": "word",  # cifar10 or colour-digits
            "fetched": "number",  # 1: it is CIFAR-10
        },
    ),
    "augmentation": Pane(
        about="one image or photo as every epoch sees it, varied as chance decides, the draws spelled out",
        options={
            "data": "word",  # photos: dogs and cats, or else the embedded cat
            "image": "number",
            "seed": "number",
            "view": "word",  # one or all
            "augment": "word",  # these five where there is no such knob
            "flip": "word",
            "pad": "number",
            "padding": "word",
            "size": "number",
        },
        knobs=("augment", "flip", "pad", "padding", "size", "rotate", "zoom", "light", "contrast", "warp"),
        measures={
            "draws": "number",  # epochs drawn
            "epoch": "number",  # at the cursor, the first is 1
            "flipped": "number",  # 1: there it is
            "dx": "number",  # pixels that the crop lies right of the middle,
            "dy": "number",  # and below it
            "flips": "number",  # how many of the draws are flipped
            "views": "number",  # different ones among them
            "alternates": "number",  # 1: four draws or more, each flipped the other way round than the one before
            "border": "number",  # pixels that come from the padding
            "seen": "number",  # images
            "kinds": "number",  # different settings of which something was drawn
            "side": "number",  # of the image, in pixels,
            "padded": "number",  # and with its padding
            "image": "number",  # its row among the training images
            "label": "word",
            "flip": "word",
            "padding": "word",
            "pad": "number",
            "view": "word",
            "kind": "word",  # the knob augment; the rest is of photos
            "turn": "number",  # at the cursor, which of the eight ways it is laid down, from 0
            "turns": "number",  # different ones that were drawn
            "upside": "number",  # 1: it stands on its head
            "angle": "number",  # degrees to the left
            "larger": "number",  # times
            "tilted": "number",  # 1: it is seen from elsewhere
        },
    ),
    "pooling": Pane(
        about="ordinary max pooling beside adaptive: the cells that each output takes, and what the head makes of them",
        options={
            "picture": "picture",
            "view": "word",  # pool or head
            "channels": "number",  # of the head
            "size": "number",  # these four where there is no such knob
            "output": "number",
            "kernel_size": "number",
            "stride": "number",
        },
        knobs=("size", "output", "kernel_size", "stride"),
        measures={
            "agree": "number",  # 1: both take the same cells
            "agreed": "number",  # at how many different (size, output) they have agreed
            "possible": "number",  # 1: there are a kernel_size and a stride at which they would
            "size": "number",
            "output": "number",  # the side of what adaptive pooling gives,
            "ordinary": "number",  # and of what ordinary pooling gives
            "kernel_size": "number",
            "stride": "number",
            "smallest": "number",  # the side of the smallest adaptive window,
            "largest": "number",  # and of the largest
            "overlap": "number",  # rows that two neighbouring adaptive windows share at most
            "left": "number",  # rows that no ordinary window takes
            "same": "number",  # values that are equal, place by place
            "value": "number",  # at the cursor, 0 to 255
            "value_ordinary": "number",
            "cursor": "place",
            "visited": "number",  # outputs looked at
            "picture": "word",
            "channels": "number",
            "flat": "number",  # what -1 stands for in view(bs, -1)
            "view": "word",
        },
    ),
    "loading": Pane(
        about="an epoch's time as waiting for data and computing, with files that are decoded, and with resident data",
        options={"images": "number"},
        knobs=("images",),
        measures={
            "done": "number",  # 1: what the knobs say has been measured
            "share": "number",  # of its epoch that loader=files waits, 0 to 1
            "share_resident": "number",
            "ratio": "number",  # the epoch of loader=files in epochs of loader=resident
            "images": "number",  # that were read
            "tried": "number",  # different (model, bs) that have been measured
            "networks": "number",  # different models among them
            "model": "word",
            "bs": "number",
        },
        trains=True,
    ),
    "signals": Pane(
        about="how large a deep network's numbers are, layer by layer and step by step, and its gradients' way back",
        options={
            "view": "word",  # forward, backward or weights
            "data": "word",
            "layer": "number",  # where the cursor begins, from 1
            "depth": "number",  # these six where there is no such knob; depth is layers in a group, of which are four
            "init": "word",  # usual or kaiming
            "gain": "number",
            "norm": "word",  # none, after or before
            "skips": "word",  # off or on
            "rate": "number",
        },
        knobs=("depth", "init", "gain", "norm", "skips", "rate"),
        measures={
            "view": "word",
            "views": "number",  # different ones seen
            "layers": "number",
            "layer": "number",  # at the cursor, the first is 1
            "size": "number",  # at the cursor, of what the view shows
            "first": "number",  # the same of the first layer,
            "last": "number",  # and of the last convolution
            "growth": "number",  # the mean factor from one layer's numbers to the next's
            "growth_back": "number",  # the same of the gradient on its way back
            "steps": "number",  # of training, so far
            "nan": "number",  # 1: something is no finite number any more
            "broke": "number",  # after how many steps that was so first; not measured before
            "loss": "number",
            "loss_first": "number",  # before the first step
            "tried": "number",  # different networks and rates looked at
            "plain": "number",  # 1: one of them had neither norm nor skips,
            "normed": "number",  # or a norm,
            "skipped": "number",  # or skips
        },
    ),
    "residuals": Pane(
        about="what residual blocks add to what passes them by, and what the network is worth without some of them",
        options={"view": "word", "image": "number"},  # view: added or alone; image: from 1, 0 for all
        measures={
            "view": "word",
            "source": "word",  # run or fresh
            "model": "word",
            "blocks": "number",
            "block": "number",  # at the cursor, the first is 1
            "visited": "number",
            "passing": "number",  # the length of what passes this block by, on average over the images,
            "added": "number",  # of what it adds,
            "ratio": "number",  # and of the second as a share of the first
            "smallest": "number",  # the block that adds the smallest share, from 1,
            "largest": "number",  # and the largest
            "off": "number",  # blocks that are off
            "tried": "number",  # different sets of blocks that have been off
            "accuracy": "number",  # with all blocks
            "accuracy_off": "number",  # without those that are off
            "lost": "number",  # the difference
            "alone": "number",  # blocks that have been off alone, and nothing else
            "worst": "number",  # the block that costs the most when it alone is off, once all have been
            "worst_lost": "number",  # and what that costs
            "image": "number",  # the one that is looked at, from 1; 0 for all
            "images": "number",  # different ones that were looked at
            "prediction": "word",  # of that image,
            "truth": "word",
        },
        trains=True,
    ),
    "tta": Pane(
        about="an image in several views, what a network says of each, and what averaging does to it and to all images",
        options={"kind": "word", "image": "number", "view": "word"},
        knobs=("shift", "count"),
        measures={
            "image": "number",  # of the validation set, the first is 1
            "views": "number",  # averaged now
            "count": "number",  # of this kind
            "kind": "word",  # crops, flip or random
            "view": "word",  # image or set
            "right_one": "number",  # 1: the original alone is answered right,
            "right_all": "number",  # and the average of all views
            "changed": "number",  # 1: those two are different answers
            "fixed": "number",  # images that averaging all views puts right,
            "spoiled": "number",  # and those it spoils
            "accuracy": "number",  # of the originals alone
            "tta_accuracy": "number",  # of all views' average
            "loss": "number",
            "tta_loss": "number",
            "best": "number",  # how many views have the lowest loss
            "seen": "number",  # images looked at
            "done": "number",  # 1: all images are counted
        },
        trains=True,
    ),
    "evaluation": Pane(
        about="one network with batch norm evaluated three ways, in batches of any size: each batch's own numbers, the "
        "last training batch's, and running averages",
        options={"statistics": "word", "size": "number", "sorted": "number", "bs": "number"},
        knobs=("bs",),
        measures={
            "statistics": "word",  # batch, last or running: the column at the cursor
            "size": "number",  # images in a batch of evaluation: the row
            "sorted": "number",  # 1: every batch is of one class
            "bs": "number",  # images in a batch of training
            "accuracy": "number",  # at the cursor,
            "loss": "number",
            "own": "number",  # and of its row: by each batch's own numbers,
            "last": "number",  # the last training batch's
            "running": "number",  # and running averages
            "best": "number",  # of all accuracies so far
            "worst": "number",
            "tried": "number",  # rows that were evaluated, mixed and by class
            "draws": "number",  # last batches that were tried with this bs and order,
            "last_low": "number",  # the lowest accuracy with one of them,
            "last_high": "number",  # and the highest
        },
        trains=True,
    ),
    "ablation": Pane(
        about="a study of one's own: settings and seeds are picked, the outcome guessed, all of it run and compared",
        options={"factor": "word", "values": "word", "seeds": "number", "view": "word"},  # values: norm|skips
        measures={
            "view": "word",  # plan, table, curves or findings
            "views": "number",  # different ones looked at
            "factors": "number",  # settings of which there are two values or more
            "cells": "number",  # combinations
            "seeds": "number",
            "total": "number",  # runs,
            "done": "number",  # and of them those that have ended with a result
            "running": "number",  # 1: the study's process lives
            "whole": "number",  # 1: all runs are done
            "studies": "number",  # that have come to their end in this step
            "study": "word",
            "best": "word",  # once all runs are done: the best combination, norm=after,
            "gap": "number",  # its mean minus the next best one's,
            "spread": "number",  # the deviation of those two over the seeds,
            "needed": "number",  # what a gap has to exceed to be no chance,
            "clear": "number",  # 1: it does,
            "real": "number",  # and findings that are more than chance
            "predicted": "word",  # the learner's guess: norm=after
            "predicted_right": "number",
        },
        trains=True,
    ),
    "ladder": Pane(
        about="every network of the chapter with what its newest run has come to, and the course's accuracies beside",
        options={"view": "word"},  # what the bars show: accuracy, loss, parameters or seconds
        measures={
            "rung": "word",  # the network at the cursor
            "rows": "number",  # networks there are,
            "trained": "number",  # and those of which a run has finished
            "visited": "number",
            "running": "number",  # 1: one of them trains
            "view": "word",
            "views": "number",
            "rung_accuracy": "number",  # at the cursor, as far as its run is
            "rung_loss": "number",
            "rung_parameters": "number",
            "rung_seconds": "number",
            "gain": "number",  # how much more accuracy it has than the one before it, once both are trained
            "best": "word",  # the most accurate network,
            "best_accuracy": "number",  # and how good it is
            "order": "number",  # 1: linear < conv < norm, in accuracy
            "deep_gain": "number",  # how much more accuracy deep has than norm,
            "skip_gain": "number",  # and skips than deep
        },
        trains=True,
    ),
    "road": Pane(
        about="a small network, and in every row one more of the steps of twelve years: what each of them buys",
        options={"view": "word"},  # what the bars show: accuracy, gain, loss or seconds
        measures={
            "step": "word",  # at the cursor; bare is the network without any
            "rows": "number",  # that there are for these data, the bare one included,
            "trained": "number",  # and those of which a run has finished
            "added": "number",  # steps that are trained without a gap
            "whole": "number",  # 1: all rows are trained
            "visited": "number",
            "running": "number",  # 1: one of them trains
            "view": "word",
            "views": "number",
            "step_accuracy": "number",  # at the cursor, as far as its run is
            "step_loss": "number",
            "step_seconds": "number",
            "gain": "number",  # how much more accuracy it has than the row before, once both are trained
            "best": "word",  # the step that gained most,
            "best_gain": "number",  # and how much
            "best_accuracy": "number",  # of all rows
            "total_gain": "number",  # of the last trained row over the bare network
            "small": "number",  # steps that gained or lost less than a point
        },
        trains=True,
    ),
}
