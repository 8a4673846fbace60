"""Runs a script again under a treatment, a seed and a number of steps."""

from ._in_words import trial_in_words
from ._one_trial import OneTrial
from ._printed_metric import metric_pattern

__all__ = ["OneTrial", "metric_pattern", "trial_in_words"]
