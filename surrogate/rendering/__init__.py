"""From tokens to what is heard and seen: a score in the song's time with a player's accents, its picture, its sound."""
