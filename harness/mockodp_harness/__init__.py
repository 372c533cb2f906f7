"""The integration's side: what Segment's destination makes of events, and the proof that it fits."""

__all__: list[str] = []
