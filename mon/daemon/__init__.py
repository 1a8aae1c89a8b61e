"""The running mon: wires the parts, starts, reloads and stops them.

``core``     its life                        ``parts``     what it is made of, and who knows whom
``checks``   when monitors run               ``recorder``  decided, durable, sent: in this order
``keeper``   balancers as pools want them    ``line``      the thread that talks to one balancer
``sight``    what the keeper shows of a pool
``journal``  what was done to it, as deeds   ``quorum``    its commands
``desk``     what the control channels see   ``renewal``   reload and reset
``renewed``  a configuration read beside the one in force
``telling``  what messages say of pools
``deadman``  a sign of life for somebody outside
``announce`` news of a pool as a whole       ``events``    one log line per event
``trapped``  results that are sent us        ``remote``   ``monremote``
``classicfiles`` the classic state files     ``classicwords`` errors as classic clients know them
``options``, ``places``, ``reading``, ``loading``   from the command line to a linked configuration
"""
