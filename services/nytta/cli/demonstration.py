"""What `nytta up --demo` shows: an invented county with five stories, kept in the data folder beside its store."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from nytta import service as nytta
from nytta.cli.common import fail, stderr
from nytta.ingest.store.imports import all_imports
from nytta.insight.store.alerts import AlertStore
from nytta.registry.dates import monday
from nytta.service.settings import Settings

_SEED: Final = 1
_PLAYED: Final = 12
_JUDGED_EVERY: Final = 4
"""Weeks that one judgement tells of at once: their events are all there, and verdicts tell since when they hold."""
_MORNING: Final = time(7, 35)
"""When the week's messages have become due."""
_UNTIL_ANSWERED: Final = timedelta(days=2, hours=3)


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
    """Import its events. Interrupted, the next time goes on; repeated, it changes nothing."""
    first_time = not all_imports(app.private)
    stderr.print("importing it …" if first_time else "it is here already")
    current_time = datetime.now(UTC)
    app.intake.import_file(settings.data / "story" / "events.ndjson", None, current_time)
    app.bring_up_to_date(current_time)
    stderr.print(f"What is seeded: {settings.data / 'story' / 'truth.json'}", markup=False)


def play(app: nytta.App, settings: Settings) -> None:
    """Live through the last twelve weeks by a clock of their own: verdicts, messages, and what people did about them.

    What is lived through stands in the store: interrupted, the next start goes on, and after that there is nothing to
    do. Mails go into a folder, where no mail server is set.
    """
    from nytta.demo.replies import reply
    from nytta.service import evaluation

    book = AlertStore(app.open.connection)
    if app.channels.smtp is None:
        app.channels = replace(app.channels, mailbox=settings.data / "story" / "mails")
    moments = _moments(app, book, datetime.now(UTC))
    if moments:
        stderr.print("living through its last twelve weeks: alerts, mails and answers come while you look …")
    for number, monday_morning in enumerate(moments):
        if number % _JUDGED_EVERY == 0:
            last_morning = moments[min(number + _JUDGED_EVERY, len(moments)) - 1]
            evaluation.judge(app, last_morning)
        evaluation.decide(app, monday_morning)
        evaluation.send(app, monday_morning)
        wednesday = monday_morning + _UNTIL_ANSWERED
        for alert in book.alerts():
            answer = reply(alert, wednesday.date())
            if answer is not None:
                evaluation.answer(app, answer, wednesday)
    if moments:
        where = f"; its mails: {app.channels.mailbox}" if app.channels.mailbox else ""
        stderr.print(f"its last twelve weeks are lived through{where}", markup=False)


def _moments(app: nytta.App, book: AlertStore, current_time: datetime) -> list[datetime]:
    """Monday mornings of the last twelve weeks whose week before no evaluation has heard yet, and that are past."""
    organisation = app.intake.registry.organisations[0]
    today = current_time.astimezone(ZoneInfo(organisation.timezone)).date()
    heard = book.book(organisation.id, today).heard
    mondays = [monday(today) - timedelta(weeks=offset) for offset in reversed(range(_PLAYED + 1))]
    mornings = [datetime.combine(day, _MORNING, ZoneInfo(organisation.timezone)) for day in mondays]
    return [
        morning
        for morning in mornings
        if morning <= current_time and (heard is None or morning.date() - timedelta(weeks=1) > heard)
    ]
