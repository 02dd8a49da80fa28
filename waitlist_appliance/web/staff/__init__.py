"""The pages of staff: waitlist, slots, agenda, phones, and the door in front of them."""
