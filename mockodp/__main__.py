"""``python -m mockodp``: the command line."""

from mockodp.cli import main

main()
