"""What comes in becomes durable rows, rejects and marks: bodies of events, pages of a source, files.

`Intake` is the one way to them, for the service and its commands. It is made of two layers: `events` decodes, places
and stores events, `pages` does so for what a source is asked for; `file_import` takes in a file. Nothing here computes
a figure.
"""

from nytta.ingest.intake.intake import Intake
from nytta.ingest.intake.pipeline import behind
from nytta.ingest.intake.reports import ImportReport, IntakeError, PageReport

__all__ = ["ImportReport", "Intake", "IntakeError", "PageReport", "behind"]
