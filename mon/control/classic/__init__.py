"""The client protocol of the classic mon, TCP port 2583 (PROTOCOL §1-3).

``escaping``, ``words``, ``lines``  text in and out, pure      ``access``    who may do what
``commands``, ``lists``, ``variables``, ``switches``  the commands, rows of tables
``session``  one connection                 ``server``    the port itself
``authfile``  auth.cf on disk
"""
