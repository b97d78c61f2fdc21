"""What the commands `import` and `tag` ask of a server, from what a user typed: pure."""
