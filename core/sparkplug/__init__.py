"""Sparkplug B 3.0: topics, payloads, sequence numbers, and the commit header that Twingrid adds. No I/O."""
