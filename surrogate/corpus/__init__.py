"""Collections of songs as training data: listed, read by guarded workers, encoded, written as shards, read back."""
