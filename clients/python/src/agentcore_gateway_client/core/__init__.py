"""The client's rules without any I/O: what was received, what the clock says, and what is to be sent. `Engine` is the whole."""
