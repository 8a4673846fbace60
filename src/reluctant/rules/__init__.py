"""What a recording means: one rule a file, found by discovery, run by `judge`."""

from ._catalogue import all_rules, get, select
from ._finding_tree import GRAVITY, Branch, about_measurement, about_network, finding_tree, worst
from ._judge import Judgement, judge
from ._rule import Rule

__all__ = [
    "GRAVITY", "Branch", "Judgement", "Rule", "about_measurement", "about_network", "all_rules", "finding_tree", "get", "judge", "select",
    "worst",
]  # fmt: skip
