"""`python -m anysense` is the command `anysense`."""

from anysense.server.cli.root import main

main()
