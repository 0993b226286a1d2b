"""How a check can end, other than well."""


class Broken(Exception):
    """The gateway does not do what docs/protocol.md says. The text names the rule and what came instead."""


class Skipped(Exception):
    """The rule cannot be checked here. The text says why, and what would make it possible."""
