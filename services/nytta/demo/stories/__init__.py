"""The stories, one file each: a function of seed, weeks and scale that gives a `Part` of a world."""
