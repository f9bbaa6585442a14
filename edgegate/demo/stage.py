"""The demo's folder: what lies in it, and how a run begins with an empty one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgegate.errors import UsageError


@dataclass(frozen=True, slots=True)
class DemoFolder:
    """The files of one run. The folder is also the data folder of the demo's door."""

    folder: Path

    @property
    def scene(self) -> Path:
        return self.folder / "scene.avi"

    @property
    def annotated(self) -> Path:
        return self.folder / "annotated.webm"

    @property
    def report(self) -> Path:
        return self.folder / "report.html"

    @property
    def events(self) -> Path:
        return self.folder / "events.jsonl"

    @property
    def journal(self) -> Path:
        return self.folder / "journal.db"

    def clear(self) -> None:
        """Make the folder, and take away what an earlier run left there; nothing else is touched.

        Raises UsageError when the folder holds something, but no demo's scene: it may be a real door's.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{self.folder}: cannot be made a folder: {error.strerror}") from None
        if any(self.folder.iterdir()) and not self.scene.exists():
            raise UsageError(f"{self.folder}: holds files that no demo made; name another folder with --out")
        databases = [path for name in ("journal.db*", "gallery.db*") for path in self.folder.glob(name)]
        # The scene goes last: while it is there, the folder is known to be a demo's.
        for path in (*databases, self.annotated, self.report, self.events, self.scene):
            path.unlink(missing_ok=True)
