"""`python -m daymelt STEP …`: the command line where the `daymelt` command is not installed, as in
the rules' conda environments.
"""

from daymelt.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
