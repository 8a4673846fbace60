"""Treatments as a person would say them to another."""

from __future__ import annotations

from reluctant.recording import Treatment

from ._numbers import plural
from ._safe_text import safe

_WORDS = {
    "swap-activation": ("use another activation there", "use {} there instead"),
    "insert-activation": ("put an activation between the layers", "put {} between the layers"),
    "remove-output-activation": ("take the activation off the output, so that the loss gets the values before it",) * 2,
    "reinitialise": ("initialise the weights as the activation asks", "initialise the weights with {}"),
    "scale-input": ("scale the input: each feature to mean 0 and standard deviation 1", "scale the input with {}"),
    "lower-learning-rate": ("lower the learning rate", "multiply the learning rate by {}"),
    "no-slope-decay": ("give the learned slopes a parameter group of their own, with weight_decay=0",) * 2,
    "normalise": ("put a normalisation layer before the activation", "put {} before the activation"),
}
"""Without arguments, and with the arguments in the place of the braces."""

_SCHEMES = {
    "he": "torch.nn.init.kaiming_normal_ (He)",
    "xavier": "torch.nn.init.xavier_normal_ (Xavier)",
    "lecun": "torch.nn.init.kaiming_normal_(…, nonlinearity='linear') (LeCun)",
    "orthogonal": "torch.nn.init.orthogonal_",
}
"""What sets weights in the way that a scheme's name stands for."""


def treatment_in_words(treatment: Treatment) -> str:
    """What to change, and what trials made of it where there were some."""
    change = change_in_words(treatment)
    if treatment.verdict == "not tried":
        return change
    return f"{change} ({treatment.verdict}, {plural(treatment.trials, 'trial')})"


def change_in_words(treatment: Treatment) -> str:
    """What to change."""
    arguments = safe(treatment.arguments)
    if treatment.name not in _WORDS:
        name = safe(treatment.name).replace("-", " ")
        return f"{name}: {arguments}" if arguments else name
    without, with_arguments = _WORDS[treatment.name]
    if treatment.name == "reinitialise":
        arguments = _SCHEMES.get(arguments, arguments)
    return with_arguments.replace("{}", arguments) if arguments else without
