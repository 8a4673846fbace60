"""`python -m reluctant` is the command `reluctant`."""

from __future__ import annotations

from reluctant.cli import main

if __name__ == "__main__":
    main()
