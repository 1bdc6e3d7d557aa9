"""The operating system: atomic writes, locks between processes, and programs."""
