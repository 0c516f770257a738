"""`python -m daymelt …`: the command line where the `daymelt` command is not installed, as in the
conda environments of the rules.
"""

from daymelt.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
