"""Our alerts: one file, one way to tell someone.  Loaded by path (mon/catalog), never imported by name."""
