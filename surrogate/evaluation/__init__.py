"""How good accompaniments are beside people's and simpler ones', and how the tables of feel are fitted."""
