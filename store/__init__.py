"""The time series and the commit log beside it."""
