"""Figures, days and money as each language writes them."""

from __future__ import annotations

from datetime import date

from nytta.disclosure.rounding import two_digits

_THIN = "\u00a0"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def whole_number(figure: float, language: str) -> str:
    """A whole figure with its thousands apart."""
    return f"{round(figure):,}".replace(",", "," if language == "en" else _THIN).replace("-", "−")


def decimal(thousandths: float, language: str) -> str:
    """A figure in thousandths without trailing zeros."""
    text = f"{thousandths / 1000:,.3f}".rstrip("0").rstrip(".")
    if language != "en":
        text = text.replace(",", _THIN).replace(".", ",")
    return text.replace("-", "−")


def percent(figure: float, language: str) -> str:
    """Whole percent."""
    return f"{whole_number(figure, language)}{'' if language == 'en' else _THIN}%"


def hours(thousandths: int | None, language: str) -> str:
    """Hours to two significant digits, as surely as they are known; a dash where none are known."""
    return "–" if thousandths is None else whole_number(_two_digits(thousandths / 1000), language)


def _two_digits(figure: float) -> int:
    return two_digits(figure) if figure >= 0 else -two_digits(-figure)


def money(hundredths: int | None, currency: str, language: str) -> str:
    """Units of a currency to two significant digits, as surely as they are known; a dash where none may be shown."""
    if hundredths is None:
        return "–"
    figure = whole_number(_two_digits(hundredths / 100), language)
    if language == "en":
        return f"{currency}{_THIN}{figure}"
    return f"{figure}{_THIN}{'kr' if currency in ('SEK', 'NOK') else currency}"


def day(value: date | None, language: str) -> str:
    """A day; a dash where there is none."""
    if value is None:
        return "–"
    if language == "nb":
        return f"{value.day}.{value.month}.{value.year}"
    return f"{value.day}{_THIN}{_MONTHS[value.month - 1]}{_THIN}{value.year}" if language == "en" else value.isoformat()


def short_week(monday: date, language: str) -> str:
    """An ISO week for the axis of a chart."""
    year, number, _ = monday.isocalendar()
    return f"{ {'sv': 'v', 'nb': 'u'}.get(language, 'w') }{number} {year}"


def week(monday: date, language: str) -> str:
    """An ISO week in words."""
    year, number, _ = monday.isocalendar()
    return f"{ {'sv': 'vecka', 'nb': 'uke'}.get(language, 'week') } {number}, {year}"
