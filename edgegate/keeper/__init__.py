"""The lock keeper: a process that owns the door's pins and nothing else. `python -m edgegate.keeper`, `edgegate-lock`.

No network, no camera, no model: the standard library and gpiozero. The daemon asks it over a Unix socket; the exit
button, the door contact and the fire input work without the daemon, and what they did waits in a spool for it.
"""
