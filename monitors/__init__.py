"""Our monitors: one file, one check.  Loaded by path (mon/catalog), never imported by name."""
