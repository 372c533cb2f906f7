"""The destinations that the engine can run; each knows its own requests and nothing of triggers or mappings."""
