"""Treatments as a person would say them."""

from __future__ import annotations

import pytest

from reluctant.recording import ProposedTreatment
from reluctant.report import treatment_text


@pytest.mark.parametrize(
    ("treatment", "words"),
    [
        (ProposedTreatment("lower-learning-rate", "0.1"), "multiply the learning rate by 0.1"),
        (ProposedTreatment("lower-learning-rate"), "lower the learning rate"),
        (ProposedTreatment("swap-activation", "leaky_relu(0.01)"), "use leaky_relu(0.01) there instead"),
        (ProposedTreatment("reinitialise", "he"), "initialise the weights with torch.nn.init.kaiming_normal_ (He)"),
        (ProposedTreatment("reinitialise", "small"), "initialise the weights with small"),
        (ProposedTreatment("normalise", verdict="better", trials=5), "put a normalisation layer before the activation (better, 5 trials)"),
        (ProposedTreatment("my-own-cure", "{}{0}"), "my own cure: {}{0}"),
    ],
)
def test_words(treatment: ProposedTreatment, words: str) -> None:
    assert treatment_text(treatment) == words
