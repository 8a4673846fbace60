"""Treatments as a person would say them."""

from __future__ import annotations

import pytest

from reluctant.recording import Treatment
from reluctant.report import treatment_text


@pytest.mark.parametrize(
    ("treatment", "words"),
    [
        (Treatment("lower-learning-rate", "0.1"), "multiply the learning rate by 0.1"),
        (Treatment("lower-learning-rate"), "lower the learning rate"),
        (Treatment("swap-activation", "leaky_relu(0.01)"), "use leaky_relu(0.01) there instead"),
        (Treatment("reinitialise", "he"), "initialise the weights with torch.nn.init.kaiming_normal_ (He)"),
        (Treatment("reinitialise", "small"), "initialise the weights with small"),
        (Treatment("normalise", verdict="better", trials=5), "put a normalisation layer before the activation (better, 5 trials)"),
        (Treatment("my-own-cure", "{}{0}"), "my own cure: {}{0}"),
    ],
)
def test_words(treatment: Treatment, words: str) -> None:
    assert treatment_text(treatment) == words
