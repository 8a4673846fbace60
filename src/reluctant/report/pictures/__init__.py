"""What the evidence of a finding looks like. One picture a file."""

from ._choice import all_pictures, pictures_of
from ._picture import Picture, Scene, scene_of

__all__ = ["Picture", "Scene", "all_pictures", "pictures_of", "scene_of"]
