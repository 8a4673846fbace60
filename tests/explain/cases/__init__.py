"""Made-up measurements for each claim, one for each verdict it can come to, and the effect its experiment must show.

``cases/NAME.py`` belongs to ``reluctant/explain/NAME.py`` and holds `effect` and `cases`; the tests find it by its name. Both are
given what the short form of the experiment measured here. Of times `effect` asks nothing but that they are times: how they compare is
another matter on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reluctant.explain import Verdict


@dataclass(frozen=True)
class Case:
    """A measurement and the verdict it must lead to."""

    name: str
    measured: Any
    verdict: Verdict
