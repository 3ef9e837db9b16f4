"""The vocabulary of Twingrid: readings as columns, points, facilities, alarms, cases, ports and the Sparkplug codec."""
