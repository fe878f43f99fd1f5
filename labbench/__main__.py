"""`python -m labbench`."""

from __future__ import annotations

from labbench.cli import main

if __name__ == "__main__":
    main()
