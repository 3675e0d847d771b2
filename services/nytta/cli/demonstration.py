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
    story_folder = settings.data / "story"
    if not story_folder.exists():
        if (settings.data / "store").exists():
            fail(
                f"{settings.data} holds a store already, which --demo would mix with invented figures: name an empty "
                "folder with --data"
            )
        # who shows no demonstration does not wait for it
        from nytta.demo import simulate, write

        stderr.print("making an invented county with five stories …")
        unfinished = story_folder.with_name(".story.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        write(simulate("all", _SEED, until=datetime.now(UTC).date()), unfinished)
        unfinished.rename(story_folder)
    return story_folder / "registry"


def load(installation: nytta.App, settings: Settings) -> None:
    """Import its events. Interrupted, the next time goes on; repeated, it changes nothing."""
    first_time = not all_imports(installation.private)
    stderr.print("importing it …" if first_time else "it is here already")
    current_time = datetime.now(UTC)
    installation.intake.import_file(settings.data / "story" / "events.ndjson", None, current_time)
    installation.bring_up_to_date(current_time)
    stderr.print(f"What is seeded: {settings.data / 'story' / 'truth.json'}", markup=False)


def play(installation: nytta.App, settings: Settings) -> None:
    """Live through the last twelve weeks by a clock of their own: verdicts, messages, and what people did about them.

    What is lived through stands in the store: interrupted, the next start goes on, and after that there is nothing to
    do. Mails go into a folder, where no mail server is set.
    """
    from nytta.demo.replies import reply
    from nytta.service import evaluation

    book = AlertStore(installation.open.connection)
    if installation.channels.smtp is None:
        installation.channels = replace(
            installation.channels, mailbox=settings.data / "story" / "mails"
        )
    moments = _moments(installation, book, datetime.now(UTC))
    if moments:
        stderr.print(
            "living through its last twelve weeks: alerts, mails and answers come while you look …"
        )
    for number, monday_morning in enumerate(moments):
        if number % _JUDGED_EVERY == 0:
            last_morning = moments[min(number + _JUDGED_EVERY, len(moments)) - 1]
            evaluation.judge(installation, last_morning)
        evaluation.decide(installation, monday_morning)
        evaluation.send(installation, monday_morning)
        wednesday = monday_morning + _UNTIL_ANSWERED
        for alert in book.alerts():
            answer = reply(alert, wednesday.date())
            if answer is not None:
                evaluation.answer(installation, answer, wednesday)
    if moments:
        where = (
            f"; its mails: {installation.channels.mailbox}" if installation.channels.mailbox else ""
        )
        stderr.print(f"its last twelve weeks are lived through{where}", markup=False)


def _moments(installation: nytta.App, book: AlertStore, current_time: datetime) -> list[datetime]:
    """Monday mornings of the last twelve weeks whose week before no evaluation has heard yet, and that are past."""
    organisation = installation.intake.registry.organisations[0]
    today = current_time.astimezone(ZoneInfo(organisation.timezone)).date()
    heard_week = book.book(organisation.id, today).heard
    mondays = [monday(today) - timedelta(weeks=offset) for offset in reversed(range(_PLAYED + 1))]
    mornings = [datetime.combine(day, _MORNING, ZoneInfo(organisation.timezone)) for day in mondays]
    return [
        morning
        for morning in mornings
        if morning <= current_time
        and (heard_week is None or morning.date() - timedelta(weeks=1) > heard_week)
    ]
