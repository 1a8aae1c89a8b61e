"""mon: watches servers, decides what changed, tells people, keeps a load balancer honest."""

__version__ = "2.0.0.dev0"
