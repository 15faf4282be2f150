"""Where the files of the repository's root are: at the root of a clone, or inside the package that pip installed."""

from pathlib import Path

PACKAGE = Path(__file__).parent
#: pyproject.toml says what the wheel holds of the root.
_PACKED = PACKAGE / "root"


def shipped(name: str) -> Path:
    """Return the path of a file or folder that is named from the root of the repository, such as `presets`."""
    return (_PACKED if _PACKED.is_dir() else PACKAGE.parent) / name
