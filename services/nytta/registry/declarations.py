"""Where the declarations (events, indicators, mappings, tables) lie: packed in a wheel, or in the checkout."""

from importlib.resources import files
from pathlib import Path


def schemas() -> Path:
    """The folder `schemas/`: inside the installed package where a wheel put it, else beside `services/`."""
    return _folder("schemas")


def dashboards() -> Path:
    """The folder `dashboards/`, likewise."""
    return _folder("dashboards")


def _folder(name: str) -> Path:
    # a wheel packs a copy; a checkout has one folder for all, which is never copied and cannot differ
    packaged_folder = Path(str(files("nytta"))) / name
    if packaged_folder.is_dir():
        return packaged_folder
    checkout = Path(__file__).parents[3]
    return checkout / name
