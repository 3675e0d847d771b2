"""The texts of alerts, one module per language."""

from collections.abc import Mapping

from nytta.insight.alerts.wordings.en import EN
from nytta.insight.alerts.wordings.nb import NB
from nytta.insight.alerts.wordings.sv import SV
from nytta.insight.alerts.wordings.wording import KindText, Wording

WORDINGS: Mapping[str, Wording] = {wording.language: wording for wording in (SV, NB, EN)}

__all__ = ["WORDINGS", "KindText", "Wording"]
