"""The outside programs and libraries, each behind one module."""
