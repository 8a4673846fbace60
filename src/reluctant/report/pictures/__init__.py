"""What the evidence of a finding looks like."""

from ._picture import Picture, RecordingView, all_pictures, pictures_of, view_of

__all__ = ["Picture", "RecordingView", "all_pictures", "pictures_of", "view_of"]
