"""A rule as a form and as text: two views of one thing, without a loss in either direction. No I/O."""
