"""`python -m nytta`."""

from nytta.cli import main

main()
