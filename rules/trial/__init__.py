"""Scenarios: series as a person writes them, played through the engine, and compared with what was expected.

They are played in several orders of arrival. ``docs/rule-tools.md`` is the manual.
"""
