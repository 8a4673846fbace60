"""What a recording means: one rule a file, found by discovery, run by `judge`."""

from ._catalogue import all_rules, get, select
from ._judge import Judgement, judge
from ._rule import Rule

__all__ = ["Judgement", "Rule", "all_rules", "get", "judge", "select"]
