"""Runs a script again under a treatment, a seed and a number of steps."""

from ._one_trial import OneTrial

__all__ = ["OneTrial"]
