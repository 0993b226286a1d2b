"""Checks a gateway from outside, by what it says over WebSockets: `make verify`.

`options` is what it is told, `gateway` what the checks connect to, `connection` and `run` what comes over a connection,
`checks` what is held to the protocol, one rule a module, `times` what is measured, and `report` what is printed.
"""
