"""The vocabulary every part of Twingrid shares: columns of readings, places, alarms, cases, ports. No I/O."""
