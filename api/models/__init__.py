"""What travels over HTTP: one frozen model per thing a client sees or sends. Times are UTC milliseconds as integers."""
