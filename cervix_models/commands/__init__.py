"""The commands of `python -m cervix_models`: one module each, found by name, with `add_parser`.

A module here imports only light things at its top, so that `--help` comes at once; what is heavy
is imported by the function that does the work.
"""
