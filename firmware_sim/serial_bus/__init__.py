"""Devices on a serial bus: one wire with byte times, silences and collisions, and the units that hang on it."""
