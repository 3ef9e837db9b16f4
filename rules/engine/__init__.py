"""The vectorized engine: readings in, alarm intervals out.

Theory of operation, from the outside in. ``docs/alarms.md`` says *what* is computed; this is *how*.

1. **Cells.** Every measurement of every facility that a rule reads is a *cell*; so is every window aggregate and every
   rule's "in force". A cell is a step function, known by its current value and its time of expiry (``cells.py``).
2. **Bands.** The constants a cell is compared with cut its values into bands. While the value stays in its band, and
   the cell is known throughout, no comparison changes, so no rule can: such a reading is *calm* and costs a few gathers
   and scatters, whatever the number of rules (``guards.py``). A calm reading may even be late. Cells that take part in
   arithmetic have no bands: each of their readings is an event. The band of the last known value is the *usual* one:
   a cell that falls silent has not left it.
3. **Events.** Readings that leave their band, expiries, window results that leave their band, and dates of rules
   become rows sorted by (facility, time). Values are carried forward along each facility, the conditions of the class
   evaluated row-wise, and compared with the row before (``conditions.py``).
   A window looks back over a cell, or over an *expression*: that is evaluated where there are events, before everything
   else, and feeds its window with what it comes to (``derived.py``).
4. **Machines.** One per rule and facility, in flat columns: it hears only of changes, and knows the moment at which its
   running timer will end, so nothing happens in between (``machines.py``).
5. **Planes.** Cells, windows and machines of a set of facilities are a plane (``plane.py``). The live plane holds all
   facilities; a re-evaluation is a small plane of the late ones, begun at a saved state, fed from the history, and
   copied back (``reevaluation.py``). Both run the same code, so both compute the same thing.
6. **Late readings** that are not calm are gathered and looked into together: most lie among readings of their own band
   and change no comparison (``suspects.py``); others change one, but no condition comes true by it and every machine
   that hears it is at rest, so all goes on as it was (``stirring.py``). Where a window looks back over them, its few
   slots since are patched, as long as its results stay in the bands they were in (``mending.py``; ``patches.py``, over
   the beginning of a block ``crossings.py``). Only what is left is re-evaluated. What was read before is found in
   memory by an index over each block of readings, made when first needed (``history.py``).
7. **Levels.** A rule with levels has a machine for each, and nothing above knows that they belong together; their
   intervals are laid over one another before they are compared (``levels.py``).
8. **Differences.** Intervals computed are compared with those announced (``rules/differences.py``).
"""
