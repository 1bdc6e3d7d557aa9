"""Checks before any release is changed: checkout, machine, rights, capacity, node ports."""
