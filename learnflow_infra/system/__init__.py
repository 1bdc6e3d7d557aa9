"""The operating system: files written whole, locks between processes, programs run."""
