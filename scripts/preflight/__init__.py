"""Looks, before a deploy, for what would make it fail or be of no use: `make preflight`.

`settings` is what Terraform is going to do, each other module looks at one thing, and `finding` is what it finds. It only reads.
"""
