"""Find out why a network is reluctant to learn, prove the cure, and make its activations cheaper."""

__version__ = "0.1.0"
