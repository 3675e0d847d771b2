"""Who is at the other end. Nothing here knows a web framework: a surface hands over address, headers, cookies."""
