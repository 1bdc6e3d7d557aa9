"""Clients of outside programs and libraries, one module for each."""
