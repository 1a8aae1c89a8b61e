"""The classic mon's own files, read and written, so that a site can move here and back (PROTOCOL §5).

``disabled``  STATEDIR/disabled      ``opstatus``  STATEDIR/opstatus
``journals``  the downtime log and the alert history, which grow line by line
``states``    both state files by the words of ``savestate`` and ``-l``
"""
