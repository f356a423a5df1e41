"""What the operator may call: in a browser after login, and on the admin socket without one."""
