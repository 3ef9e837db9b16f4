"""Simulated devices on the wire: what a gateway meets in a plant room, without the plant room.

Modbus TCP servers with the register maps of real products, MQTT devices with their makers' payloads, signals that are
recordings or physical models and say which, fault scripts, counters for loss accounting, and the demo city.

The folder imports nothing else of the project on purpose: its encoders are an independent witness of what was served.
"""
