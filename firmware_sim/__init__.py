"""Simulated devices on the wire and the demo city."""
