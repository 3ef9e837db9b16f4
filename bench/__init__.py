"""Measurements: each module measures one thing beside a rival or a physical limit in the same run. Never a test."""
