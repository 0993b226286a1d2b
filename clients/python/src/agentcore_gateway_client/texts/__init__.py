"""The shapes in which frameworks send a reply's text."""
