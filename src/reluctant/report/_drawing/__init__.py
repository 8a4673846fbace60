"""Draws figures as SVG: plain shapes with classes, coloured by the page's style sheet, complete without a script."""

from ._axis import Axis, time_axis
from ._chain import chain
from ._drawn import Drawn, Key
from ._heat_map import HeatMap, heat_map
from ._histogram import Bars, histogram
from ._line_chart import Band, Guide, Line, line_chart
from ._range_chart import Extent, range_chart
from ._spark import spark
from ._unit_map import UnitGroup, unit_map

__all__ = [
    "Axis", "Band", "Bars", "Drawn", "Extent", "Guide", "HeatMap", "Key", "Line", "UnitGroup", "chain", "heat_map", "histogram",
    "line_chart", "range_chart", "spark", "time_axis", "unit_map",
]  # fmt: skip
