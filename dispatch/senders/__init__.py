"""What takes messages to people: one adapter a channel, behind ``core.ports.notifications.Sender``."""
