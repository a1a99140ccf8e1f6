"""The `podrec` command: `podrec X` is defined in `cli/x.py`, e.g. `podrec catch-up` in catch_up.py.

`podrec sources` and `podrec models` are groups, each with its subcommands in its one file. Commands
parse arguments, call the packages below and print; the rest of this package:

- main.py: the command line
- command_table.py: the headings and summaries of `podrec --help`
- lazy_group.py: imports a command when it is used
- console.py: what all commands share: output, progress, errors, common options
- reference.py: writes the generated pages of docs/
"""
