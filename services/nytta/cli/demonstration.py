"""What `nytta up --demo` shows: an invented county with five stories, kept in the data folder beside its store."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from nytta import service as nytta
from nytta.cli.common import fail, stderr
from nytta.service.settings import Settings

_SEED = 1


def written(settings: Settings) -> Path:
    """The registry of the demonstration, made once. Ends the command where the folder holds something else."""
    if settings.clickhouse:
        fail("--demo fills the embedded store: unset NYTTA_CLICKHOUSE", code=2)
    place = settings.data / "story"
    if not place.exists():
        if (settings.data / "store").exists():
            fail(
                f"{settings.data} holds a store already, which --demo would mix with invented figures: name an empty "
                "folder with --data"
            )
        from nytta.demo import simulate, write  # who shows no demonstration does not wait for it

        stderr.print("making an invented county with five stories …")
        unfinished = place.with_name(".story.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        write(simulate("all", _SEED, until=datetime.now(UTC).date()), unfinished)
        unfinished.rename(place)
    return place / "registry"


def load(app: nytta.App, settings: Settings) -> None:
    """Import its events and judge its weeks. Interrupted, the next time goes on; repeated, it changes nothing."""
    from nytta.service.evaluation import evaluate

    current_time, first_time = datetime.now(UTC), not app.private.imports()
    stderr.print("importing it …" if first_time else "it is here already")
    app.intake.import_file(settings.data / "story" / "events.ndjson", None, current_time)
    app.bring_up_to_date(current_time)
    if first_time:  # later the service does it by itself
        evaluate(app, current_time)
    stderr.print(f"What is seeded: {settings.data / 'story' / 'truth.json'}", markup=False)
