"""The lesson page: a small server on this machine, and the page that draws what it sends."""
