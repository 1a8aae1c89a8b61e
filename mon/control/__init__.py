"""How operators, clients and other hosts talk to the daemon.

``operations``  what the daemon offers them     ``unix``      our own commands, on a Unix socket
``commands``    those, rows of a table          ``status``    what ``mon status`` shows
``classic``     the protocol of port 2583       ``traps``     results that others send, by UDP
``datagrams``   one of them, read and written   ``auth``      passwords of users and of traps
``connections`` a server of lines that no client can stop      ``portions``  long answers, the loop in between
``asking``      the other end of ``unix``
"""
