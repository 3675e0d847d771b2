"""The texts of alerts, one module per language."""

from collections.abc import Mapping

from nytta.alerts.wordings.en import EN
from nytta.alerts.wordings.nb import NB
from nytta.alerts.wordings.sv import SV
from nytta.alerts.wordings.wording import KindText, Wording

WORDINGS: Mapping[str, Wording] = {wording.language: wording for wording in (SV, NB, EN)}

__all__ = ["WORDINGS", "KindText", "Wording"]
