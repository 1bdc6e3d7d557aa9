"""The command line: parse, call the engine, choose a renderer."""
