"""Email by SMTP, through the owner's own mail account or relay."""

from waitlist_appliance.adapters.messengers.smtp.account import Security, SmtpAccount
from waitlist_appliance.adapters.messengers.smtp.messenger import SmtpMessenger, check

__all__ = ["Security", "SmtpAccount", "SmtpMessenger", "check"]
