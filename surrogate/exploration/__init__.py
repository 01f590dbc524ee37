"""The latent space as a place to move in: songs from the prior, ways between songs, directions, a map of a corpus."""
