"""Words of the desk that hang on a code: refusals only staff see, alarms, verbs of the history, icons of states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from waitlist_appliance.texts.catalogues import N_
from waitlist_appliance.web.staff.settings.words import REFUSALS as SETTINGS_REFUSALS

REFUSALS: Final[Mapping[str, str]] = {
    "password_short": N_("The password is too short. Please choose one of at least {length} characters."),
    "password_long": N_("The password is too long. Please choose one of at most {length} characters."),
    "password_common": N_(
        "That password is one of the first that anybody would try. Please choose another, say a short sentence."
    ),
    "passwords_differ": N_("The two passwords are not the same. Please type them again."),
    "email_taken": N_("Somebody with that email address is already on the team."),
    "rate_limited": N_("Too many tries. Please wait {seconds} seconds and try again."),
    "wrong_code": N_("That code is not right, or it was used before. Please try the one that is shown now."),
    "challenge_over": N_("That took too long, or there were too many tries. Please log in again."),
    "second_factor_unreadable": N_(
        "The code cannot be checked: this box has lost the key that it needs. Please use a recovery code, or ask an owner."
    ),
    "second_factor_there": N_("An authenticator app is set up already. Please turn it off first."),
    "vault_unreadable": N_("This box has lost the key that it seals secrets with. Whoever looks after it must bring it back."),
    "second_factor_not_begun": N_("There is nothing to finish. Please begin again below."),
    "second_factor_required": N_("Everybody here needs a second step. Please set yours up first, under Your account."),
    "own_account_factor": N_("That is your own. You can turn it off under Your account, with your password and a code."),
    "no_second_factor": N_("{name} has no second step: the log-in asks for the password only."),
    "passkey_refused": N_("That passkey was not accepted. Please try again, or log in another way."),
    "passkey_known": N_("That passkey is known already."),
    "passkeys_many": N_("These are enough passkeys for one person. Please remove one first."),
    "passkeys_impossible": N_("This box can have no passkeys at its present address."),
    "session_over": N_("That session is over already."),
    "wrong_password": N_("That is not your present password. Please try again."),
    "token_gone": N_("This link has been used or is too old. Please ask for a new one."),
    "ends_before_start": N_("The end must be later than the start."),
    "bad_date_time": N_("Please choose a day and a time."),
    "reply_empty": N_("Please type an answer first."),
    "text_missing": N_("Please write a message first."),
    "phone_taken": N_("Another customer has that number already. Please check it."),
    "not_failed": N_("That message did not fail: there is nothing to send again."),
    "sent_again_before": N_("That message was sent again already."),
    "sent_before": N_("That message was written already: it is sent once."),
    "offer_ended": N_("That offer is over, so its message would not be true. Please make a new offer instead."),
    "not_pending": N_("That message is no longer waiting: it has gone out or was dropped."),
    "withdraw_instead": N_("This message is an offer. Please withdraw the offer instead, so that the place is free again."),
    "entry_over": N_(
        "That is no longer possible for this person. The entry has changed meanwhile, or its times are over."
    ),
    "offer_over": N_("That offer is over: it was answered or taken back, or its time is up."),
    "nothing_free": N_("Nothing is free at the time they wish for, so nobody was asked."),
    "full": N_("That time is full. Please choose another one, or put them on the waitlist."),
    "reserved": N_(
        "That time is held for somebody on the waitlist. Please choose another one, or put them on the waitlist."
    ),
    "cut_off_passed": N_("It is too close to the start to offer this. Please call the person."),
    "joining_closed": N_("Joining is closed, so nobody new is put on the waitlist. The settings open it again."),
    "booking_over": N_("That booking is over and can no longer be changed."),
    "bad_party_size": N_("That number of people is not possible here. The settings say how large a party may be."),
    "name_required": N_("Please give a name."),
    "not_found": N_("That is not there any more. Please load the page again."),
    "booking_on_its_way": N_(
        "A booking in this time is still on its way to the calendar. Please try again in a minute. "
        "If it is stuck, confirm or cancel it first."
    ),
    "changed_meanwhile": N_("This entry was changed meanwhile, so nothing was saved. Below is how it stands now."),
    "nothing_to_approve": N_("There is no offer to approve."),
    "consent_required": N_("Please tick this once they have agreed: whoever is added gets messages."),
    "nobody_chosen": N_("Nobody is chosen. Please tick at least one person first."),
    **SETTINGS_REFUSALS,
}

ALARMS: Final[Mapping[str, str]] = {
    "worker_silent": N_("The worker does not run: no message goes out and no time is offered. Please start it again."),
    "web_silent": N_("The web server did not answer: nobody could open a page. Please start it again."),
    "messages_waiting": N_("Messages that should have gone out minutes ago still wait. Please look at the worker."),
    "backup_failed": N_("A backup could not be made, or not copied off the machine. “waitlist backup create” says why."),
    "box_restored": N_(
        "The box was put back from a backup. What happened after that backup is not known to it, so nothing is sent. "
        "Look at the agenda and the calendars, then resume sending."
    ),
    "backup_old": N_("The last good backup is more than a day old. Please look why the backup of the night fails."),
    "disk_low": N_("The disk of the box is nearly full. When it is full, nothing can be booked: please make space."),
    "messages_failing": N_("More than ten messages in an hour could not be delivered. The outbox says why."),
    "sync_failing": N_(
        "The calendars often cannot be read, so freed times may be seen late. Their settings say which fails, and why."
    ),
    "delivery_failing": N_("Too many messages do not arrive. The outbox says which, and why; a call is the surest."),
    "expiry_late": N_(
        "Offers end too late, so the next in line waits. The box is overloaded or stood still: restart the worker."
    ),
    "calendar_signed_out": N_("A calendar must be connected again. Nothing on it counts as free until then."),
    "message_refused": N_("The message provider refuses one kind of message. The outbox says which, and why."),
    "booking_pending": N_("A booking has waited too long for the calendar. Please confirm it by hand or cancel it."),
    "calendar_failing": N_("A calendar cannot be read. All its time counts as busy until it can."),
    "booking_overlapped": N_(
        "Somebody put an event on top of a booking. Both stand: please move one of them."
    ),
    "event_moved_onto": N_(
        "The event of a booking was moved where the booking cannot be. The booking stays: please move its event back."
    ),
    "calendar_changes_held": N_("Many bookings were changed in a calendar app at once. Please say what should count."),
    "messenger_account": N_(
        "The message provider refuses everything: no message goes out until its account is put right."
    ),
}

# What becomes of a time that was freed at the desk, by how offers are switched.
WHAT_FOLLOWS: Final[Mapping[str, str]] = {
    "automatic": N_("If somebody waits for that time, they are next."),
    "approve_each": N_("If somebody waits for that time, an offer is laid out for you to approve."),
    "manual": N_("Offers go out by hand: nobody is asked unless you do it."),
    "paused": N_("Offers are paused: nobody is asked."),
}

# What a rule calls a field → what the form calls it.
FIELDS: Final[Mapping[str, str]] = {"requested_slot": "starts_at", "date_time": "starts_at"}

# State → icon. The word always stands beside it.
ICONS: Final[Mapping[str, str]] = {
    "invited": "envelope",
    "waiting": "hourglass-split",
    "notified": "send",
    "confirmed": "check-circle-fill",
    "declined": "x-circle",
    "expired": "clock-history",
    "cancelled": "slash-circle",
    "proposed": "hand-index-thumb",
    "live": "hourglass-split",
    "offered": "send-fill",
    "fulfilled": "check-circle-fill",
    "withdrawn": "arrow-counterclockwise",
    "passed": "clock-history",
    "accepted": "check-circle-fill",
    "failed": "exclamation-triangle-fill",
    "available": "door-open",
    "monitoring": "eye",
    "pending": "hourglass",
    "filled": "check-circle-fill",
    "open": "door-open",
    "held": "lock-fill",
    "booked": "check-circle-fill",
    "exhausted": "people",
    "taken": "slash-circle",
    "past": "clock-history",
    "in_progress": "play-circle-fill",
    "completed": "check2-all",
    "no_show": "person-x",
    "refunded": "arrow-return-left",
}
# State → one of ok, warn, bad, info, quiet: the colour beside word and icon.
TONES: Final[Mapping[str, str]] = {
    "invited": "quiet", "waiting": "info", "notified": "warn", "confirmed": "ok", "declined": "quiet",
    "expired": "quiet", "cancelled": "quiet", "proposed": "warn", "live": "info", "offered": "warn",
    "fulfilled": "ok", "withdrawn": "quiet", "passed": "quiet", "accepted": "ok", "failed": "bad",
    "available": "warn", "monitoring": "info", "pending": "quiet", "filled": "ok", "open": "warn", "held": "warn",
    "booked": "ok", "exhausted": "quiet", "taken": "quiet", "past": "quiet", "in_progress": "info",
    "completed": "ok", "no_show": "bad", "refunded": "quiet",
}  # fmt: skip

SOURCES: Final[Mapping[str, str]] = {
    "voice_agent": N_("by phone"),
    "web": N_("on the page"),
    "manual": N_("added by the team"),
}
ROLES: Final[Mapping[str, str]] = {
    "owner": N_("Owner"),
    "manager": N_("Manager"),
    "host": N_("Host"),
    "viewer": N_("Viewer"),
}
LANGUAGES: Final[Mapping[str, str]] = {"en": "English", "es": "Español", "fr": "Français"}
CHANNELS: Final[Mapping[str, str]] = {"sms": "SMS", "whatsapp": "WhatsApp", "email": N_("Email")}
MESSAGE_KINDS: Final[Mapping[str, str]] = {
    "confirmed": N_("Confirmation"),
    "moved": N_("Told about the move"),
    "cancelled": N_("Told about the cancellation"),
    "reminder": N_("Reminder"),
    "apology": N_("Apology"),
}
MESSAGE_STATES: Final[Mapping[str, str]] = {
    "pending": N_("will be sent"),
    "sending": N_("being sent"),
    "unknown": N_("not known whether it arrived"),
    "queued": N_("with the provider"),
    "sent": N_("sent"),
    "delivered": N_("delivered"),
    "read": N_("read"),
    "failed": N_("not delivered"),
    "dropped": N_("no longer needed"),
}
OUTCOMES: Final[Mapping[str, str]] = {
    "undeliverable": N_("does not reach this person"),
    "retry": N_("fails once and is tried again"),
    "account": N_("fails for everybody (account blocked)"),
}
DEEDS: Final[Mapping[str, str]] = {
    "invited": N_("Got the sign-up link"),
    "joined": N_("Joined the waitlist"),
    "registered": N_("Signed up"),
    "wishes_changed": N_("Changed the wished times"),
    "offer_made": N_("An offer was made"),
    "offer_proposed": N_("An offer was proposed, to be approved"),
    "offer_approved": N_("The offer was approved"),
    "offer_accepted": N_("Said yes"),
    "offer_declined": N_("Said no"),
    "offer_expired": N_("Did not answer in time"),
    "offer_withdrawn": N_("The offer was withdrawn"),
    "offer_failed": N_("The offer could not be delivered"),
    "entry_expired": N_("No longer waits"),
    "cancelled": N_("Left the list"),
    "reopened": N_("Came back on the list"),
    "priority_changed": N_("Moved in the line"),
    "notes_changed": N_("The note was changed"),
    "entry_edited": N_("The entry was edited"),
    "booked": N_("A booking was made"),
    "booking_confirmed": N_("The booking is confirmed"),
    "booking_conflict": N_("The booking was taken back"),
    "booking_cancelled": N_("The booking was cancelled"),
    "booking_moved": N_("The booking was moved"),
    "booking_in_progress": N_("The visit began"),
    "booking_completed": N_("The visit is over"),
    "booking_no_show": N_("Did not come"),
    "booking_refunded": N_("Marked as refunded"),
    "booking_expired": N_("The booking was never confirmed"),
    "booking_pending_long": N_("The booking has waited long for the calendar"),
    "message_sent": N_("A message went out"),
    "message_failed": N_("A message could not be delivered"),
    "message_sent_again": N_("A message was sent again by hand"),
    "message_dropped": N_("A message was dropped by hand"),
    "wrote": N_("Was written to by hand"),
    "replied": N_("Answered by message"),
    "opted_out": N_("Wants no more messages"),
    "emails_refused": N_("Wants no more emails"),
    "emails_wanted": N_("Wants emails again"),
}
REASONS: Final[Mapping[str, str]] = {
    "by_staff": N_("by the team"),
    # how somebody logged in, and what slowed them down
    "password": N_("with the password"),
    "code": N_("with a code"),
    "recovery_code": N_("with a recovery code"),
    "passkey": N_("with a passkey"),
    "account": N_("at one account"),
    "ip": N_("from one address"),
    "device": N_("on one browser"),
    "code_ip": N_("codes, from one address"),
    "code_device": N_("codes, on one browser"),
    "staff": N_("by the team"),
    "silence": N_("no answer"),
    "no": N_("declined"),
    "left": N_("left the list"),
    "stop": N_("answered STOP"),
    "faster": N_("somebody else was faster"),
    "taken": N_("the time was taken"),
    "conflict": N_("the time was taken"),
    "cut_off": N_("too close to the start"),
    "booked_elsewhere": N_("booked another time"),
    "the calendar has another event at this time": N_("the calendar has another event at this time"),
    "the offer could not be ended": N_("the offer could not be ended"),
}
ACTORS: Final[Mapping[str, str]] = {
    "staff": N_("Team"),
    "customer": N_("Customer"),
    "voice_agent": N_("Voice agent"),
    "system": N_("The box"),
}
