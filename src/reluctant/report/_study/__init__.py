"""The report of a study: what its trials showed, as plain data for every form, and as pictures."""

from ._outline import StudyOutline, study_outline
from ._pictures import study_pictures

__all__ = ["StudyOutline", "study_outline", "study_pictures"]
