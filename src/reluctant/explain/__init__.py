"""The classic account of activations, claim by claim, measured again where it is read. One file a claim."""

from reluctant.figures import Axis, Band, Cells, Dots, Figure, Guide, Line, Panel, Setting, Slider, Whiskers, Words, explorer

from ._account import Account, Outcome, account, dumps, load
from ._catalogue import all_claims, get, select
from ._claim import Block, Claim, ClaimCase, ClaimVerdict, Conclusion, Formula, Listing, Paragraph, Table
from ._figure_files import ready_for_figures, write_figures
from ._page import page
from ._terminal import in_full, summary
from ._text import LANGUAGES, Language, Text

__all__ = [
    "LANGUAGES", "Account", "Axis", "Band", "Block", "Cells", "Claim", "ClaimCase", "ClaimVerdict", "Conclusion", "Dots", "Figure",
    "Formula", "Guide", "Language", "Line", "Listing", "Outcome", "Panel", "Paragraph", "Setting", "Slider", "Table", "Text", "Whiskers",
    "Words", "account", "all_claims", "dumps", "explorer", "get", "in_full", "load", "page", "ready_for_figures", "select", "summary",
    "write_figures",
]  # fmt: skip
