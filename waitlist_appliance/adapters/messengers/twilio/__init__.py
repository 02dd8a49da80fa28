"""SMS and WhatsApp by Twilio. Nothing here but ``client`` loads Twilio's own client, which is large: it is imported when
something is sent or asked."""

from waitlist_appliance.adapters.messengers.twilio.account import TwilioAccount
from waitlist_appliance.adapters.messengers.twilio.callbacks import parse_inbound, parse_status
from waitlist_appliance.adapters.messengers.twilio.sending import TwilioMessenger, check
from waitlist_appliance.adapters.messengers.twilio.signature import is_genuine

__all__ = ["TwilioAccount", "TwilioMessenger", "check", "is_genuine", "parse_inbound", "parse_status"]
