"""What may stand on the wire between Segment and ODP, and how sure we are of it."""

from mockodp_contracts.evidence import Evidence

__all__ = ["Evidence"]
