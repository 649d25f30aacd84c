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
}
