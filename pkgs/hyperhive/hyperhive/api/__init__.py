"""HTTP: the agents' Unix sockets, the operator's pages and the admin socket, over one set of services."""
