"""From files to files: what a player may ask for, one song's bass and drums, many songs at once."""
