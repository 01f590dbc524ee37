"""The surrogate encoder, what it learns from, and what is drawn from it and MusicVAE: the bass and drums of windows."""
