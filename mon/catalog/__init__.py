"""Finds and loads plugins, checks their options, documents them; links a configuration.

``catalog`` where plugins are found   ``loading`` a file to a module     ``options`` words to values
``binding`` one line and its plugin   ``linking`` a Config to a Plan     ``pools``   vote lines to pools
``manual``  the page about a plugin   ``plan``    what linking gives     ``taken`` which file a name got
"""

from mon.catalog.binding import bind
from mon.catalog.catalog import Catalog
from mon.catalog.linking import link, pools_anew, relinked
from mon.catalog.manual import manual
from mon.catalog.plan import Bound, Check, Description, Form, Kind, OptionSpec, Plan, Plugin, ValueType
from mon.catalog.taken import chosen, packaged, taken

__all__ = [
    "Bound",
    "Catalog",
    "Check",
    "Description",
    "Form",
    "Kind",
    "OptionSpec",
    "Plan",
    "Plugin",
    "ValueType",
    "bind",
    "chosen",
    "link",
    "manual",
    "packaged",
    "pools_anew",
    "relinked",
    "taken",
]
