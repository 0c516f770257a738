"""How far a long piece of work is, on standard error."""

import math
import sys
from typing import Any

from tqdm import tqdm


class _Lines(tqdm):  # type: ignore[misc]
    """Progress in a log, where a line cannot renew itself: a line every tenth, and the last."""

    monitor_interval = 0  # no thread that prints in between

    def __init__(self, total: float, **options: Any) -> None:
        tenth = total / 10 if total else math.inf
        # gui: the text goes through `display` instead of a status line
        super().__init__(total=total, gui=True, mininterval=0, miniters=tenth, **options)

    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        """Print the state as a line."""
        if self.n:
            print(msg or self, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Print the last state unless it is the one printed last."""
        if not self.disable and self.n != self.last_print_n:
            self.display()
        super().close()


def progress(total: float, what: str, unit: str = "B") -> Any:
    """A bar of tqdm, a context manager with `update(count)`: a line that renews itself on a
    terminal, a line every tenth elsewhere.

    Parameters
    ----------
    total : of `unit`; 0 where it is unknown
    what : is under way, such as `12 files`
    unit : `B` counts bytes, written with a prefix; any other follows the number as it stands
    """
    options = {"desc": what, "unit": unit, "unit_scale": unit == "B", "file": sys.stderr}
    if sys.stderr.isatty():
        return tqdm(total=total or None, dynamic_ncols=True, **options)
    return _Lines(total, **options)
