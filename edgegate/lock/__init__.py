"""The lock controller and its pins: the only code that drives one."""
