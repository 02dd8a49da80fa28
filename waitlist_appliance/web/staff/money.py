"""Amounts of money as the desk shows them."""

from __future__ import annotations

from babel.numbers import format_currency, get_territory_currencies

from waitlist_appliance.web.context import the_business
from waitlist_appliance.web.staff import page


def whole(amount: int) -> str:
    """In the currency of the business's country, without cents."""
    pattern = "¤#,##0" if page.locale() == "en" else "#,##0\u202f¤"
    return str(format_currency(amount, _currency(), pattern, locale=page.locale(), currency_digits=False))


def cents(amount: int) -> str:
    """In the currency of the business's country, to the cent."""
    pattern = "¤#,##0.00" if page.locale() == "en" else "#,##0.00\u202f¤"
    return str(format_currency(amount / 100, _currency(), pattern, locale=page.locale(), currency_digits=False))


def _currency() -> str:
    found = get_territory_currencies(the_business().phone_region)
    return found[0] if found else "EUR"
