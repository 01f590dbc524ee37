"""The page that shows and plays an accompaniment in a browser."""
