"""Makes the documentation's pages as plain Markdown, or checks that what they say is true.

    python docs/generate.py FOLDER    # every page, those from the definitions too, with the output of the commands they show
    python docs/generate.py --check   # runs the commands, follows the links, looks up the rules; exit code 1 where one is wrong

`make docs` builds the site from the same pages. None of the pages that follow from definitions is kept in the repository:
a new rule, activation or command has its page by being there.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from generator.pages import complete_pages, failing_commands, pages_with_commands, wrong_references


def main() -> int:
    """Write or check; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="where to write the pages")
    parser.add_argument("--check", action="store_true", help="write nothing; say what is wrong")
    options = parser.parse_args()
    if options.check == (options.folder is not None):
        parser.error("give either a FOLDER or --check")
    if options.check:
        found = [*wrong_references(), *failing_commands(pages_with_commands())]
        print("\n".join(found) or "every page is true")
        return 1 if found else 0
    for path, text in complete_pages().items():
        target = options.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
