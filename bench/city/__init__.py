"""A simulated city through the shipped rule book and the dispatch policy: ``python -m bench city``.

Facilities of every class are computed at true physical time by the models of ``firmware_sim``, with a script of faults
whose times are known, and with disturbances that are no faults. Their readings go through the engine's replay and the
dispatch policy as a backtest's do; what comes out is compared with the script.
"""
