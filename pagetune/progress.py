"""How far a stage is: a bar or a line in a terminal, else a line at most every ten seconds."""

import shutil
import sys
import time
from types import TracebackType
from typing import Any

from pagetune.language import tr

#: The least time between two lines.
SECONDS_BETWEEN_LINES = 10.0
#: Erases a terminal's line from the cursor on (ECMA-48).
_ERASE_REST = "\x1b[K"


class Progress:
    """Shows how many of `total` are done and what is left, from `with` to its end. One alone is not worth showing."""

    def __init__(self, stage: str, total: int, unit: str) -> None:
        self.stage, self.total, self.unit = stage, total, unit
        self.done = 0
        self.bar: Any = None
        self.began = self.said = time.monotonic()

    def __enter__(self) -> "Progress":
        if self.total > 1 and sys.stderr.isatty():
            from tqdm import tqdm

            self.bar = tqdm(total=self.total, disable=False, unit=self.unit, desc=self.stage)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self.bar is not None:
            self.bar.close()

    def advance(self, count: int = 1, note: str = "") -> None:
        """Count what was done since the last time; `note` says how it goes, such as a loss."""
        self.done += count
        if self.bar is not None:
            self.bar.set_postfix_str(note)
            self.bar.update(count)
        elif self.total > 1 and time.monotonic() - self.said >= SECONDS_BETWEEN_LINES:
            self._say(note)

    def _say(self, note: str) -> None:
        self.said = time.monotonic()
        left = (self.said - self.began) / self.done * (self.total - self.done)
        done = tr("{done} of {total} {unit}s", done=self.done, total=self.total, unit=tr(self.unit))
        parts = [done, *([note] if note else []), tr("{seconds:.0f} s left", seconds=left)]
        print(f"{self.stage}: {', '.join(parts)}", flush=True)


class StatusLine:
    """A line about work whose end is not known exactly: rewritten in a terminal, else printed every ten seconds."""

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self.said = time.monotonic()
        self.is_shown = False

    def show(self, text: str) -> None:
        if sys.stderr.isatty():
            # One column stays free: in some terminals the cursor moves to the next line after the last one.
            line = f"{self.stage}: {text}"[: shutil.get_terminal_size().columns - 1]
            print(f"\r{line}{_ERASE_REST}", end="", file=sys.stderr, flush=True)
            self.is_shown = True
        elif time.monotonic() - self.said >= SECONDS_BETWEEN_LINES:
            self.say(text)

    def say(self, text: str) -> None:
        """Print a line that stays."""
        self.close()
        self.said = time.monotonic()
        print(f"{self.stage}: {text}", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Remove what is shown in the terminal."""
        if self.is_shown:
            print(f"\r{_ERASE_REST}", end="", file=sys.stderr, flush=True)
        self.is_shown = False
