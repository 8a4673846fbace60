"""Runs a script again under a treatment, a seed and a number of steps."""

from ._in_words import trial_in_words
from ._one_trial import OneTrial

__all__ = ["OneTrial", "trial_in_words"]
