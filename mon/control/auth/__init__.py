"""Is somebody who they say they are: logins and the passwords of traps (PROTOCOL §7).

``login``      the authtypes, tried in turn        ``passwords``  does a password match a hash?
``libcrypt``   crypt(3), yescrypt included         ``apr1``       what htpasswd writes
``shadow``     the system's own users              ``pam``        whatever PAM is told to ask
"""
