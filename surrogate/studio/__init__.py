"""The studio: a local app that writes bass and drums for a melody, changes one thing at a time, and keeps the rest."""
