"""The daemon, the replay of a recording, and what a service needs: status, reload, retention."""
