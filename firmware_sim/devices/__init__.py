"""Devices: real products as frozen dataclasses, each with its register map or payload and the signals it measures."""
