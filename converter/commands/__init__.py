"""The converter's commands, one file each: `add` declares the options, `run` carries it out and returns the status."""
