"""The contracts put to the test: every good example broken in every way, and whether the judge names it."""
