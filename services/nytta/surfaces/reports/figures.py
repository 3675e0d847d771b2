"""Figures, days and money as each language writes them."""

from __future__ import annotations

from datetime import date

from nytta.disclosure.rounding import two_digits

_THIN = "\u00a0"
_MINUS = "−"
"""As wide as a plus, and never taken for a hyphen where a line breaks."""

_WEEK = {"sv": "vecka", "nb": "uke", "en": "week"}
_WEEK_LETTER = {"sv": "v", "nb": "u", "en": "w"}
_CROWNS = frozenset({"SEK", "NOK"})
"""Currencies that their own countries write alike."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def whole_number(figure: float, language: str) -> str:
    """A whole figure with its thousands apart."""
    number_text = f"{round(figure):,}".replace("-", _MINUS)
    return number_text if language == "en" else number_text.replace(",", _THIN)


def decimal(thousandths: float, language: str) -> str:
    """A figure in thousandths without trailing zeros."""
    decimal_text = f"{thousandths / 1000:,.3f}".rstrip("0").rstrip(".")
    if language != "en":
        # thousands first: afterwards a comma stands for the decimals
        decimal_text = decimal_text.replace(",", _THIN).replace(".", ",")
    return decimal_text.replace("-", _MINUS)


def percent(figure: float | None, language: str) -> str:
    """Whole percent; a dash where none are known."""
    if figure is None:
        return "–"
    gap = "" if language == "en" else _THIN
    return f"{whole_number(figure, language)}{gap}%"


def hours(thousandths: int | None, language: str) -> str:
    """Hours to two significant digits, as surely as they are known; a dash where none are known."""
    if thousandths is None:
        return "–"
    return whole_number(_two_digits(thousandths / 1000), language)


def _two_digits(figure: float) -> int:
    return two_digits(figure) if figure >= 0 else -two_digits(-figure)


def money(hundredths: int | None, currency: str, language: str) -> str:
    """Units of a currency to two significant digits, as surely as they are known; a dash where none may be shown."""
    if hundredths is None:
        return "–"
    figure = whole_number(_two_digits(hundredths / 100), language)
    if language == "en":
        return f"{currency}{_THIN}{figure}"
    sign = "kr" if currency in _CROWNS else currency
    return f"{figure}{_THIN}{sign}"


def day(day_value: date | None, language: str) -> str:
    """A day; a dash where there is none."""
    if day_value is None:
        return "–"
    if language == "nb":
        return f"{day_value.day}.{day_value.month}.{day_value.year}"
    if language == "en":
        # a name, because the order of day and month in figures differs among those who read English
        month = _MONTHS[day_value.month - 1]
        return f"{day_value.day}{_THIN}{month}{_THIN}{day_value.year}"
    return day_value.isoformat()


def short_week(monday: date, language: str) -> str:
    """An ISO week for the axis of a chart."""
    year, number, _ = monday.isocalendar()
    return f"{_WEEK_LETTER[language]}{number} {year}"


def week(monday: date, language: str) -> str:
    """An ISO week in words."""
    year, number, _ = monday.isocalendar()
    return f"{_WEEK[language]} {number}, {year}"
