"""Votes, weights and the floor: the pool that should be, and the changes from the pool that is.

``ballot``   one voter's opinion on one server       ``floor``    who stays in when too many are voted out
``advice``   the weights that monitors suggest, bounded and in steps
``wish``     votes to the table that should be       ``changes``  from the table that is to that table
``record``   what is saved of a pool                 ``state``    one pool: who votes on what, what is ours
``pools``    the one owner of all votes          ``quorum``   when so many are healthy, or no longer
``past``     what it went through, as saved      ``told``     what the world was told of it

All of it is pure: no clock, no socket, no kernel.  What it says is applied by ``mon.balancer``.
"""
