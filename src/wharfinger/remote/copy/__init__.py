"""Images from one place to another: names, what is there, what is to be moved, and the moving."""
