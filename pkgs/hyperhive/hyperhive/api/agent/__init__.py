"""What an agent may call on its own Unix socket; who it is follows from the socket alone."""
