"""The one kit for pictures: data become SVG with classes, coloured by the pages' style sheet and complete without a script, or letters."""

from ._axis import Axis, time_axis
from ._bar_chart import Bar, BarPanel, bar_chart
from ._chain import chain
from ._drawing import Drawing, Key, swatch
from ._figure import Band, Cells, Dots, Figure, Guide, Line, Mark, Panel, Setting, Slider, Whiskers, explorer
from ._heat_map import HeatMap, heat_map
from ._histogram import Bars, histogram
from ._line_chart import line_chart
from ._panel import inline, legend, standalone
from ._range_chart import Extent, range_chart
from ._script_data import script_data
from ._spark import NON_FINITE, blocks, half_blocks, root_mean_square, spark, sparkline
from ._unit_map import UnitGroup, unit_map
from ._words import Words, translation

__all__ = [
    "NON_FINITE", "Axis", "Band", "Bar", "BarPanel", "Bars", "Cells", "Dots", "Drawing", "Extent", "Figure", "Guide", "HeatMap", "Key",
    "Line", "Mark", "Panel", "Setting", "Slider", "UnitGroup", "Whiskers", "Words", "bar_chart", "blocks", "chain", "explorer",
    "half_blocks", "heat_map", "histogram", "inline", "legend", "line_chart", "range_chart", "root_mean_square", "script_data", "spark",
    "sparkline", "standalone", "swatch", "time_axis", "translation", "unit_map",
]  # fmt: skip
