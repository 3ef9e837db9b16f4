"""Other programs are told what happens to alarms and cases: signed requests to addresses that administrators name."""
