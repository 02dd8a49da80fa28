"""Phone numbers: whatever was typed, spoken or sent, turned into one E.164 number and what it can receive."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final, Literal

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberType

PhoneKind = Literal["mobile", "landline", "maybe", "other"]

_PREFIX = re.compile(r"^\s*(?:whatsapp|tel|sms)\s*:\s*", re.IGNORECASE)
_ALLOWED = re.compile(r"^\(?\+?[0-9 ().\-/]+$")
_LOOKS_LIKE_SPACE: Final = dict.fromkeys(map(ord, "\u00a0\u202f\u2007\t·•"), " ")
_LOOKS_LIKE_HYPHEN: Final = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212\u30fc"), "-")
_LONGEST_RAW = 60

_KINDS: Final[dict[int, PhoneKind]] = {
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE: "landline",
    PhoneNumberType.TOLL_FREE: "other",
    PhoneNumberType.PREMIUM_RATE: "other",
    PhoneNumberType.SHARED_COST: "other",
    PhoneNumberType.UAN: "other",
    PhoneNumberType.VOICEMAIL: "other",
    PhoneNumberType.PAGER: "other",
}


class BadPhone(ValueError):
    """The text is no phone number that could be called."""


@dataclass(frozen=True, slots=True)
class Phone:
    """One number. `maybe`: the country's numbering does not tell mobile from landline. `region` is ISO 3166."""

    e164: str
    kind: PhoneKind
    region: str


def parse(raw: str, region: str) -> Phone:
    """The number in `raw`, read as dialled from `region` (ISO 3166, "ES"); BadPhone when there is none."""
    number = _read(_tidy(raw), region.upper())
    kind = phonenumbers.number_type(number)
    if kind == PhoneNumberType.UNKNOWN:  # the same as is_valid_number says, asked once
        raise BadPhone("not a number in use")
    found = phonenumbers.region_code_for_number(number) or region.upper()
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Phone(e164, _kind(kind, found), found)


def can_receive_sms(phone: Phone) -> bool:
    """False only where the country's numbering says so; an unknown kind gets the benefit of the doubt."""
    return phone.kind in ("mobile", "maybe")


def masked(e164: str) -> str:
    """The number for a page or a log: "+34 ••• ••• 678"."""
    try:
        code = f"+{phonenumbers.parse(e164, None).country_code} "
    except NumberParseException:
        code = ""
    return f"{code}••• ••• {e164[-3:]}"


def _tidy(raw: str) -> str:
    if len(raw) > _LONGEST_RAW:
        raise BadPhone("too long")
    text = unicodedata.normalize("NFKC", raw.translate(_LOOKS_LIKE_HYPHEN))
    text = _PREFIX.sub("", text).translate(_LOOKS_LIKE_SPACE)
    text = "".join(_ascii_digit(char) for char in text if unicodedata.category(char) != "Cf").strip()
    if not _ALLOWED.match(text):
        raise BadPhone("a number has digits only, without letters or extension")
    return text


def _ascii_digit(char: str) -> str:
    return str(unicodedata.digit(char)) if char.isdecimal() else char


def _read(text: str, region: str) -> PhoneNumber:
    digits = re.sub(r"\D", "", text)
    international = text.startswith("+")
    if digits.startswith("00"):  # the usual way abroad of writing "+", also where the country dials otherwise
        digits, international = digits.lstrip("0"), True
    if international and digits.startswith("521") and len(digits) == 13:
        digits = "52" + digits[3:]  # Mexico dropped the mobile "1" in 2019; phones and WhatsApp still show it
    if region == "MX" and not international and len(digits) == 13 and digits[:3] in ("044", "045"):
        digits = digits[3:]
    try:
        return phonenumbers.parse(f"+{digits}" if international else digits, region)
    except NumberParseException as error:
        raise BadPhone(str(error)) from error


def _kind(number_type: int, region: str) -> PhoneKind:
    kind = _KINDS.get(number_type, "maybe")
    # Argentina's mobiles read as landlines unless written with the 9, which people leave out.
    return "maybe" if kind == "landline" and region == "AR" else kind


def regions() -> tuple[str, ...]:
    """Every country (ISO 3166) whose numbers can be read, in order of its code."""
    return tuple(sorted(phonenumbers.SUPPORTED_REGIONS))
