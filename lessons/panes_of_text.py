"""The panes of the chapter `char-lm`."""

from fastai_tui.lessons.pane import Pane

TEXT: dict[str, Pane] = {
    "writing": Pane(
        about="a text that a network writes after the learner's beginning, with the probabilities of every character",
        options={"prompt": "word", "mode": "word", "seed": "number", "source": "word"},
        knobs=("temperature", "top_k"),
        measures={
            "written": "number",  # characters
            "temperature": "number",
            "top_k": "number",  # 0: all
            "mode": "word",  # draw or greedy
            "seed": "number",
            "seeds": "number",  # how many have drawn a text
            "typed": "number",  # 1: the prompt is the learner's own
            "repeats": "number",  # the share of 20-grams that were there before
            "surprise": "number",  # the mean of -ln p of what was written, in nats
            "likeliest": "number",  # the greatest probability of the next character
            "source": "word",  # run or pydocs
        },
    ),
    "streams": Pane(
        about="a text as batches: windows cut out of it, or streams side by side, with what is to be predicted",
        options={
            "view": "word",
            "size": "number",  # the window's length; for bptt where there is no such knob
            "stride": "number",  # characters from one window to the next; usually 1, and 3 for windows of 3
            "bs": "number",
            "text": "word",  # one that is cut up instead of the data's
            "data": "word",
        },
        knobs=("bs", "bptt", "data"),
        measures={
            "view": "word",  # windows, every or streams
            "views": "number",  # different ones seen
            "batch": "number",  # of the epoch, the first is 1
            "batches": "number",  # in an epoch
            "epoch": "number",  # the first is 1
            "seen": "number",  # different batches looked at
            "length": "number",  # of this batch
            "row": "number",  # under the cursor, the first is 1
            "place": "number",  # the character under the cursor in its stream (in the text, for windows), from 1
            "token": "number",  # that character's number in the vocabulary
            "target": "number",  # the number of the one that it is to predict, if it is to predict one
            "known": "number",  # characters that a network has read by then
            "streams": "number",  # rows
            "dropped": "number",  # characters (windows) that are left over
            "inputs": "number",  # characters read in an epoch
            "predictions": "number",  # made in an epoch
            "reads": "number",  # characters read for each prediction
            "typed": "number",  # 1: the text is the learner's own
        },
    ),
    "history": Pane(
        about="what it costs to let gradients go back through all batches before: layers, memory, time, as measured",
        options={"data": "word", "view": "word"},  # view: memory or seconds, where there is no room for both
        knobs=("bptt", "hidden"),
        measures={
            "batches": "number",
            "deep": "number",  # layers that the gradient goes through, nothing cut off
            "memory": "number",  # how many times as much as with the history cut off
            "seconds": "number",  # the same of the pass backwards
            "differs": "number",  # the gradients' difference, as a share of the uncut one
            "done": "number",  # 1: all batches
        },
    ),
    "refactor": Pane(
        about="one network beside the next: the difference between their code, their losses, what they write",
        options={"before": "word", "after": "word", "view": "word"},
        measures={
            "view": "word",  # code, curves, or text; accuracy for networks that see pictures
            "views": "number",  # how many of them were looked at
            "added": "number",  # lines that only the second has,
            "removed": "number",  # and only the first
            "parameters": "number",  # of the second,
            "parameters_before": "number",  # and of the first
            "trained": "number",  # how many of the two
            "loss": "number",  # the newest validation loss of the second,
            "loss_before": "number",  # and of the first
            "better": "number",  # 1: the second's is lower
            "gain": "number",  # how much more accuracy the second has, 0 until both are known
            "pace": "number",  # an epoch's seconds of the second, divided by the first's; 0 until both are known
        },
        trains=True,
    ),
    "callbacks": Pane(
        about="the training loop hook by hook: which callback acts there, and what it changes",
        options={"view": "word"},
        knobs=("cycle_len", "cycle_mult", "batches"),
        measures={
            "hook": "word",
            "calls": "number",  # of hooks so far
            "visited": "number",  # different hooks seen
            "epoch": "number",  # the one that goes on, from 1
            "batch": "number",  # done altogether
            "cycle": "number",  # from 1
            "rate": "number",
            "saved": "number",  # files with weights so far
            "view": "word",  # loop or calls
        },
    ),
    "states": Pane(
        about="a recurrent layer's state, and a GRU's or LSTM's gates, at every character of a text, as a heat map",
        options={"view": "word", "text": "word", "layer": "number", "source": "word", "model": "word"},
        measures={
            "character": "number",  # under the cursor, the first is 1
            "letter": "word",  # the same as itself, space or line-end
            "unit": "number",
            "units": "number",
            "layer": "number",
            "layers": "number",
            "value": "number",
            "mean": "number",  # over all units at the cursor's character; of the sizes where there are two signs
            "rank": "number",  # 1: no other character has a larger mean
            "kind": "word",  # rnn, gru or lstm
            "view": "word",  # state, cell, input, forget, output, reset, update or candidate
            "views": "number",  # different ones seen
            "visited": "number",  # places in the text
            "windows": "number",  # how often the state begins with nothing
            "typed": "number",  # 1: the text is the learner's own
            "order": "word",  # change or number
        },
    ),
    "cell": Pane(
        about="one unit of a recurrent cell worked out at one character, stage by stage, with its real numbers",
        options={"text": "word", "unit": "number", "layer": "number", "source": "word", "model": "word"},
        measures={
            "character": "number",
            "letter": "word",
            "unit": "number",
            "units": "number",
            "layer": "number",
            "layers": "number",
            "kind": "word",
            "stage": "number",  # 0: nothing worked out yet
            "stages": "number",  # how many there are
            "done": "number",  # how many (unit, character) were worked out to the end
            "input": "number",  # what comes from the input, in the stage's gate
            "hidden": "number",  # what comes from the state before
            "sum": "number",
            "before": "number",  # the state before
            "value": "number",  # the new state
            "reset": "number",
            "update": "number",
            "candidate": "number",
            "input_gate": "number",
            "forget": "number",
            "output": "number",
            "cell_before": "number",
            "cell": "number",
            "visited": "number",
            "typed": "number",
        },
    ),
    "surprise": Pane(
        about="a text coloured by how much each character surprises a network, and what was expected at the cursor",
        options={"text": "word", "source": "word", "top": "number"},
        measures={
            "character": "number",  # at the cursor, the first is 1; one more than there are is after the text
            "letter": "word",  # the same as itself, space or line-end; none after the text
            "nats": "number",  # -ln p of that character
            "rank": "number",  # of that character among all that might have come; 1: the likeliest
            "likeliest": "number",  # the greatest probability there,
            "guess": "word",  # and whose that is
            "entropy": "number",  # nats that are to be expected there
            "mean": "number",  # nats for each character of the text
            "worst": "number",  # which character surprises the most, the first is 1
            "typed": "number",  # 1: the text is the learner's own
            "visited": "number",  # places in the text
            "networks": "number",  # different ones that were asked
            "source": "word",  # run or pydocs
        },
    ),
    "influence": Pane(
        about="how far back characters have a say in what a network expects: the gradient of ln p by position",
        options={"text": "word", "source": "word", "view": "word", "mode": "word"},
        measures={
            "character": "number",  # the one that is predicted, at the cursor; the first is 1
            "letter": "word",
            "view": "word",  # here or mean
            "mode": "word",  # came or likeliest: whose probability it is about
            "reach": "number",  # characters back that hold 90 % of the influence
            "reach_beside": "number",  # the same of the network that was looked at before
            "nearest": "number",  # the share of the last character
            "farthest": "number",  # characters back to the last influence above a hundredth of the strongest
            "window": "number",  # characters that the network is given; 0: it carries its state
            "typed": "number",
            "visited": "number",
            "networks": "number",
            "source": "word",
        },
    ),
}
