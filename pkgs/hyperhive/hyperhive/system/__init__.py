"""Effects on the machine: sockets, listeners, tasks, credentials, processes."""
