"""From files and tables to a checked `Dataset`."""
