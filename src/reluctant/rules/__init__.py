"""What a recording means: one rule a file, found by discovery, run by `judge`."""

from ._catalogue import all_rules, get, select
from ._document import document_of, judged_again
from ._judge import Judgement, judge
from ._rule import Rule

__all__ = ["Judgement", "Rule", "all_rules", "document_of", "get", "judge", "judged_again", "select"]
