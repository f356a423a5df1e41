# Whether an address is one of this machine, which no packet leaves for.
url: builtins.match "https?://(127\\.0\\.0\\.1|localhost|\\[::1])[:/].*" url != null
