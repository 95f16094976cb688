"""End to end: the real programs, against a simulated GES, over loopback."""
