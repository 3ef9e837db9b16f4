"""Facilities without wires: what a facility of each class would measure, as functions of simulated time.

The kits put devices on a bus; a station leaves them out and says the measurements themselves, so that weeks of a whole
city can be computed for a replay. The models are the same (`firmware_sim.signals`).
"""
