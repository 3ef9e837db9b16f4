"""Commissioning, the deciding half: from an unlabelled bus to a proven record. Values in, values out.

1. ``scan``: which settings and unit ids to try, in which order, with progress and time left.
2. ``identify``: which profile fits what a unit says and holds, and what to ask next.
3. ``grid``: every type and byte order of the same words side by side, the plausible ones first.
4. ``solver``: from what the device's own display shows to address, type, order and scale.
5. ``proof``: references with tolerances, response times, error rates.
6. ``record``: the as-built record, and what later contradicts it.

The I/O is ``gateway.site_session``.
"""
