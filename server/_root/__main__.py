"""`python -m anysense` is the command `anysense`."""

from anysense.server.cli import main

main()
