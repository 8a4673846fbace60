"""What one observed run saved, as plain data, and its file. Never imports torch."""

from ._document import Document
from ._file import dumps, load, loads, save
from ._finding import Cause, CauseKind, Comparison, Finding, NotJudged, Root, Severity, Treatment, TrialCurve, TrialVerdict
from ._recording import (
    FLAT_SLOPE,
    FORMAT,
    SHARE_BINS,
    Graph,
    InputStatistics,
    Layer,
    LayerMoment,
    Location,
    Loss,
    LossCurve,
    LossPoint,
    Node,
    NodeKind,
    NotObserved,
    Optimizer,
    OptimizerGroup,
    Parameter,
    ParameterMoment,
    Recording,
    ShareHistogram,
    Silence,
    Site,
    SiteMoment,
    UnitWindow,
    ValueStatistics,
)

__all__ = [
    "FLAT_SLOPE", "FORMAT", "SHARE_BINS", "Cause", "CauseKind", "Comparison", "Document", "Finding", "Graph", "InputStatistics",
    "Layer", "LayerMoment", "Location", "Loss", "LossCurve", "LossPoint", "Node", "NodeKind", "NotJudged",
    "NotObserved", "Optimizer", "OptimizerGroup", "Parameter", "ParameterMoment", "Recording", "Root", "Severity",
    "ShareHistogram", "Silence", "Site", "SiteMoment", "Treatment", "TrialCurve", "TrialVerdict", "UnitWindow", "ValueStatistics",
    "dumps", "load", "loads", "save",
]
