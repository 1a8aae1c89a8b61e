"""The words of DESIGN §2 as small frozen values: configuration, results, notices, pools.

``config``   what mon.cf says            ``result``  what a monitor said, what changed
``notice``   what an alert is given      ``pool``    virtual services, real servers, changes
``moment``   the two clocks              ``source``  file and line, and what is wrong there
"""
