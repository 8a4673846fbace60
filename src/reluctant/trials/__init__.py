"""Runs a script again under a treatment, a seed and a number of steps."""

from ._one_trial import OneTrial
from ._printed_metric import metric_pattern
from ._trial_in_words import trial_in_words
from ._working_folder import empty_folder, working_folder

__all__ = ["OneTrial", "empty_folder", "metric_pattern", "trial_in_words", "working_folder"]
