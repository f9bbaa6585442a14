"""The machine below the door: logs, signals, systemd, watchdog, heat, disk, files, threads, times, terminal."""
